"""Tables as small HTML pages that stand alone, for the report."""

from __future__ import annotations

import html
import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_STYLE = (
    "body{font:14px/1.4 sans-serif;margin:1.5em;color:#222}"
    "table{border-collapse:collapse;margin:.5em 0 1.5em}"
    "th,td{padding:.25em .8em;text-align:right;border-bottom:1px solid #ddd}"
    "th{border-bottom:2px solid #0072B2;background:#f4f7fa}"
    "th.text,td.text{text-align:left}tr:hover td{background:#fff8e6}p{max-width:60em}"
)


def page(title: str, *parts: str) -> str:
    """Return a whole HTML page of parts such as :func:`table` and :func:`paragraph` make; it loads nothing."""
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(plain(title))}</title>\n'
        f"<style>{_STYLE}</style></head>\n<body>\n<h2>{html.escape(plain(title))}</h2>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def paragraph(text: str) -> str:
    """Return a paragraph of plain text."""
    return f"<p>{html.escape(plain(text))}</p>"


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = "") -> str:
    """Return an HTML table.

    Parameters
    ----------
    columns : sequence of str
        Heads.
    rows : sequence of sequences
        Cells: text is set to the left, numbers (formatted by :func:`number`) to the right.
    caption : str
        Heading above the table.
    """
    textual = [
        any(isinstance(row[place], str) and not _numeric(row[place]) for row in rows) for place in range(len(columns))
    ]

    def line(tag: str, cells: Sequence[Any]) -> str:
        inner = "".join(
            f"<{tag}{' class=text' if text else ''}>{html.escape(plain(number(cell)))}</{tag}>"
            for cell, text in zip(cells, textual, strict=True)
        )
        return f"<tr>{inner}</tr>"

    head = f"<h3>{html.escape(plain(caption))}</h3>\n" if caption else ""
    body = "\n".join(line("td", row) for row in rows)
    return f"{head}<table>\n<thead>{line('th', columns)}</thead>\n<tbody>\n{body}\n</tbody></table>"


def number(value: Any) -> str:
    """Write a cell: integers with separators of thousands, other numbers with four digits, a dash for NaN and None."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, str | bool):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e15 and not (isinstance(value, float) and abs(value) >= 1e7):
        return f"{int(value):,}"
    return f"{value:.4g}"


def percent(part: float, whole: float) -> str:
    """Write a share in percent, a dash where the whole is zero."""
    return f"{100.0 * part / whole:.2f} %" if whole else "–"


_SYMBOLS = {
    "eta": "η",
    "phi": "φ",
    "tau": "τ",
    "alpha": "α",
    "beta": "β",
    "mu": "μ",
    "bar": "",
    "mathrm": "",
    "Delta": "Δ",
    "theta": "θ",
    "delta": "δ",
    "log": "log",
}


def plain(text: str) -> str:
    r"""Turn the LaTeX of a title into text that can be read in HTML: ``$p_{T}$`` to ``p_T``."""
    if "$" not in text:
        return text
    text = re.sub(r"\\([A-Za-z]+)\s*", lambda found: _SYMBOLS.get(found[1], found[1]), text)
    return re.sub(r"[${}\\]", "", text)


def _numeric(text: str) -> bool:
    return bool(re.match(r"^[\d.,∞–+\-]+( ± [\d.]+)?( %)?$", text))
