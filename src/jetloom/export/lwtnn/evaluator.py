"""Evaluating lwtnn's JSON with NumPy, row by row the numbers of the C++ library, for many rows at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.errors import BadValueError, MissingObjectError, near_misses
from jetloom.export.lwtnn.document import Document, InputNode, order, read_document
from jetloom.export.lwtnn.layers import Layer, build_layer

Array = npt.NDArray[Any]
Values = Mapping[str, Mapping[str, Any]]


class Evaluator:
    """A network of lwtnn.

    Parameters
    ----------
    document : Document
        The network. All its weights are counted and put in place here, so a file that does not fit fails at once.
    dtype : data type
        It computes in this. The default is that of lwtnn, double precision.

    Raises
    ------
    CorruptFileError
        If a layer is unknown, or a number of weights does not fit.
    """

    def __init__(self, document: Document, dtype: Any = np.float64) -> None:
        self.document, self._dtype = document, np.dtype(dtype)
        self._order = order(document)
        self._layers: dict[int, Layer] = {}
        self._sizes: dict[int, int] = {}
        self._is_sequence: dict[int, bool] = {}
        for place in self._order:
            try:
                self._sizes[place] = self._prepare(place)
            except (ValueError, KeyError, TypeError) as error:
                cause = f"has no {error}" if isinstance(error, KeyError) else str(error)
                document.refuse(cause, self._where(place))
        for name, output in document.outputs.items():
            if len(output.labels) != self._sizes[output.node]:
                document.refuse(f"{len(output.labels)} labels for {self._sizes[output.node]} values", f"outputs.{name}")

    @classmethod
    def open(cls, path: Path, dtype: Any = np.float64) -> Evaluator:
        """Read a file of either dialect; see :func:`jetloom.export.lwtnn.document.read_document`."""
        return cls(read_document(path), dtype)

    def size(self, place: int) -> int:
        """Return how many values a node gives."""
        return self._sizes[place]

    def _where(self, place: int) -> str:
        node = self.document.nodes[place]
        return f"nodes[{place}]" if node.index is None else f"nodes[{place}], layers[{node.index}]"

    def _prepare(self, place: int) -> int:
        """Build the function of a node; return how many values it gives."""
        found, node = self.document, self.document.nodes[place]
        scans = node.type in ("sequence", "time_distributed", "input_sequence")
        self._is_sequence[place] = scans
        if node.type in ("input", "input_sequence"):
            given = found.inputs if node.type == "input" else found.sequences
            size = len(given[node.sources[0]].variables)
            if size != node.index:
                raise ValueError(f"an input of {size} variables has the size {node.index}")
            return size
        sizes = [self._sizes[source] for source in node.sources]
        if (scans or node.type == "sum") and not self._is_sequence[node.sources[0]]:
            raise ValueError(f"a node of type {node.type} needs a sequence, and its source is none")
        for source in [] if scans or node.type == "sum" else node.sources:
            if self._is_sequence[source] and found.nodes[source].type != "sequence":
                raise ValueError(f"a node of type {node.type} needs vectors, and node {source} gives a sequence")
        if node.type == "add" and len(set(sizes)) != 1:
            raise ValueError(f"vectors of {sizes} values cannot be added")
        if node.index is None:
            return sum(sizes) if node.type == "concatenate" else sizes[0]
        entry = found.layers[node.index]
        self._layers[place], size = build_layer(entry, sizes[0], node.type == "sequence", self._dtype)
        return size

    def __call__(
        self, inputs: Values, sequences: Values | None = None, replace_nan: bool = False
    ) -> dict[str, dict[str, Array]]:
        """Evaluate rows.

        Parameters
        ----------
        inputs : mapping of str to mapping
            Values by input node and variable: numbers, or arrays of shape (rows,).
        sequences : mapping, optional
            The same of sequences: arrays of shape (steps,), (rows, steps), or a list of arrays, one a row, each of its
            own length.
        replace_nan : bool
            Put the defaults of the file in the place of NaN, inf and -inf. lwtnn does so only for who asks for it.

        Returns
        -------
        dict of str to dict of str to array
            By output and label, shape (rows,); of numbers, and of sequences of shape (steps,), one row. Of an output
            that is a sequence, the last step; zeros where a sequence has no step.

        Raises
        ------
        MissingObjectError
            If a variable is not given. Those that the network has no use for are passed over.
        BadValueError
            If the numbers of rows or steps differ, or a value cannot be embedded.
        """
        vectors = [self._vector(node, inputs, replace_nan) for node in self.document.inputs]
        runs = [self._sequence(node, sequences or {}, replace_nan) for node in self.document.sequences]
        counts = {len(one) for one in (*vectors, *(lengths for _, lengths in runs))} - {1}
        if len(counts) > 1:
            raise BadValueError(f"inputs of {sorted(counts)} rows do not stand beside each other")
        rows = max(counts, default=1)
        found = self.arrays(
            [np.broadcast_to(one, (rows, one.shape[1])) for one in vectors],
            [(np.broadcast_to(x, (rows, *x.shape[1:])), np.broadcast_to(count, rows)) for x, count in runs],
        )
        return {
            name: {label: found[name][:, place] for place, label in enumerate(output.labels)}
            for name, output in self.document.outputs.items()
        }

    def _vector(self, node: InputNode, inputs: Values, replace_nan: bool) -> Array:
        """Return the values of an input node as it is given them, shape (rows, variables)."""
        given = self._given(node, inputs)
        columns = [np.atleast_1d(np.asarray(given[name], self._dtype)) for name in node.names]
        try:
            values = np.stack(np.broadcast_arrays(*columns), axis=-1)
        except ValueError:
            raise BadValueError("has variables of several numbers of rows", where=node.name) from None
        return preprocessed(values, node, replace_nan)

    def _sequence(self, node: InputNode, sequences: Values, replace_nan: bool) -> tuple[Array, Array]:
        """Return a padded sequence, shape (rows, steps, variables), and the number of steps of each row."""
        given = self._given(node, sequences)
        columns = [_rows_of(given[name], self._dtype) for name in node.names]
        counts = [[len(row) for row in column] for column in columns]
        if any(one != counts[0] for one in counts):
            raise BadValueError("has variables of several numbers of steps", where=node.name)
        lengths = np.array(counts[0], int)
        values = np.zeros((len(lengths), lengths.max(initial=0), len(columns)), self._dtype)
        for place, column in enumerate(columns):
            for row, one in enumerate(column):
                values[row, : len(one), place] = one
        return preprocessed(values, node, replace_nan), lengths

    def _given(self, node: InputNode, values: Values) -> Mapping[str, Any]:
        """Return the variables of a node; a name that lacks is an error."""
        if node.name not in values:
            raise MissingObjectError(
                f"the input '{node.name}' is not given", path=self.document.path, advice=near_misses(node.name, values)
            )
        given = values[node.name]
        for name in node.names:
            if name not in given:
                raise MissingObjectError(
                    f"the variable '{name}' is not given",
                    path=self.document.path,
                    where=node.name,
                    advice=near_misses(name, given),
                )
        return given

    def arrays(self, vectors: list[Array], sequences: list[tuple[Array, Array]]) -> dict[str, Array]:
        """Evaluate what is preprocessed already.

        Parameters
        ----------
        vectors : list of array
            One an input, shape (rows, variables).
        sequences : list of (array, array)
            One an input sequence: values of shape (rows, steps, variables), and how many steps of each row count.

        Returns
        -------
        dict of str to array
            By output, shape (rows, labels).
        """
        rows = len(vectors[0]) if vectors else len(sequences[0][1])
        if not sequences:
            return self._compute(vectors, [])
        # Rows of equal lengths go together, so that no step is ever computed that is not there.
        lengths = np.stack([count for _, count in sequences], axis=1)
        kinds, members = np.unique(lengths, axis=0, return_inverse=True)
        found = {
            name: np.zeros((rows, self._sizes[output.node]), self._dtype)
            for name, output in self.document.outputs.items()
        }
        for kind, steps in enumerate(kinds):
            own = members.ravel() == kind
            parts = [x[own, :count] for (x, _), count in zip(sequences, steps, strict=True)]
            for name, values in self._compute([x[own] for x in vectors], parts).items():
                found[name][own] = values
        return found

    def _compute(self, vectors: list[Array], sequences: list[Array]) -> dict[str, Array]:
        """Compute all nodes for rows of equal lengths; of an output the last step."""
        values: dict[int, Array] = {}
        for place in self._order:
            node = self.document.nodes[place]
            if node.type == "input":
                values[place] = vectors[node.sources[0]].astype(self._dtype, copy=False)
            elif node.type == "input_sequence":
                values[place] = sequences[node.sources[0]].astype(self._dtype, copy=False)
            elif node.type in ("sequence", "time_distributed"):
                values[place] = self._scanned(place, values[node.sources[0]])
            elif node.type == "sum":
                values[place] = values[node.sources[0]].sum(axis=1)
            else:
                parts = [last_step(values[source]) for source in node.sources]
                values[place] = self._merged(place, parts)
        return {name: last_step(values[output.node]) for name, output in self.document.outputs.items()}

    def _scanned(self, place: int, x: Array) -> Array:
        try:
            return self._layers[place](x)
        except ValueError as error:
            raise BadValueError(str(error), path=self.document.path, where=self._where(place)) from None

    def _merged(self, place: int, parts: list[Array]) -> Array:
        kind = self.document.nodes[place].type
        if kind == "concatenate":
            return np.concatenate(parts, axis=-1)
        if kind == "add":
            return np.sum(parts, axis=0, dtype=self._dtype)
        return self._layers[place](parts[0])


def last_step(values: Array) -> Array:
    """Return vectors as they are, and of sequences the last step, or zeros where there is none."""
    if values.ndim == 2:
        return values
    return values[:, -1] if values.shape[1] else np.zeros((values.shape[0], values.shape[2]), values.dtype)


def preprocessed(values: Array, node: InputNode, replace_nan: bool) -> Array:
    """Return ``(value + offset) * scale`` of the variables on the last axis.

    With ``replace_nan``, values that are not finite become the defaults first, where a variable has one.
    """
    variables = node.variables
    if replace_nan:
        defaults = [np.nan if one.default is None else one.default for one in variables]
        has_one = ~np.isnan(defaults)
        values = np.where(~np.isfinite(values) & has_one, np.asarray(defaults, values.dtype), values)
    offset, scale = (np.array([getattr(one, key) for one in variables], values.dtype) for key in ("offset", "scale"))
    found: Array = (values + offset) * scale
    return found


def _rows_of(given: Any, dtype: Any) -> list[Array]:
    """Return the steps of each row."""
    if isinstance(given, np.ndarray) and given.ndim == 2:
        return list(given.astype(dtype))
    if isinstance(given, list | tuple) and any(np.ndim(one) == 1 for one in given):
        return [np.asarray(one, dtype) for one in given]
    return [np.asarray(given, dtype)]
