"""How a tagger with an adversary is judged: by its classes, and by how alike data and simulation look to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from jetloom.data.streams.batch import Batch
from jetloom.models.displaced.classes import KS
from jetloom.models.objectives.classification import Classification
from jetloom.models.objectives.metric import Metric
from jetloom.models.objectives.objective import Array, Judged
from jetloom.statistics.classification import SMALLEST_PROBABILITY, binary_auc
from jetloom.statistics.meaning import doubt_of_classes
from jetloom.statistics.two_samples import kolmogorov_smirnov


class AgainstData(Classification):
    """The classes by the outputs of the tagger; the last output is what its adversary says.

    In the control region, whose classes are simulation and data: the distance of Kolmogorov and Smirnov between them in
    each output of the tagger, the sum over bins of pt (0 to their number); loss, accuracy and area of the adversary.
    """

    metrics: ClassVar[tuple[Metric, ...]] = (
        *Classification.metrics,
        *(Metric(name, f"K-S of {name.removeprefix('ks_')} output", "lower", "control") for name in KS),
        Metric("adversary_loss", "Loss of the adversary", "higher", "control"),
        Metric("adversary_accuracy", "Accuracy of the adversary", "lower", "control"),
        Metric("adversary_auc", "AUC of the adversary", "lower", "control"),
    )
    control_variables: ClassVar[tuple[str, ...]] = ("pt",)

    def row_metrics(self, batch: Batch, outputs: Any) -> Mapping[str, Any]:
        """Return whether the tagger is right."""
        return super().row_metrics(batch, outputs[:, :-1])

    def control_metrics(
        self, target: Array, outputs: Array, weights: Array, variables: Mapping[str, Array], parameters: Any
    ) -> Mapping[str, Judged]:
        """Return the distances of data and simulation, and how well the adversary tells them apart."""
        weights = weights.astype(np.float64)
        doubt = doubt_of_classes([weights[target == 0], weights[target == 1]])
        found: dict[str, Judged] = {}
        for place, name in enumerate(KS):
            value = sum(distances(target, outputs[:, place], weights, variables["pt"], parameters.ks_bins))
            found[name] = value, doubt or ("" if np.isfinite(value) else "a bin of pt without data or simulation")
        said = np.clip(outputs[:, -1].astype(np.float64), SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
        loss = -np.log(np.where(target == 1, said, 1 - said))
        total = weights.sum()
        found["adversary_loss"] = float((weights * loss).sum() / total), doubt
        found["adversary_accuracy"] = float((weights * ((said > 0.5) == (target == 1))).sum() / total), doubt
        area = binary_auc(target == 1, said, weights)
        found["adversary_auc"] = max(area, 1 - area), doubt
        return found


def distances(target: Array, score: Array, weights: Array, pt: Array, edges: list[float]) -> list[float]:
    """Return the distance of data and simulation in each bin of pt, one more than there are edges."""
    place, found = np.searchsorted(edges, pt, side="right"), []
    for which in range(len(edges) + 1):
        data, simulation = ((place == which) & (target == kind) for kind in (1, 0))
        found.append(kolmogorov_smirnov(score[data], score[simulation], weights[data], weights[simulation]).value)
    return found
