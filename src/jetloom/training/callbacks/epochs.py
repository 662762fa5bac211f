"""What is left of each epoch: its network as a file, a picture for TensorBoard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jetloom.io import atomic
from jetloom.training.callbacks.callback import GO_ON, Context, Decision, Onlooker
from jetloom.training.callbacks.reporter import Reporter


class KeptEpochs(Onlooker):
    """Keeps the network of each epoch as a file.

    Parameters
    ----------
    directory : Path
        Where they go: ``epoch<number>.keras``.
    passing : bool
        Only those that no callback forbids to keep.
    """

    name = "kept_epochs"

    def __init__(self, directory: Path, passing: bool = False) -> None:
        self.directory, self.passing = directory, passing

    def after_validation(self, row: Mapping[str, float], context: Context) -> Decision:  # noqa: ARG002
        """Save the network at the end of an epoch."""
        if context.ends_epoch and not (self.passing and context.decided.forbidden):
            with atomic.publishing(self.directory / f"epoch{context.epoch:04d}.keras") as part:
                context.network.save(part)
        return GO_ON


class Picture(Onlooker):
    """Puts a picture of the network of each epoch on the board.

    Parameters
    ----------
    draw : callable
        Draws something of a network, as a PNG.
    reporter : Reporter
    """

    name = "picture"

    def __init__(self, draw: Callable[[Any], bytes], reporter: Reporter) -> None:
        self.draw, self.reporter = draw, reporter

    def after_validation(self, row: Mapping[str, float], context: Context) -> Decision:  # noqa: ARG002
        """Draw at the end of an epoch."""
        if context.ends_epoch:
            self.reporter.picture("tree", self.draw(context.network), context.epoch)
        return GO_ON
