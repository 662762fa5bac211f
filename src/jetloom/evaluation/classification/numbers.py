"""All numbers of the evaluation of one model on one part of the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.evaluation.classification.binned import Performance, performance, quantile_edges
from jetloom.evaluation.classification.calibration import Calibration, calibration
from jetloom.evaluation.classification.confusion import Confusion, confusion
from jetloom.evaluation.classification.roc import Roc, roc
from jetloom.evaluation.statistics.bootstrap import Draws, bootstrap
from jetloom.statistics.classification import SMALLEST_PROBABILITY, class_scores
from jetloom.statistics.meaning import (
    KEY,
    Figure,
    WeightSums,
    doubt_of_classes,
    doubt_of_mean,
    doubt_of_present,
    finite,
)
from jetloom.statistics.ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Array = npt.NDArray[Any]
    Floats = npt.NDArray[np.float64]

WORKING_POINTS = (0.3, 0.5, 0.7, 0.9)
"""Signal efficiencies for which rejections are listed."""

METRICS = ("loss", "accuracy", "auc")
"""What is said of all classes together. The loss is the cross-entropy, whatever a model was trained by."""


@dataclass(frozen=True)
class Jets:
    """Jets and what the model says of them.

    ``labels`` of shape (n,), ``probabilities`` (n, classes), ``weights`` (n,), ``events`` (n,): keys of their events.
    """

    labels: Array
    probabilities: Array
    weights: Array
    events: Array

    @property
    def classes(self) -> int:
        """The number of classes."""
        return int(self.probabilities.shape[1])

    def take(self, chosen: Array) -> Jets:
        """Return some of the jets."""
        return Jets(self.labels[chosen], self.probabilities[chosen], self.weights[chosen], self.events[chosen])

    def weights_of(self, label: int) -> Array:
        """Return the weights of the jets of a class."""
        return self.weights[self.labels == label]

    def pairs(self) -> list[tuple[int, int]]:
        """Return all ordered pairs of different classes: (signal, background)."""
        return [(a, b) for a in range(self.classes) for b in range(self.classes) if a != b]


def overall(jets: Jets, draws: Draws) -> dict[str, Figure]:
    """Return loss, accuracy and area, and the area of each class against the rest as ``auc_<index>``.

    Returns
    -------
    dict of str to Figure
        As :mod:`jetloom.statistics.classification` defines them, with bootstrap uncertainties.
    """
    true = jets.probabilities[np.arange(len(jets.labels)), jets.labels].astype(np.float64)
    surprise = -np.log(np.clip(true, SMALLEST_PROBABILITY, 1.0))
    right = np.argmax(jets.probabilities, axis=1) == jets.labels
    # Sorted once for all replicas.
    columns = class_scores(jets.probabilities)
    ranks = [Ranking(jets.labels == index, columns[:, index]) for index in range(jets.classes)]

    def all_metrics(weights: Floats) -> Floats:
        total = weights.sum()
        areas = np.array([rank.auc(weights) for rank in ranks])
        means = np.array([(surprise * weights).sum(), (right * weights).sum()])
        means = means / total if total > 0 else np.full(2, np.nan)
        # With two classes the area is defined by the second one, as in the training's own metric.
        chosen = areas[np.isfinite(areas)] if jets.classes > 2 else areas[-1:]
        return np.array([*means, chosen.mean() if len(chosen) else np.nan, *areas])

    found = bootstrap(all_metrics, jets.weights, jets.events, draws)
    names = [*METRICS, *(f"auc_{index}" for index in range(jets.classes))]
    pairs = {name: (float(value), float(std)) for name, value, std in zip(names, found.value, found.std, strict=True)}
    few, classes = WeightSums.of(jets.weights).doubt(), doubt_of_present(jets.labels, jets.weights, jets.classes)
    wrong = few or doubt_of_mean(pairs["loss"][0], float(surprise.min()), float(surprise.max()))
    figures = {"loss": Figure.of(*pairs["loss"], wrong), "accuracy": Figure.share(*pairs["accuracy"], few)}
    figures["auc"] = Figure.share(*pairs["auc"], classes)
    for index in range(jets.classes):
        one, rest = jets.labels == index, jets.labels != index
        doubt = doubt_of_classes([jets.weights[one], jets.weights[rest]])
        figures[f"auc_{index}"] = Figure.share(*pairs[f"auc_{index}"], doubt)
    return figures


def roc_curves(jets: Jets, draws: Draws) -> list[Roc]:
    """Return the ROC curves of all pairs of classes."""
    return [roc(jets.labels, jets.probabilities, jets.weights, jets.events, pair, draws) for pair in jets.pairs()]


def binned(jets: Jets, variable: Array, draws: Draws, target: float = 0.5) -> list[Performance]:
    """Return the performance of all pairs of classes in bins of a variable of shape ``(n,)``."""
    edges = quantile_edges(variable)
    found = []
    for pair in jets.pairs():
        arguments = jets.labels, jets.probabilities, jets.weights, jets.events, pair
        found.append(meant(performance(*arguments, variable, edges, draws, target), jets, variable))
    return found


def meant(result: Performance, jets: Jets, variable: Array) -> Performance:
    """Return performance without the bins in which the weights of a class leave no meaning; NaN stands there.

    One cut serves all bins, so that nothing has one where the weights of all jets do not.
    """
    few = bool(doubt_of_classes(jets.weights_of(index) for index in (result.signal, result.background)))
    bins = len(result.edges) - 1
    place = np.searchsorted(result.edges, variable, side="right") - 1
    place[variable == result.edges[-1]] = bins - 1

    def known(label: int) -> npt.NDArray[np.bool_]:
        weights = [jets.weights[(place == index) & (jets.labels == label)] for index in range(bins)]
        return np.array([not few and not WeightSums.of(each).doubt() for each in weights])

    signal, background = known(result.signal), known(result.background)
    return replace(
        result,
        efficiency=np.where(signal, result.efficiency, np.nan),
        efficiency_std=np.where(signal, result.efficiency_std, np.nan),
        rejection=np.where(background, result.rejection, np.nan),
        low=np.where(background, result.low, np.nan),
        high=np.where(background, result.high, np.nan),
    )


def calibrations(jets: Jets) -> list[Calibration]:
    """Return the reliability curve of each class; its error means something if the class and the rest do."""
    found = []
    for index in range(jets.classes):
        one = jets.labels == index
        curve = calibration(one, jets.probabilities[:, index], jets.weights)
        doubt = doubt_of_classes([jets.weights[one], jets.weights[~one]]) or curve.doubt
        found.append(replace(curve, ece=float("nan") if doubt else curve.ece, doubt=doubt))
    return found


def matrix(jets: Jets) -> Confusion:
    """Return the confusion matrix."""
    return confusion(jets.labels, jets.probabilities, jets.weights)


def numbers(
    jets: Jets,
    names: Sequence[str],
    metrics: dict[str, Figure],
    curves: Sequence[Roc],
    reliability: Sequence[Calibration],
    shares: Confusion,
) -> dict[str, Any]:
    """Put the results into a JSON-like form, with None for what is not defined.

    Parameters
    ----------
    jets : Jets
    names : sequence of str
        Names of the classes.
    metrics, curves, reliability, shares
        What the functions of this module gave.
    """
    whole, by_class = WeightSums.of(jets.weights), [WeightSums.of(jets.weights_of(k)) for k in range(jets.classes)]
    return {
        "jets": whole.jets,
        "sum_of_weights": whole.total,
        "effective_jets": whole.effective,
        "metrics": {name: metrics[name].entry() for name in METRICS},
        "confusion": shares.sums.tolist(),
        "classes": {
            name: {
                "jets": by_class[index].jets,
                "effective_jets": by_class[index].effective,
                "auc_against_rest": metrics[f"auc_{index}"].entry(),
                "expected_calibration_error": finite(reliability[index].ece),
                "calibration": Figure.of(reliability[index].ece, np.nan, reliability[index].doubt).entry(),
                "confusion": {other: finite(shares.shares[index, place]) for place, other in enumerate(names)},
            }
            for index, name in enumerate(names)
        },
        "roc": [
            {"signal": names[curve.signal], "background": names[curve.background]}
            | {"auc": curve.auc.entry(), "rejection": _rejections(curve)}
            for curve in curves
        ],
    }


def summary(jets: Jets, metrics: dict[str, Figure]) -> dict[str, Any]:
    """Return the number of jets, the metrics and the confusion matrix (sums of weights) in a JSON-like form."""
    found = {name: metrics[name].entry() for name in METRICS}
    return {"jets": len(jets.labels), "metrics": found, "confusion": matrix(jets).sums.tolist()}


def _rejections(curve: Roc) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for target in WORKING_POINTS:
        place = int(np.argmin(np.abs(curve.efficiency - target)))
        values = {"value": curve.rejection, "low": curve.low, "high": curve.high}
        found[f"{target:g}"] = {name: finite(array[place]) for name, array in values.items()}
        if curve.doubt:
            found[f"{target:g}"][KEY] = curve.doubt
    return found
