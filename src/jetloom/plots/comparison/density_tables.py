"""The numbers of pairs of densities as JSON and as tables, and in words what each comparison can and cannot show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.evaluation.density.log_p import HEADS
from jetloom.evaluation.ratio.separation import ALL
from jetloom.evaluation.statistics.meaning import Figure
from jetloom.evaluation.statistics.printed import written
from jetloom.plots.tables import paragraph, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jetloom.config.comparisons import Comparison
    from jetloom.evaluation.ratio.head_weights import Weighting
    from jetloom.evaluation.ratio.separation import Separation
    from jetloom.evaluation.statistics.bootstrap import Estimate

SEED = "seed"


def density_numbers(apart: Mapping[str, Separation], weightings: Mapping[str, Weighting]) -> dict[str, Any]:
    """Put the numbers of pairs of densities into a JSON-like form.

    Returns
    -------
    dict
        ``densities``, by pair: ``surprise``, mean -log P in nats of the ``background`` and of the ``signal`` jets
        ``under_background`` and ``under_signal``; ``heads``, by head and for all of them: ``nats_background`` and
        ``nats_signal``, ``slope``, and ``auc_without``; ``ruinous``, the heads without which the ratio would be better.
        ``head_weights``, by ratio that has some: weights by head, and the ``offset``.
    """
    return {
        "densities": {name: _pair_numbers(found) for name, found in apart.items()},
        "head_weights": {
            name: dict(zip((*HEADS, SEED), found.weights.tolist(), strict=False)) | {"offset": found.offset}
            for name, found in weightings.items()
        },
    }


def _pair_numbers(found: Separation) -> dict[str, Any]:
    sides = ("background", "signal")
    surprise = {
        jets: {
            f"under_{density}": _entry(found.surprise, (row, column), found.doubts[row])
            for column, density in enumerate(sides)
        }
        for row, jets in enumerate(sides)
    }
    heads: dict[str, Any] = {}
    for place, head in enumerate((*HEADS, ALL)):
        heads[head] = {
            f"nats_{jets}": _entry(found.apart, (place, column), found.doubts[column])
            for column, jets in enumerate(sides)
        }
        heads[head]["slope"] = Figure.of(*found.lines[place].slope, found.doubt).entry()
        if head != ALL:
            heads[head]["auc_without"] = _entry(found.without, place, found.doubt)
    return {"surprise": surprise, "heads": heads, "ruinous": found.ruinous}


def _entry(estimate: Estimate, place: Any, doubt: str) -> dict[str, Any]:
    return Figure.of(estimate.value[place], estimate.std[place], doubt).entry()


def density_tables(
    results: Mapping[str, Any], titles: Mapping[str, str], classes: tuple[str, str], settings: Comparison
) -> list[str]:
    """Return the tables of pairs of densities, and what they mean; nothing if there are no ratios."""
    if not results["densities"]:
        return []
    background, signal = classes
    surprise = []
    for name, entry in results["densities"].items():
        jets, line = entry["surprise"], results["log_odds"][name]["slope"]
        cells = [jets[one][f"under_{two}"] for one in ("background", "signal") for two in ("background", "signal")]
        surprise.append([titles[name], *map(written, cells), written(line)])
    columns = [f"{one} jets, density of {two}" for one in classes for two in classes]
    parts = [
        paragraph(_what_ratios_show(background, signal)),
        table(["Ratio", *columns, "Slope of the log ratio"], surprise, "Mean of -log P of a jet, in nats"),
    ]
    for name, entry in results["densities"].items():
        lines = [
            [head, written(one["nats_background"]), written(one["nats_signal"]), written(one["slope"]),
             _signed(one["auc_without"]) if "auc_without" in one else "–"]
            for head, one in entry["heads"].items()
        ]  # fmt: skip
        heads = ["Head", f"{background} jets [nats]", f"{signal} jets [nats]", "Slope", "AUC without, minus with all"]
        parts += [table(heads, lines, f"{titles[name]}: separation by head"), paragraph(_verdict(entry, titles[name]))]
    if results["head_weights"]:
        names = (*HEADS, SEED, "offset")
        rows = [[titles[name], *(found.get(key) for key in names)] for name, found in results["head_weights"].items()]
        parts.append(table(["Ratio", *names], rows, "Weights of the heads, fitted on the validation part"))
    if settings.holds_baselines:
        parts.append(paragraph(_what_baselines_show(background, signal)))
    return parts


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
    words = " and ".join(entry["ruinous"])
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
