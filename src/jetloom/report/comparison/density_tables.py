"""The numbers of pairs of densities as tables, and in words what each comparison can and cannot show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.config.comparisons import BASELINES
from jetloom.evaluation.density.log_p import HEAD_TITLES, HEADS
from jetloom.evaluation.ratio.separation import ALL
from jetloom.evaluation.statistics.printed import written
from jetloom.plots.tables import paragraph, table
from jetloom.report.comparison.numbers import SEED

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = HEAD_TITLES | {ALL: "All heads", SEED: "Energy and mass", "offset": "Offset"}
"""How the terms of a ratio are called."""


def density_tables(results: Mapping[str, Any], titles: Mapping[str, str], classes: tuple[str, str]) -> list[str]:
    """Return the tables of pairs of densities, and what they mean; nothing if there are no ratios.

    Parameters
    ----------
    results : mapping
        What ``comparison.json`` holds.
    titles : mapping of str to str
        Of the models, in their order.
    classes : (str, str)
        Titles of background and signal.
    """
    pairs = {name: results["densities"][name] for name in titles if name in results["densities"]}
    if not pairs:
        return []
    parts = [paragraph(_what_ratios_show(*classes)), _surprises(results, pairs, titles, classes)]
    for name, entry in pairs.items():
        parts += [_by_head(entry, titles[name], classes), paragraph(_verdict(entry, titles[name]))]
    if weights := results["head_weights"]:
        terms = (*HEADS, SEED, "offset")
        rows = [[titles[name], *(weights[name].get(key) for key in terms)] for name in titles if name in weights]
        heads = ["Ratio", *(NAMES[key] for key in terms)]
        parts.append(table(heads, rows, "Weights of the heads, fitted on the validation part"))
    if set(BASELINES) & set(titles):
        parts.append(paragraph(_what_baselines_show(*classes)))
    return parts


def _surprises(
    results: Mapping[str, Any], pairs: Mapping[str, Any], titles: Mapping[str, str], classes: tuple[str, str]
) -> str:
    """Return the table of mean -log P of the jets of both classes under both densities."""
    sides, rows = ("background", "signal"), []
    for name, entry in pairs.items():
        cells = [entry["surprise"][jets][f"under_{density}"] for jets in sides for density in sides]
        rows.append([titles[name], *map(written, cells), written(results["log_odds"][name]["slope"])])
    columns = [f"{jets} jets, density of {density}" for jets in classes for density in classes]
    return table(["Ratio", *columns, "Slope of the log ratio"], rows, "Mean of -log P of a jet, in nats")


def _by_head(entry: Mapping[str, Any], title: str, classes: tuple[str, str]) -> str:
    """Return the table of what each head tells the classes apart by."""
    rows = []
    for head in (*HEADS, ALL):
        one = entry["heads"][head]
        cells = [written(one[name]) for name in ("nats_background", "nats_signal", "slope")]
        rows.append([NAMES[head], *cells, _signed(one["auc_without"]) if "auc_without" in one else "–"])
    columns = ["Head", *(f"{jets} jets [nats]" for jets in classes), "Slope", "AUC without, minus with all"]
    return table(columns, rows, f"{title}: separation by head")


def _what_ratios_show(background: str, signal: str) -> str:
    return (
        "A density is good where -log P of the jets of its own class is small. The area under the ROC curve of the "
        "ratio of two densities measures neither of them: errors that are alike drop out of it, and one that grows "
        f"with the number of branchings, which differs between {background} and {signal} jets, looks like knowledge. "
        "So look first at -log P, then at the slope of the log ratio (1 is calibrated; far below 1, most of what the "
        "ratio says is error), then at the heads: the mean log ratio is what a head claims to tell the classes apart "
        "by, its slope how much of the claim is true, and the last column what the ratio gains without it."
    )


def _what_baselines_show(background: str, signal: str) -> str:
    return (
        "The densities take energy and mass of a jet as given. A ratio as it is can know only how trees of equal "
        f"energy and mass differ between {background} and {signal} jets: hold it against the number of constituents "
        "for given energy and mass. A ratio with energy and mass added, and every classifier, is to be held against "
        "energy, mass and number of constituents together. What is no better than its baseline has learnt nothing of "
        "the trees beyond their size. That a ratio as it is lies below a classifier that sees the mass shows nothing: "
        "the two were not asked the same. The baselines are boosted trees on two or three variables of the training "
        "jets."
    )


def _verdict(entry: Mapping[str, Any], title: str) -> str:
    if not entry["ruinous"]:
        return f"{title}: no head makes the ratio worse by more than two standard deviations."
    words = " and ".join(NAMES[head] for head in entry["ruinous"])
    text = f"{title}: the ratio would be better without {words}."
    if "theta" in entry["ruinous"]:
        text += (
            " theta follows from mass, energy and z, to m / (E sqrt(z (1 - z))) for light daughters: it tells next to "
            "nothing of the class, while a density has to learn a narrow ridge that moves with three variables. What "
            "two densities miss of it differently is as large as what the classes differ by."
        )
    return text


def _signed(entry: Mapping[str, Any]) -> str:
    value, std = entry["value"], entry["std"]
    return written(entry) if value is None or std is None else f"{value:+.4f} ± {std:.4f}"
