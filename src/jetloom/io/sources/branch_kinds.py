"""Branches of a TTree that cannot become columns, and why."""

from __future__ import annotations

from typing import Any

from uproot.interpretation.grouped import AsGrouped
from uproot.interpretation.identify import UnknownInterpretation
from uproot.interpretation.objects import AsObjects, CannotBeAwkward
from uproot.interpretation.strings import AsStrings


def why_unreadable(branch: Any) -> str:
    """Say why a branch of a TTree cannot be read as numbers, lists of numbers or records of them; empty if it can."""
    interpretation = branch.interpretation
    if isinstance(interpretation, UnknownInterpretation):
        return f"its type {branch.typename or 'is not known'} cannot be read ({interpretation.reason})"
    if isinstance(interpretation, AsGrouped):
        inner = [name.rsplit("/", 1)[-1] for name in branch.keys(recursive=False)]
        return f"it is no variable but a group of branches ({', '.join(inner[:4])}{', ...' if len(inner) > 4 else ''})"
    if isinstance(interpretation, AsStrings):
        return "it holds text"
    if isinstance(interpretation, AsObjects):
        try:
            interpretation.awkward_form(branch.file)
        except CannotBeAwkward:
            return f"it holds whole objects ({branch.typename}) that cannot become columns"
    return ""


def is_within(branch: Any, member: str) -> bool:
    """Say whether a branch holds whole objects with a member of some name, which is no branch of its own then."""
    streamer = branch.streamer
    return not branch.branches and streamer is not None and any(part.name == member for part in streamer.elements)
