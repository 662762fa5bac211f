"""From awkward arrays to flat NumPy arrays with offsets, without copies where possible."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from jetloom.io.root.events import Offsets


def levels(array: Any, depth: int) -> tuple[list[Offsets], Any]:
    """Peel the lists off an array.

    Parameters
    ----------
    array : awkward array or layout
        Lists of lists of ... of values.
    depth : int
        How many levels of lists to take off.

    Returns
    -------
    list of int64 arrays
        The offsets of each level, from the outermost; each starts at 0 and ends at the size of the next one.
    layout
        What is inside.

    Raises
    ------
    ValueError
        If the lists are not that deep.
    """
    layout = _bare(ak.to_layout(array))
    result = []
    for _ in range(depth):
        if not layout.is_list or _is_text(layout):
            raise ValueError(f"{described(layout)} where a list of depth {depth} is expected")
        layout = layout.to_ListOffsetArray64(True)
        offsets = np.asarray(layout.offsets.data)
        result.append(offsets)
        layout = _bare(layout.content[: offsets[-1]])
    return result, layout


def leaf(layout: Any) -> npt.NDArray[Any] | None:
    """Return the values of a layout that has no lists, None if it has."""
    layout = _bare(layout)
    if layout.is_numpy and layout.purelist_depth == 1:
        return np.asarray(layout.data)
    return None


def member(layout: Any, name: str) -> npt.NDArray[Any]:
    """Return the values of one member of records, such as ``m_persKey`` of ElementLinks.

    Raises
    ------
    ValueError
        If these are no records with such a member.
    """
    if not layout.is_record or name not in layout.fields:
        raise ValueError(f"no member '{name}'")
    values = leaf(layout.content(name)[: layout.length])
    if values is None:
        raise ValueError(f"'{name}' is a list")
    return values


def described(layout: Any) -> str:
    """Say what a layout holds, for messages."""
    layout = _bare(layout)
    if layout.is_record:
        return f"objects with the members {', '.join(layout.fields)}"
    if _is_text(layout):
        return "text"
    return "one value" if leaf(layout) is not None else "a vector (give it an 'index' or 'reduce')"


def _is_text(layout: Any) -> bool:
    return layout.parameter("__array__") in ("string", "bytestring")


def _bare(layout: Any) -> Any:
    """Take off what adds nothing: indirections and options; entries without a number become NaN.

    Raises
    ------
    ValueError
        If entries without a value cannot become NaN.
    """
    while layout.is_indexed or layout.is_option:
        gaps = layout.is_option and bool(layout.mask_as_bool(valid_when=False).any())
        if gaps and not (layout.content.is_numpy and layout.content.dtype.kind == "f"):
            raise ValueError("entries without a value, and only numbers with a fraction can be missing")
        layout = ak.to_layout(ak.fill_none(layout, np.nan, axis=0, highlevel=False)) if gaps else layout.project()
    return layout
