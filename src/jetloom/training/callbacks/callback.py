"""What a callback is: it looks at a training after each validation and decides; its state is part of the checkpoint."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

from jetloom.training.callbacks.context import Context
from jetloom.training.callbacks.decision import GO_ON, Decision

__all__ = ["GO_ON", "Callback", "Context", "Decision", "Onlooker", "Step"]


class Step(NamedTuple):
    """A step that was made."""

    epoch: int
    """The epoch under way, counted from 1."""
    number: int
    """Steps that are complete in it."""
    of: int
    """Steps that it has."""
    rows: int
    reach: float
    """Seconds until its batch was there."""
    seconds: float
    """Seconds that it took."""


class Callback(ABC):
    """Looks at a training.

    What an object of it remembers has to be numbers, texts, lists and mappings by text: it lies in the checkpoint as
    JSON, and after each validation a callback goes on from what would be there, so that a training that is interrupted
    cannot end otherwise than one that is not.
    """

    name: str = ""
    """By which the checkpoint knows it; "": that of its class."""
    monitor: str | None = None
    """The metric by which it decides, if it is one; a warning says where it means nothing."""

    @abstractmethod
    def after_validation(self, row: Mapping[str, float], context: Context) -> Decision:
        """Decide what follows from a validation.

        Parameters
        ----------
        row : mapping of str to float
            The row of the history: ``epoch``, ``loss``, ``val_loss`` and so on; NaN where a metric means nothing.
        context : Context
            The network, its predictions, the learning rate.
        """

    def after_step(self, step: Step) -> None:  # noqa: B027 - most look at no step
        """Take note of a step. The device may still be at work on it."""

    def state(self) -> dict[str, Any]:
        """Return all that it remembers: its attributes, unless a class knows better."""
        return dict(vars(self))

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state` gave."""
        vars(self).update(state)


class Onlooker(Callback):
    """Decides nothing, and remembers nothing that matters: bars, lines, files beside the training."""

    def after_validation(self, row: Mapping[str, float], context: Context) -> Decision:  # noqa: ARG002
        """Let it go on."""
        return GO_ON

    def state(self) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take nothing."""
