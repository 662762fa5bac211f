"""A comparison of models from their predictions to its figures, tables and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.classification.comparison import Jets, areas, contest, edges_of, rank_correlations
from jetloom.evaluation.classification.confusion import Confusion, confusion
from jetloom.evaluation.classification.log_odds import log_odds
from jetloom.evaluation.density.files import read_steps
from jetloom.evaluation.ratio.separation import LogP, Separation, separation
from jetloom.inference.chosen import draw_lots, read_rows
from jetloom.io.atomic import make_directory, write_json, write_text
from jetloom.plots.classifier.confusion import LABELS, draw_confusion, matrices
from jetloom.plots.comparison import curves as figures
from jetloom.plots.comparison import scores
from jetloom.plots.comparison.density_tables import density_numbers
from jetloom.plots.comparison.log_odds import draw_log_odds
from jetloom.plots.comparison.separation import draw_separation
from jetloom.plots.comparison.tables import numbers, summary
from jetloom.plots.density.jet_trees import draw_jets
from jetloom.plots.density.trees import log_ratio
from jetloom.plots.style import ClassStyle, class_styles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from jetloom.config.comparisons import Comparison
    from jetloom.data.dataset import Dataset
    from jetloom.evaluation.classification.aligned import Compared
    from jetloom.evaluation.ratio.head_weights import Weighting


@dataclass(frozen=True)
class Appearance:
    """Titles: of the models by name, of the classes as in ``dataset.json``, of the variable; and the label."""

    models: Mapping[str, str]
    classes: Sequence[Mapping[str, Any]]
    variable: str
    label: str


def compare(
    compared: Compared,
    settings: Comparison,
    look: Appearance,
    output: Path,
    weightings: Mapping[str, Weighting] | None = None,
) -> dict[str, Any]:
    """Compare models, and write everything about it.

    Parameters
    ----------
    compared : Compared
        The models' predictions.
    settings : Comparison
    look : Appearance
    output : Path
        Directory of the results.
    weightings : mapping of str to Weighting, optional
        By ratio whose heads are weighed.

    Returns
    -------
    dict
        What ``comparison.json`` holds.
    """
    models = class_styles([{"name": name, "title": look.models[name]} for name in compared.log_ratios])
    classes = class_styles(look.classes)[:2]
    titles = (classes[0].title, classes[1].title)
    jets = {labels: jets_of(compared, labels) for labels in LABELS}
    found = {labels: contest(mine, compared.draws) for labels, mine in jets.items()}
    used = jets["label"]
    variable = compared.rows[settings.variable][compared.chosen("label")]
    edges = edges_of(variable, settings.edges, settings.bins)
    binned = areas(used, variable, edges, compared.draws)
    odds = {
        model.name: log_odds(used.signal, used.log_ratios[place], used.weights) for place, model in enumerate(models)
    }
    figures.draw_roc(output / "roc", models, titles, found["label"], look.label)
    figures.draw_areas(output / "auc_in_bins", models, titles, binned, look.variable, look.label)
    draw_log_odds(output / "log_odds", models, odds, titles, look.label)
    correlations = {
        title: rank_correlations(used.log_ratios[:, used.signal == bool(place)]) for place, title in enumerate(titles)
    }
    figures.draw_correlations(output / "correlations", models, correlations, look.label)
    _draw_scores(output / "scores", models, classes, used, (look.variable, variable), edges, look.label)
    _draw_log_p(output / "log_p", compared, settings.pairs, classes, look.label)
    apart = _draw_separations(output / "separation", compared, settings, classes, look)
    confusions = _draw_confusions(output / "confusion", models, classes, jets, look.label)
    results = numbers(models, compared.classes, found, binned, odds, confusions)
    results["correlations"] = {
        name: matrix.round(4).tolist() if np.isfinite(matrix).all() else None
        for name, matrix in zip(compared.classes, correlations.values(), strict=True)
    }
    results |= density_numbers(apart, weightings or {})
    write_text(output / "summary.html", summary(results, models, titles, look.variable, settings))
    write_json(output / "comparison.json", results)
    return results


def draw_trees(
    compared: Compared,
    number: int,
    ratios: Mapping[str, tuple[Path, Path]],
    look: Appearance,
    dataset: Dataset,
    output: Path,
    seed: int,
) -> None:
    """Draw trees of jets with the log ratio of each pair of density models at each branching.

    Parameters
    ----------
    compared : Compared
    number : int
        Jets to draw, the same for all pairs.
    ratios : mapping of str to (Path, Path)
        Predictions of the models of signal and background, by the name of the pair.
    look : Appearance
    dataset : Dataset
        That the models share.
    output : Path
        Directory of the figures, one a pair inside.
    seed : int
        Decides which jets are drawn.
    """
    make_directory(output)
    if not (number and ratios):
        return
    candidates = np.flatnonzero(compared.chosen("label"))
    rows = draw_lots(candidates, number, np.random.default_rng(seed))
    background, signal = class_styles(look.classes)[:2]
    titles, view = (signal.title, background.title), dataset.view(compared.fold)
    jets = read_rows(view, "test", rows)
    for name, predictions in ratios.items():
        both = [read_steps(path, rows.tolist()) for path in predictions]
        values = [log_ratio(both[0].of(place), both[1].of(place)) for place in range(len(rows))]
        note = f"test part, {look.models[name]}"
        draw_jets(make_directory(output / name), jets, values, rows, dataset.description, note, titles)


def jets_of(compared: Compared, labels: str) -> Jets:
    """Return the jets of both classes by a column of labels."""
    chosen = compared.chosen(labels)
    rows = compared.rows[chosen]
    ratios = np.stack([values[chosen] for values in compared.log_ratios.values()])
    return Jets(rows[labels] == 1, ratios, rows["weight"].astype(np.float64), compared.events[chosen])


def _draw_scores(
    output: Path,
    models: Sequence[ClassStyle],
    classes: Sequence[ClassStyle],
    jets: Jets,
    variable: tuple[str, Any],
    edges: Any,
    label: str,
) -> None:
    make_directory(output)
    for place, model in enumerate(models):
        mine = jets.signal, jets.log_ratios[place], jets.weights
        scores.draw_score_bins(output / model.name, classes, mine, variable, edges, model.title, label)


def _draw_log_p(
    output: Path, compared: Compared, pairs: Iterable[str], classes: Sequence[ClassStyle], label: str
) -> None:
    make_directory(output)
    chosen = compared.chosen("label")
    rows = compared.rows[chosen]
    for name in pairs:
        of_signal, of_background = compared.log_p[name]
        log_p = of_signal[chosen], of_background[chosen]
        scores.draw_log_p(output / name, classes, rows["label"] == 1, rows["weight"], log_p, label)


def _draw_separations(
    output: Path,
    compared: Compared,
    settings: Comparison,
    classes: Sequence[ClassStyle],
    look: Appearance,
) -> dict[str, Separation]:
    """Measure and draw each pair of densities, by the name of the plainest ratio of it."""
    make_directory(output)
    chosen, found = compared.chosen("label"), {}
    rows = compared.rows[chosen]
    weights, events = rows["weight"].astype(np.float64), compared.events[chosen]
    for name in settings.pairs:
        of_signal, of_background = compared.heads[name]
        log_p = LogP(rows["label"] == 1, of_signal[chosen], of_background[chosen], weights, events)
        found[name] = separation(log_p, compared.draws)
        draw_separation(output / name, classes, found[name], look.models[name], look.label)
    return found


def _draw_confusions(
    output: Path, models: Sequence[ClassStyle], classes: Sequence[ClassStyle], jets: Mapping[str, Jets], label: str
) -> dict[str, dict[str, Confusion]]:
    make_directory(output)
    used, true = LABELS
    alike = np.array_equal(jets[used].signal, jets[true].signal)
    found = {}
    for place, model in enumerate(models):
        found[model.name] = {labels: _confusion(mine, place) for labels, mine in jets.items()}
        both = matrices(found[model.name][used], found[model.name][true], alike)
        draw_confusion(output / model.name, classes, both, model.title, label)
    return found


def _confusion(jets: Jets, model: int) -> Confusion:
    ratio = jets.log_ratios[model]
    return confusion(jets.signal.astype(np.int64), np.stack([-ratio, ratio], axis=1), jets.weights)
