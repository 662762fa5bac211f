"""Schedules of learning rate and batch size by phase: the published ones by name, and those of the configuration.

Sources: the JUNIPR paper (arXiv:1804.09720) and its implementation for ``paper``, the readme of binary JUNIPR
(arXiv:1906.10137) for ``binary``, and the ATLAS quark/gluon system for the others.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from jetloom.config.limits import Batch, Epochs, Rate
from jetloom.config.settings import Settings
from jetloom.errors import near_misses


class Phase(Settings):
    """A phase of a training: what holds from an epoch on."""

    epoch: Epochs = Field(description="First epoch of the phase, counted from 1.")
    learning_rate: Rate | None = Field(None, description="Learning rate; null: as before.")
    batch_size: Batch | None = Field(None, description="Jets in a batch; null: as before.")


@dataclass(frozen=True)
class Table:
    """Values by the first epoch of their phase.

    Attributes
    ----------
    learning_rates, batch_sizes : dict
        First epoch to value; empty where the schedule says nothing.
    epochs : int or None
        Where the schedule ends; None: its last phase is open.
    """

    learning_rates: dict[int, float]
    batch_sizes: dict[int, int]
    epochs: int | None = None

    def at(self, epoch: int) -> tuple[float | None, int | None]:
        """Return learning rate and batch size of an epoch, counted from 1; None where they are those of the point."""
        return _held(self.learning_rates, epoch), _held(self.batch_sizes, epoch)

    def within(self, epochs: int) -> int:
        """Return the number of epochs of a training that has so many at most."""
        return min(epochs, self.epochs or epochs)


def _held(values: dict[int, Any], epoch: int) -> Any:
    firsts = sorted(values)
    place = bisect_right(firsts, epoch)
    return values[firsts[place - 1]] if place else None


SIX_PHASES = (1e-2, 1e-3, 1e-4, 1e-3, 1e-4, 1e-5)
"""Learning rates of the paper."""

PUBLISHED = {
    "paper": Table({5 * k + 1: rate for k, rate in enumerate(SIX_PHASES)}, {1: 10, 16: 100}, 30),
    "1epochJS": Table({k + 1: rate for k, rate in enumerate(SIX_PHASES)}, {}, 6),
    "5epochsD": Table({1: 0.01, 6: 0.005, 11: 0.001, 16: 0.0005, 21: 0.0001, 26: 1e-5}, {}),
    "special_binary": Table({1: 0.001, 8: 0.005, 18: 0.01}, {}),
    "junipr_unary_LONG": Table({}, {1: 10, 26: 100}),
    "junipr_unary_SHORT": Table({}, {1: 10, 4: 100}),
    "junipr_binary_DOUBLE": Table({}, {1: 10, 3: 100, 13: 1000, 33: 2000}),
    "binary": Table({}, {1: 10, 2: 100, 7: 1000, 17: 2000}),
}
"""The published schedules. ``paper`` (also called 5epochsJ) has six phases of five epochs."""


def check(items: list[str | Phase]) -> None:
    """Refuse names that are not known, and two values for one epoch.

    Raises
    ------
    ValueError
        Naming them.
    """
    for item in items:
        if isinstance(item, str) and item not in PUBLISHED:
            raise ValueError(f"no schedule '{item}'; {near_misses(item, PUBLISHED)}")
    for group in ("learning_rates", "batch_sizes"):
        firsts = [first for item in items for first in getattr(_table(item), group)]
        for first in firsts:
            if firsts.count(first) > 1:
                raise ValueError(f"two {group.replace('_', ' ')} from epoch {first} on")


def combined(items: list[str | Phase]) -> Table:
    """Put published schedules and single phases together: rates of one, batch sizes of another."""
    tables = [_table(item) for item in items]
    ends = [table.epochs for table in tables if table.epochs is not None]
    return Table(
        {first: rate for table in tables for first, rate in table.learning_rates.items()},
        {first: size for table in tables for first, size in table.batch_sizes.items()},
        min(ends, default=None),
    )


def _table(item: str | Phase) -> Table:
    if isinstance(item, str):
        return PUBLISHED[item]
    rates = {} if item.learning_rate is None else {item.epoch: item.learning_rate}
    sizes = {} if item.batch_size is None else {item.epoch: item.batch_size}
    return Table(rates, sizes)
