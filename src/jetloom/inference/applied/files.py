"""The files that an application writes: one an input, a sample or a class, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jetloom.errors import ConfigurationError
from jetloom.inference.applied.outputs import ENDINGS, Chunk, Format, Sink, check_applied, make_sink
from jetloom.inference.applied.pieces import Pieces
from jetloom.io.atomic import publishing

Part = Literal["unseen", "test", "train", "all"]
By = Literal["input", "class", "sample"]
UNLABELLED = "unlabelled"
"""What the file of rows of no class is called."""


@dataclass(frozen=True)
class Given:
    """A file to apply a model to.

    Attributes
    ----------
    sample, name : str
        Names of its sample and of itself, for outputs.
    open : callable
        Opens it: a context in which its trees are given, one after the other.
    """

    sample: str
    name: str
    open: Callable[[], AbstractContextManager[Iterator[Pieces]]]


@dataclass(frozen=True)
class Wanted:
    """What is to become of it.

    Attributes
    ----------
    part : str
        ``unseen``: refuse files with events that trained. ``test``: only events of the test part. ``train``: only
        those that trained. ``all``: everything, marked by the column ``output_part``.
    by : str
        One file an input, a class or a sample.
    format : str
        ``root``, ``rntuple`` or ``hdf5``.
    friend : bool
        Only the new columns, for each entry of the trees that were read.
    conditions : mapping of str to float
        Values of the inputs that parametrise, for samples that have none of their own.
    """

    part: Part = "unseen"
    by: By = "input"
    format: Format = "root"
    friend: bool = False
    conditions: Mapping[str, float] = field(default_factory=dict)

    def file(self, key: str) -> str:
        """Return the name of a file."""
        return f"{key}{'_friend' if self.friend else ''}{ENDINGS[self.format]}"


class Outputs:
    """The files that are written.

    Parameters
    ----------
    stack : ExitStack
        They are published, or thrown away, when it is left.
    classes : sequence of str
        Names of the classes, in their order.
    wanted : Wanted
    directory : Path
        Where they go.
    given : sequence of Given
        All inputs.

    Raises
    ------
    ConfigurationError
        If two inputs would have one output.
    """

    def __init__(
        self, stack: ExitStack, classes: Sequence[str], wanted: Wanted, directory: Path, given: Sequence[Given]
    ) -> None:
        self._wanted, self._classes = wanted, list(classes)
        keys = {
            "input": [_input_key(one, given) for one in given],
            "sample": [one.sample for one in given],
            "class": [*self._classes, UNLABELLED],
        }[wanted.by]
        if wanted.by == "input" and (twice := {key for key in keys if keys.count(key) > 1}):
            raise ConfigurationError(
                f"two inputs are called '{min(twice)}'", advice="give them samples: SAMPLE=FILE, or two directories"
            )
        self._keys = dict(zip(map(id, given), keys, strict=False))
        self._by_sample = wanted.by == "sample"
        self.sinks: dict[str, Sink] = {}
        self._names: dict[str, str] = {}
        for key in dict.fromkeys(keys):
            name = wanted.file(key)
            part = stack.enter_context(publishing(directory / name, self._check(key)))
            sink = make_sink(part, wanted.format, wanted.friend)
            stack.push(_abandoning(sink))
            self.sinks[key], self._names[key] = sink, name

    def _check(self, key: str) -> Callable[[Path], None]:
        return lambda path: check_applied(path, self.sinks[key].entries)

    def of(self, given: Given, pieces: Pieces, outputs: list[str]) -> Callable[[Chunk, npt.NDArray[np.int32]], None]:
        """Return a function that writes chunks of a tree of an input, with the class of each row."""
        by_class = self._wanted.by == "class"
        keys = list(self.sinks) if by_class else [given.sample if self._by_sample else self._keys[id(given)]]
        for key in keys:
            if self._wanted.by == "input" or pieces.name not in self.sinks[key].entries:
                self.sinks[key].tree(pieces.name, pieces.event_types, pieces.row_types, outputs)

        def write(chunk: Chunk, labels: npt.NDArray[np.int32]) -> None:
            if not by_class:
                self.sinks[keys[0]].append(pieces.name, chunk)
                return
            for place, key in enumerate(keys):
                mask = labels == (place if place < len(self._classes) else -1)
                if mask.any():
                    self.sinks[key].append(pieces.name, chunk.only(mask))

        return write

    def finish(self, record: Mapping[str, Any]) -> None:
        """Write what is known of the whole into each file, and close them."""
        for sink in self.sinks.values():
            sink.finish(record)

    def entries(self) -> dict[str, dict[str, int]]:
        """Return the entries of each tree of each file."""
        return {self._names[key]: sink.entries for key, sink in self.sinks.items()}


def _input_key(one: Given, given: Sequence[Given]) -> str:
    """Return what the output of an input is called: by its file, and its sample too where that tells it apart."""
    same = [other for other in given if other.name == one.name]
    return one.name if len(same) == 1 or not one.sample else f"{one.sample}.{one.name}"


def _abandoning(sink: Sink) -> Callable[..., None]:
    """Return what closes a sink if an error ends the work."""

    def leave(kind: type[BaseException] | None, _error: object, _trace: object) -> None:
        if kind is not None:
            sink.abandon()

    return leave
