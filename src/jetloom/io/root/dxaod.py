"""Reading DxAODs (and any ROOT tree that a schema describes) as a stream of event blocks of bounded memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import awkward as ak
import numpy as np
import numpy.typing as npt

from jetloom.config.schema import EVENT_KEYS
from jetloom.errors import BadValueError, CorruptFileError
from jetloom.expressions import evaluate
from jetloom.io.root import links
from jetloom.io.root.branches import Group, Plan, make_plan
from jetloom.io.root.events import Collection, EventBlock, Offsets
from jetloom.io.root.jagged import described, leaf, levels
from jetloom.io.root.matching import add_matched
from jetloom.io.root.values import Values, picked, reduced, rounded, stored, without_declared

if TYPE_CHECKING:
    from jetloom.config.conversion import Conversion
    from jetloom.config.inputs.columns import Column
    from jetloom.config.schema import Schema
    from jetloom.io.root.files import Source

LOG = logging.getLogger(__name__)

BLOCK_BYTES = 8 << 20
"""Uncompressed size of the branches of one block. Larger ones are slower: they leave the processor's cache."""


class DxaodReader:
    """Reads the branches that a conversion needs, and no others.

    Parameters
    ----------
    source : Source
        The open tree.
    schema : Schema
        What its branches mean.
    conversion : Conversion
        Says which variables are kept and cut on.
    tolerant : bool
        Read what there is, also if needed variables are missing or cannot be read.

    Raises
    ------
    MissingObjectError, ConfigurationError
        See :func:`jetloom.io.root.branches.make_plan`.
    """

    def __init__(self, source: Source, schema: Schema, conversion: Conversion, tolerant: bool = False) -> None:
        self._source, self._tolerant, self._matches = source, tolerant, schema.matches
        self.unfit: dict[str, str] = {}
        self.rounded: set[str] = set()
        # A tree without entries may well have no branches (a job that selected nothing): it is read as nothing.
        self.plan = make_plan(source, schema, conversion, tolerant) if source.entries else Plan({}, {})

    @property
    def entries(self) -> int:
        """Number of events in the file."""
        return self._source.entries

    @property
    def step(self) -> int:
        """Number of events of a block."""
        per_entry = self._source.bytes_per_entry(self.plan.branches())
        return int(min(max(BLOCK_BYTES / max(per_entry, 1.0), 100), 100_000))

    def blocks(self, most: int | None = None) -> Iterator[EventBlock]:
        """Read from start to end, or the first ``most`` events: what lies behind them is neither read nor counted.

        Yields
        ------
        EventBlock
            With the needed columns, in jetloom's units and types.

        Raises
        ------
        CorruptFileError
            If something cannot be read back, or branches of one collection disagree about how many there are.
        """
        branches = self.plan.branches()
        if not branches:
            return
        for arrays in self._source.blocks(branches, self.step, most):
            yield self._block(arrays)

    def _block(self, arrays: dict[str, Any]) -> EventBlock:
        groups = self.plan.groups
        size = len(next(iter(arrays.values())))
        events = self._columns("events", groups["events"], arrays, None)[1]
        for key, kind in EVENT_KEYS.items():
            events.setdefault(key, np.ones(size, kind))
        offsets, columns = self._columns("jets", groups["jets"], arrays, None)
        if not groups["jets"].fields:  # a row is an event: each has one, without columns of its own
            offsets = np.arange(size + 1, dtype=np.int64)
        jets = Collection(offsets, columns)
        block = EventBlock(events, jets, {})
        for name, group in self.plan.matches.items():
            add_matched(block, name, self._matches[name], Collection(*self._columns(name, group, arrays, None)))
        for name, group in groups.items():
            if name not in ("events", "jets"):
                block.others[name] = self._collection(name, group, arrays, block)
        return block

    def _collection(self, name: str, group: Group, arrays: dict[str, Any], block: EventBlock) -> Collection:
        if group.kind is None:
            empty = {key: np.zeros(0, kind) for key, kind in group.types.items()}
            return Collection(np.zeros(len(block.jets) + 1, np.int64), empty)
        if group.kind == "nested":
            offsets, columns = self._columns(name, group, arrays, block.jets.offsets)
            return Collection(offsets, columns)
        offsets, columns = self._columns(name, group, arrays, None)
        try:
            found = links.resolve(name, group, arrays, offsets, block.jets.offsets)
        except ValueError as error:
            self._refuse(group.link["branch"], f"is not shaped as the schema says ({error})")
        block.losses += found.losses
        if found.rows is not None:
            columns = {key: column[found.rows] for key, column in columns.items()}
        return Collection(found.offsets, columns)

    def _columns(
        self, name: str, group: Group, arrays: dict[str, Any], within: Offsets | None
    ) -> tuple[Offsets, dict[str, npt.NDArray[Any]]]:
        """Return the offsets and columns of a group; ``within`` are the offsets of the jets for nested branches."""
        depth = 0 if name == "events" else 1 if within is None else 2
        offsets: Offsets | None = None
        columns: dict[str, npt.NDArray[Any]] = {}
        for key, branch in group.branches.items():
            steps, values = self._values(branch, arrays[branch], depth, group.fields[key], group.types[key])
            if offsets is None:
                offsets = steps[-1] if steps else np.zeros(1, np.int64)
            elif steps and not np.array_equal(offsets, steps[-1]):
                self._refuse(branch, f"has other numbers of {name} than the first variable")
            if within is not None and not np.array_equal(steps[0], within):
                self._refuse(branch, "has other numbers of jets than the jets")
            columns[key] = values
        rows = len(next(iter(columns.values()))) if columns else 0
        for key, spec in group.fields.items():
            if f"{name}.{key}" in self.plan.absent:
                kind = group.types[key]
                columns[key] = np.full(rows, np.nan, kind if kind.startswith("float") else "float64")
            elif spec.expression:
                computed = np.broadcast_to(np.asarray(evaluate(spec.expression, columns)), (rows,))
                columns[key] = self._stored(f"{name}.{key}", Values(computed), spec, group.types[key])
        return offsets if offsets is not None else np.zeros(1, np.int64), columns

    def _values(
        self, branch: str, array: ak.Array, depth: int, spec: Column, kind: str
    ) -> tuple[list[Offsets], npt.NDArray[Any]]:
        """Return the offsets above the wanted depth and the values in jetloom's unit and type."""
        try:
            steps, content = levels(array, depth)
            values = leaf(content)
            inner: Offsets | None = None
            if spec.reduce is not None or (spec.index is not None and values is None):
                (inner,), content = levels(content, 1)
                values = leaf(content)
        except ValueError as error:
            self._refuse(branch, f"is not shaped as the schema says ({error})")
        if values is None:
            self._refuse(branch, f"holds {described(content)} where the schema has one value")
        found = without_declared(values, spec.missing)
        if inner is not None:
            found = reduced(inner, found, spec.reduce) if spec.reduce else picked(inner, found, spec.index or 0)
        return steps, self._stored(branch, _in_units(found, spec.factor), spec, kind)

    def _stored(self, where: str, found: Values, spec: Column, kind: str) -> npt.NDArray[Any]:
        try:
            result = stored(found, spec.type, kind)
        except ValueError as error:
            if self._tolerant:
                self.unfit[where] = str(error)
                return found.as_floats()
            raise BadValueError(
                str(error),
                path=self._source.path,
                where=where,
                advice="give it another 'type' in the schema, or say there when it is missing: 'optional: true' if it "
                "may have no value, 'missing: [...]' for values that mean so",
            ) from None
        self._tell_rounded(where, rounded(found, result), spec.type)
        return result

    def _tell_rounded(self, where: str, example: int | None, kind: str) -> None:
        """Tell once of integers whose last digits a column of floats loses: bits and remainders of them are wrong."""
        if example is None or where in self.rounded:
            return
        self.rounded.add(where)
        if not self._tolerant:
            LOG.warning(
                "%s: %s: holds integers such as %d, whose last digits %s loses; give it 'type: int64' in the schema",
                self._source.path, where.rsplit("/", 1)[-1], example, kind,
            )  # fmt: skip

    def _refuse(self, branch: str, cause: str) -> NoReturn:
        raise CorruptFileError(cause, path=self._source.path, where=branch.rsplit("/", 1)[-1])


def _in_units(found: Values, factor: float) -> Values:
    """Multiply with a factor, without changing the type of floats."""
    if factor == 1.0:
        return found
    values = found.values
    scaled = values * values.dtype.type(factor) if values.dtype.kind == "f" else values * factor
    return Values(scaled, found.unknown)
