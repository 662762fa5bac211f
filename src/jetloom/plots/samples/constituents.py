"""All figures of jets and of what belongs to them, before and after cuts, for the samples side by side."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from jetloom import paths
from jetloom.data.appearance import sample_titles
from jetloom.data.building.labels import UNLABELLED, assign_labels, of_other_samples
from jetloom.plots.samples.before_after import read_sample
from jetloom.plots.samples.quantities import Quantity, of_jets, of_members
from jetloom.plots.samples.side_by_side import Drawn, draw
from jetloom.plots.style import dataset_title, headline, sample_styles

if TYPE_CHECKING:
    from pathlib import Path

    from jetloom.config.analysis import Analysis
    from jetloom.config.tasks.task import Task
    from jetloom.plots.samples.before_after import Sample
    from jetloom.plots.samples.quantities import Array, Jets

logger = logging.getLogger(__name__)

LABEL = "label"


def draw_collection(analysis: Analysis, name: str, output: Path, events: int | None = None) -> list[str]:
    """Draw every quantity of the jets or of a collection, with a logarithmic copy where it is worthwhile.

    Parameters
    ----------
    analysis : Analysis
    name : str
        ``jets`` or a collection of ``conversion.slots``.
    output : Path
        Directory of the figures.
    events : int, optional
        Events a sample; as many as the configuration says if not given.

    Returns
    -------
    list of str
        Names of the figures, without suffix.

    Raises
    ------
    InputError
        If a DxAOD or an HDF5 file is not there or cannot be read.
    """
    samples = [
        read_sample(analysis, sample, None if name == paths.JETS else name, events or analysis.diagnostics)
        for sample in analysis.samples
    ]
    styles = list(sample_styles(sample_titles(analysis)).values())
    numbers = " and ".join(dict.fromkeys(f"{sample.events:,}" for sample in samples))
    head = headline(analysis.label, f"the same {numbers} events of each sample before and after cuts")
    sides = [
        [_quantities(analysis, name, sample, side) for side in (sample.before, sample.after)] for sample in samples
    ]
    drawn: list[str] = []
    for key, first in sides[0][0].items():
        pairs = [
            Drawn(*(_weighted(side[key], jets) for side, jets in zip(both, (sample.before, sample.after), strict=True)))
            for both, sample in zip(sides, samples, strict=True)
            if key in both[0] and key in both[1]
        ]
        if len(pairs) < len(samples):
            continue  # another schema has no such variable
        what = samples[0].layout.unit if first.parents is None else name
        for suffix, logarithmic in (("", False), *((("_log", True),) if first.logarithmic else ())):
            names = _class_names(_labelled(analysis)) if key == LABEL else None
            centred = first.centred and not logarithmic
            draw(output / f"{key}{suffix}", first.title, what, styles, pairs, head, logarithmic, centred, names)
            drawn.append(f"{key}{suffix}")
        logger.info("drew %s of %s", key, name)
    return drawn


def _quantities(analysis: Analysis, name: str, sample: Sample, jets: Jets) -> dict[str, Quantity]:
    if name != paths.JETS:
        return of_members(jets, sample.layout, name, closure=name == analysis.trees.collection)
    found = of_jets(jets, sample.layout)
    if task := _labelled(analysis):
        labels = assign_labels(task.labels, jets.columns, len(jets.weights), of_other_samples(task.labels, sample.name))
        title = dataset_title(analysis.dataset_of(next(iter(analysis.tasks))))
        found[LABEL] = Quantity(f"Class in {title}", labels)
    return found


def _weighted(quantity: Quantity, jets: Jets) -> tuple[Array, Array]:
    weights = jets.weights if quantity.parents is None else jets.weights[quantity.parents]
    return np.asarray(quantity.values), weights


def _labelled(analysis: Analysis) -> Task | None:
    """Return the first task: its classes are drawn."""
    return next(iter(analysis.tasks.values()), None)


def _class_names(task: Task | None) -> dict[float, str]:
    labels = {} if task is None else task.labels
    names = {float(place): label.title or key for place, (key, label) in enumerate(labels.items())}
    return {float(UNLABELLED): "none", **names}
