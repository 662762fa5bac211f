"""What a training reads: the batches of its epochs, and the blocks of its validation and its test."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from jetloom.config.tasks.task import Task
from jetloom.data.block import BRANCHINGS, Block
from jetloom.data.classes import Classes
from jetloom.data.collections import Rows
from jetloom.data.dataset import Dataset
from jetloom.data.fitting.repetition import repeated
from jetloom.data.streams.batch import Batch
from jetloom.data.streams.batches import BUFFER_ROWS, BatchStream
from jetloom.data.streams.buckets import BucketStream, by_length, length_batches
from jetloom.data.streams.side_by_side import SideBySide, Stream
from jetloom.data.view import View
from jetloom.errors import ConfigurationError, near_misses
from jetloom.models.base import Model
from jetloom.models.objectives.objective import Objective
from jetloom.models.updates import CONTROL, MAIN
from jetloom.training.callbacks.context import Validation
from jetloom.training.request import Control

PREDICT_ROWS = 1 << 13
TREE_BLOCK_ROWS = 1 << 14
BUFFER_BYTES, LEAST_BUFFER_ROWS = 1 << 26, 1 << 12
"""Rows with collections are shuffled together in buffers of so many bytes; of so many rows at least."""
TREE_PREDICT_ROWS = 256
"""Trees are evaluated in batches of this size: a fixed one, because each shape has to be compiled."""


class Feed:
    """The jets of a task's classes, as a model takes them.

    Parameters
    ----------
    task : Task
        Its ``classes`` take part, and as many threads as a training has make batches of trees.
    model : Model
        What it reads decides how batches are formed.
    dataset : Dataset
    fold : int or None
    control : Control, optional
        The control region, whose jets come beside them. A network takes them by what was fitted of its own dataset.
    """

    def __init__(
        self, task: Task, model: Model, dataset: Dataset, fold: int | None, control: Control | None = None
    ) -> None:
        self.model, self.view, self.threads = model, dataset.view(fold), task.training.threads
        self.facts, self.classes = self.view.facts, Classes(dataset, task.classes)
        self.reads = model.reads_of(self.facts.collections)
        for name in sorted(self.reads - {BRANCHINGS} - self.facts.collections.keys()):
            raise ConfigurationError(
                f"the model '{task.model}' reads '{name}', and the dataset has no such collection",
                path=dataset.directory,
                advice=near_misses(name, self.facts.collections),
            )
        self.objective, self.loss_weight = model.objective, task.training.loss_weight
        self.control: Feed | None = None
        if control is not None:
            folds = control.task.split.folds
            self.control = Feed(control.task, model, control.dataset, fold if folds else None)
            self.control.facts, self.control.threads, self.control.reads = self.facts, self.threads, self.reads
            self.control.loss_weight = "final"
            self.control.objective = Objective()  # of a control region the class is learnt, whatever is of the jets

    def jets(self, role: str) -> int:
        """Return how many jets of a role take part."""
        return self.classes.count(self.view, role)

    def stream(self, batch_size: int, seed: int) -> SideBySide:
        """Return the batches of the steps of an epoch."""
        streams: dict[str, Stream] = {MAIN: self.training(batch_size, seed)}
        if self.control is not None:
            streams[CONTROL] = self.control.training(batch_size, seed + 1)
        return SideBySide(streams)

    def training(self, batch_size: int, seed: int) -> BatchStream | BucketStream:
        """Return the batches of the training part."""
        files, jets, classes = self.view.files["train"], self.jets("train"), self.classes
        if BRANCHINGS in self.reads:
            return BucketStream(files, batch_size, seed, self.batch, classes.choose, jets, self.threads)
        if self.view.limit is not None:
            jets += sum(self.view.extra[name] for name in classes.names)
        chosen = partial(_chosen, classes, self.view)
        return BatchStream(files, batch_size, seed, self.batch, self._buffer_rows(), chosen, jets, self.reads)

    def _buffer_rows(self) -> int:
        """Return how many rows are shuffled together: fewer, where what belongs to them would fill the memory."""
        collections = [self.facts.collections[name] for name in self.reads]
        width = sum((one.slots or 1) * (4 * len(one.names) + 1) for one in collections)
        return min(BUFFER_ROWS, max(LEAST_BUFFER_ROWS, BUFFER_BYTES // max(1, width)))

    def blocks(self, role: str) -> Iterator[Batch]:
        """Return all jets of a role."""
        if BRANCHINGS in self.reads:
            blocks = (self.classes.of(block) for block in self.view.blocks(role, TREE_BLOCK_ROWS, self.reads))
            return length_batches(blocks, TREE_PREDICT_ROWS, self.batch, self.threads)
        return self._slices(role)

    def rows(self, role: str) -> Iterator[Rows]:
        """Return the rows of all jets of a role, in the order of :meth:`blocks`."""
        trees = BRANCHINGS in self.reads
        for block in self.view.blocks(role, TREE_BLOCK_ROWS if trees else None, {BRANCHINGS} if trees else frozenset()):
            jets = self.classes.of(block)
            yield jets.rows[by_length(jets.lengths, np.arange(len(jets)))] if trees else jets.rows

    def part(self, role: str = "validation") -> Validation:
        """Return the validation part, or that of another role, with that of the control region."""
        control = None if self.control is None else self.control.part(role)
        return Validation(lambda: self.blocks(role), lambda: self.rows(role), control)

    def _slices(self, role: str) -> Iterator[Batch]:
        for block in self.view.blocks(role, reads=self.reads):
            jets = self.classes.of(block)
            for start in range(0, len(jets), PREDICT_ROWS):
                yield self.batch(jets.take(slice(start, start + PREDICT_ROWS)))

    def batch(self, jets: Block) -> Batch:
        """Return a batch of some jets."""
        features = self.model.features(jets, self.facts)
        target = self.objective.target(jets, features, self.facts)
        column = {"final": self.view.weight, "event": "event_weight"}.get(self.loss_weight)
        weights = np.ones(len(jets), np.float32) if column is None else np.ascontiguousarray(jets[column])
        return Batch.of(features, target, weights.astype(np.float32, copy=False))


def _chosen(classes: Classes, view: View, jets: Block) -> Block:
    """Return the jets that train, those of high weight several times if they are to."""
    chosen = classes.of(jets)
    return chosen if view.limit is None else repeated(chosen, view.weight, view.limit)
