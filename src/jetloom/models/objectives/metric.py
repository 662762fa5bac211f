"""Metrics by name: which there are, what figures call them, and in which direction each is better."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from jetloom.errors import ConfigurationError, near_misses

Direction = Literal["higher", "lower"]

PREFIXES = {"": "training", "val_": "validation", "eval_": "test"}
"""Parts of the data that a metric can be computed on, by the prefix of its name."""


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes
    ----------
    name : str
        An identifier; with a prefix of :data:`PREFIXES` it is a column of the history and of the table of a scan.
    title : str
        Its name in plots.
    direction : {"higher", "lower"}
        Which values are better.
    of : {"rows", "part", "control"}
        ``rows``: the weighted mean of what each row says, known of the training part, too. ``part``: of a whole part at
        once, known of the validation and the test part. ``control``: the same of the control region.
    """

    name: str
    title: str
    direction: Direction
    of: Literal["rows", "part", "control"] = "rows"


LOSS = Metric("loss", "Loss", "lower")
"""The metric that every objective has: the mean of the model's own loss."""


class Metrics:
    """Some metrics by name, with or without a prefix of :data:`PREFIXES`; the loss is always among them.

    Parameters
    ----------
    metrics : iterable of Metric
        The others.
    """

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.known = {metric.name: metric for metric in (LOSS, *metrics)}

    @property
    def names(self) -> list[str]:
        """All names with all prefixes, e.g. ``val_auc``."""
        return [prefix + name for prefix in PREFIXES for name in self.known]

    def find(self, name: str) -> Metric:
        """Return the metric behind a name.

        Raises
        ------
        ConfigurationError
            If there is no such metric; the near misses are named.
        """
        for prefix in PREFIXES:
            if name.startswith(prefix) and name.removeprefix(prefix) in self.known:
                return self.known[name.removeprefix(prefix)]
        raise ConfigurationError(f"no metric '{name}'", advice=near_misses(name, self.names))

    def direction(self, name: str) -> Direction:
        """Say whether a higher or a lower value is better, e.g. ``"higher"`` for ``val_auc``."""
        return self.find(name).direction

    def title(self, name: str) -> str:
        """Return the name for an axis, e.g. ``"AUC (validation)"`` for ``val_auc``."""
        bare = self.find(name)
        return f"{bare.title} ({PREFIXES[name.removesuffix(bare.name)]})"
