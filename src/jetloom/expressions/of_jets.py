"""What expressions over events may say of their jets: ``jets[0].pt``, ``len(jets)``, and sums and extremes of all."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

_PATTERN = re.compile(
    r"\bjets\[(?P<index>\d+)\]\.(?P<item>[A-Za-z_]\w*)|\b(?P<len>len)\(\s*jets\s*\)"
    r"|\b(?P<kind>sum|max|min)\(\s*jets\.(?P<all>[A-Za-z_]\w*)\s*\)"
)


class Wanted(NamedTuple):
    """A number that follows from the jets of an event."""

    kind: Literal["item", "len", "sum", "max", "min"]
    variable: str = ""
    place: int = 0


def parted(text: str) -> tuple[str, dict[str, Wanted]]:
    """Return an expression with a plain name for each number of the jets, and what these are by name.

    >>> parted("jets[1].pt / met")[0]
    'of_jets_1_pt / met'
    """
    wanted: dict[str, Wanted] = {}

    def named(found: re.Match[str]) -> str:
        if found["len"]:
            name, one = "of_jets_number", Wanted("len")
        elif found["item"]:
            name = f"of_jets_{int(found['index'])}_{found['item']}"
            one = Wanted("item", found["item"], int(found["index"]))
        else:
            name, one = f"of_jets_{found['kind']}_{found['all']}", Wanted(found["kind"], found["all"])  # type: ignore[arg-type]
        wanted[name] = one
        return name

    return _PATTERN.sub(named, text), wanted
