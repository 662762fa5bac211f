"""What the network said in each epoch, as a small file of histograms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from jetloom.evaluation.displaced.outputs import of_classes, of_region
from jetloom.io import sealed
from jetloom.training.callbacks.callback import GO_ON, Context, Decision, Onlooker


class EpochOutputs(Onlooker):
    """Writes the histograms of the outputs for the validation part and for that of the control region.

    Parameters
    ----------
    directory : Path
        Where they go: ``outputs<number>.json``.
    classes : list of str
        Names of the classes, in the order of the outputs.
    """

    name = "epoch_outputs"

    def __init__(self, directory: Path, classes: list[str]) -> None:
        self.directory, self.classes = directory, classes

    def after_validation(self, row: Mapping[str, float], context: Context) -> Decision:  # noqa: ARG002
        """Write them at the end of an epoch."""
        main, control = context.arrays.get("main"), context.arrays.get("control")
        if not context.ends_epoch or main is None or control is None:
            return GO_ON
        outputs = len(self.classes)
        found = of_classes(main["target"], main["predicted"], main["weights"], outputs)
        region = of_region(
            control["target"],
            control["outputs"][:, :outputs],
            control["weights"],
            control.get("pt", np.zeros(len(control["target"]))),
            list(context.parameters.ks_bins),
        )
        path = self.directory / f"outputs{context.epoch:04d}.json"
        sealed.write_json(path, {"epoch": context.epoch, "classes": self.classes, "main": found, "control": region})
        return GO_ON
