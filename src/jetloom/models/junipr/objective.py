"""What JUNIPR learns: the density of a jet, the sum of six parts of -log P along its tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jetloom.data.streams.batch import Batch
from jetloom.models.objectives.density import Density
from jetloom.models.objectives.metric import Metric


class TreeDensity(Density):
    """The density of jets with trees."""

    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("end", r"$-\log P$, end", "lower"),
        Metric("mother", r"$-\log P$, mother", "lower"),
        Metric("z", r"$-\log P$, $z$", "lower"),
        Metric("theta", r"$-\log P$, $\theta$", "lower"),
        Metric("delta", r"$-\log P$, $\delta$", "lower"),
        Metric("phi", r"$-\log P$, $\phi$", "lower"),
    )

    def row_metrics(self, batch: Batch, outputs: Any) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the sum of -log P over the steps by head; together they are the loss."""
        from keras import ops

        sums = -ops.sum(outputs, axis=1)
        return {name: sums[:, index] for index, name in enumerate(self.terms)}
