"""One column of a block in few bytes, and back: no value outside its bound.

The encoder decodes what it has made and compares: what is not within the bound (a value beyond the grid, a rounding of
the type) is kept bit for bit beside the codes. So the bound holds by construction, for whatever grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.compression import grids
from jetloom.compression.bounds import EXACT, Bound
from jetloom.compression.streams import DamageError, pack_array, pack_integers, unpack_array, unpack_integers
from jetloom.errors import InputError

Values = npt.NDArray[Any]
Codes = npt.NDArray[np.int64]


LITTLE = 0.5
"""A grid that needs less than this part of the values' own bytes is not held against keeping all of their bits."""


@dataclass(frozen=True)
class Encoded:
    """A column of a block.

    Attributes
    ----------
    facts : dict
        What stands in the head of the block: the number of values, the bound that the codes are made with, how many
        are kept exactly, the sizes of the streams.
    data : bytes
        The streams, one after the other.
    decoded : array
        What a decoder gives.
    """

    facts: dict[str, Any]
    data: bytes
    decoded: Values


def is_compressible(kind: np.dtype[Any]) -> bool:
    """Say whether values of a type have codes: bools, integers, single and double precision."""
    return kind.kind in "biu" or kind in (np.float32, np.float64)


def encode_column(values: Values, bound: Bound, predicted: Values | None = None) -> Encoded:
    """Return a column in the fewest bytes of what keeps its bound.

    Parameters
    ----------
    values : array of a bool, integer or float type of 1 to 8 bytes
    bound : Bound
        A bound of a column of integers or bools is that of their rounded values.
    predicted : array, optional
        What a decoder expects, of the same type: codes are differences from its codes.

    Raises
    ------
    InputError
        If the type has no codes.
    """
    if not is_compressible(values.dtype):
        raise InputError(f"values of the type {values.dtype} cannot be compressed", advice="leave the variable out")
    native = np.ascontiguousarray(values, values.dtype.newbyteorder("="))
    lossy = _encode(native, bound, predicted)
    if bound.kind == "exact" or len(lossy.data) < LITTLE * native.nbytes:
        return lossy
    # A bound below the last bit of the type: its bits themselves may need fewer bytes.
    return min(lossy, _encode(native, EXACT, predicted), key=lambda one: len(one.data))


def _encode(values: Values, bound: Bound, predicted: Values | None) -> Encoded:
    coded = grids.encode(values, bound)
    decoded = grids.decode(coded, bound, values.dtype)
    wrong = np.flatnonzero(~grids.within(values, decoded, bound))
    codes, trailing = coded.codes, 0
    if len(wrong):
        codes[wrong] = codes[0] if wrong[0] != 0 else 0
        if coded.negative is not None:
            coded.negative[wrong] = False
        decoded[wrong] = values[wrong]
    if bound.kind == "exact" and len(codes):
        trailing = _trailing_zeros(codes)
    if predicted is not None:
        codes = codes - grids.encode(predicted, bound).codes  # wraps round, as the sum does
        trailing = 0
    streams = [
        pack_integers(codes >> trailing),
        b"" if coded.negative is None else pack_integers(coded.negative.astype(np.int64)),
        pack_integers(np.diff(wrong, prepend=0)),
        pack_array(values[wrong]) if len(wrong) else b"",
    ]
    facts = {
        "values": len(values),
        "bound": [bound.kind, bound.size],
        "trailing": trailing,
        "exactly": len(wrong),
        "streams": [len(stream) for stream in streams],
    }
    return Encoded(facts, b"".join(streams), decoded)


def decode_column(facts: dict[str, Any], data: bytes, kind: np.dtype[Any], predicted: Values | None = None) -> Values:
    """Return the values of a column.

    Raises
    ------
    DamageError
        If the bytes are not those of such a column.
    """
    codes_size, signs_size, places_size, values_size = facts["streams"]
    if codes_size + signs_size + places_size + values_size != len(data):
        raise DamageError("its streams end too early or too late")
    ends = np.cumsum([codes_size, signs_size, places_size, values_size]).tolist()
    count, bound = facts["values"], Bound(*facts["bound"])
    codes = unpack_integers(data[: ends[0]], count) << facts["trailing"]
    if predicted is not None:
        codes += grids.encode(predicted, bound).codes
    negative = unpack_integers(data[ends[0] : ends[1]], count) != 0 if signs_size else None
    decoded = grids.decode(grids.Coded(codes, negative), bound, kind)
    if facts["exactly"]:
        wrong = np.cumsum(unpack_integers(data[ends[1] : ends[2]], facts["exactly"]))
        if wrong[-1] >= count or wrong.min() < 0:
            raise DamageError("keeps values of places that it has not")
        decoded[wrong] = unpack_array(data[ends[2] :], kind, len(wrong))
    return decoded


def _trailing_zeros(codes: Codes) -> int:
    """Return how many of the lowest bits are 0 of all codes: those of truncated numbers."""
    together = int(np.bitwise_or.reduce(codes.view(np.uint64)))
    return (together & -together).bit_length() - 1 if together else 0
