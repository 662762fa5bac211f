"""The look of all figures, and their publishing as PNG and PDF with the same bytes every time."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jetloom.io.atomic import publishing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
"""The colour-blind-safe colours of M. Okabe and K. Ito (2008), those that print well first."""

LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
GREY = "#666666"
DPI = 150
PLAIN = 100.0
"""Up to this ratio of its ends a logarithmic axis may hold a single power of ten, and has its numbers written out."""

# Smaller letters than mplhep's, because panels stand side by side, and fonts that need no LaTeX.
_CHANGES: dict[str, Any] = {
    "font.size": 12,
    "axes.titlesize": "medium",
    "axes.labelsize": "large",
    "axes.labelpad": 5,
    "axes.autolimit_mode": "data",
    "axes.unicode_minus": True,
    "axes.formatter.limits": (-4, 5),
    "xtick.labelsize": "medium",
    "ytick.labelsize": "medium",
    "xtick.major.size": 6,
    "xtick.minor.size": 3,
    "ytick.major.size": 6,
    "ytick.minor.size": 3,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "legend.fontsize": "medium",
    "legend.borderpad": 0.4,
    "mathtext.bfit": "TeX Gyre Heros:italic:bold",
    "pdf.fonttype": 42,
    "text.usetex": False,
}


@dataclass(frozen=True)
class ClassStyle:
    """How a class of jets is drawn: name in files, name in legends, colour, line and marker."""

    name: str
    title: str
    color: str
    line: Any
    marker: str


def class_styles(classes: Sequence[Mapping[str, Any]]) -> list[ClassStyle]:
    """Return each class its title and colour, from the cycle where the configuration names none.

    Parameters
    ----------
    classes : sequence of mappings
        ``{"name", "title", "color"}`` as in ``dataset.json``; title and colour may be empty.
    """
    taken = {(entry.get("color") or "").upper() for entry in classes}
    free = [color for color in COLORS if color.upper() not in taken] or list(COLORS)
    styles, used = [], 0
    for place, entry in enumerate(classes):
        color = entry.get("color")
        if not color:
            color, used = free[used % len(free)], used + 1
        line, marker = LINES[place % len(LINES)], MARKERS[place % len(MARKERS)]
        styles.append(ClassStyle(entry["name"], entry.get("title") or entry["name"], color, line, marker))
    return styles


def sample_styles(titles: Iterable[tuple[str, str]]) -> dict[str, ClassStyle]:
    """Return each sample of an analysis its look: by its place in the configuration, so that it is the same everywhere.

    Parameters
    ----------
    titles : iterable of (name, title)
        All samples of the analysis, those too that a figure does not show; as
        :func:`jetloom.data.appearance.sample_titles` gives them.
    """
    return {style.name: style for style in class_styles([{"name": name, "title": title} for name, title in titles])}


def dataset_title(name: str) -> str:
    """Return the title of a dataset: several tasks may share it, so it has its own name and not the title of a task."""
    return f"dataset {name}"


def headline(label: str, *notes: str) -> str:
    r"""Return the line above a figure: the experiment's label, its first word in bold italics, and notes.

    >>> headline("ATLAS Simulation", "test part")
    '$\\mathbfit{ATLAS}$ Simulation, test part'
    """
    first, _, rest = label.strip().partition(" ")
    # Mathtext would read other characters as commands.
    name = rf"$\mathbfit{{{first}}}$" if re.fullmatch(r"[A-Za-z0-9]+", first) else first
    return ", ".join(part for part in (f"{name} {rest}".strip(), *notes) if part)


def unit(title: str) -> str:
    """Return the unit that stands in brackets at the end of a title, ``"GeV"`` for ``"Jet $p_T$ [GeV]"``, or ``""``."""
    found = re.search(r"\[([^\]]+)\]\s*$", title)
    return found.group(1) if found else ""


@contextmanager
def canvas(
    path: str | Path, size: tuple[float, float], rows: int = 1, columns: int = 1, head: str = "", **options: Any
) -> Iterator[tuple[Any, npt.NDArray[np.object_]]]:
    """Draw a figure and publish it as ``<path>.png`` and ``<path>.pdf``.

    Parameters
    ----------
    path : path-like
        Name without suffix.
    size : (width, height)
        In inches.
    rows, columns : int
        Panels.
    head : str
        Line above the figure, see :func:`headline`.
    **options
        Handed to ``Figure.subplots``.

    Yields
    ------
    figure, axes
        The axes always as an array of shape ``(rows, columns)``.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    import mplhep
    from matplotlib.figure import Figure

    # A Figure of its own, not pyplot's: nothing stays behind, and other figures are not touched.
    look: Any = {**mplhep.style.ATLAS, **_CHANGES}
    with mpl.rc_context(look):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False, **options)
        if head:
            figure.suptitle(head, x=0.01, ha="left", fontsize="large")
        yield figure, axes
        _save(figure, Path(path))
        figure.clear()


@contextmanager
def stacked(
    path: str | Path, size: tuple[float, float], head: str = "", lower: float = 1.0
) -> Iterator[tuple[Any, Any, Any]]:
    """Draw a figure of a panel and a lower one beneath it with the same horizontal axis, as :func:`canvas` does.

    Parameters
    ----------
    path, size, head
        As for :func:`canvas`.
    lower : float
        Height of the lower panel; that of the upper one is 3.

    Yields
    ------
    figure, upper, lower
    """
    heights = {"height_ratios": [3, lower]}
    with canvas(path, size, 2, 1, head, sharex=True, gridspec_kw=heights) as (figure, axes):
        yield figure, axes[0, 0], axes[1, 0]


@contextmanager
def panels(
    path: str | Path, count: int, size: tuple[float, float], head: str = "", most: int = 3, **options: Any
) -> Iterator[tuple[Any, list[Any], npt.NDArray[np.object_]]]:
    """Draw a figure of equal panels, row by row, as :func:`canvas` does; places that are left over stay empty.

    Parameters
    ----------
    path, head
        As for :func:`canvas`.
    count : int
        Panels, one at least.
    size : (width, height)
        Of a panel in inches.
    most : int
        Panels side by side at most.
    **options
        Handed to ``Figure.subplots``.

    Yields
    ------
    figure, panels, axes
        The panels as a list, and all places as an array of shape ``(rows, columns)``.
    """
    columns = min(most, count)
    rows = -(-count // columns)
    whole = (size[0] * columns + 0.4, size[1] * rows + 0.7)
    with canvas(path, whole, rows, columns, head, **options) as (figure, axes):
        for spare in axes.flat[count:]:
            spare.set_axis_off()
        yield figure, list(axes.flat[:count]), axes


def _save(figure: Any, path: Path) -> None:
    # Without dates, so that equal content gives equal bytes.
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": "jetloom"},
        "pdf": {"CreationDate": None, "Producer": "jetloom", "Creator": None},
    }
    for kind, facts in metadata.items():
        with publishing(path.with_name(f"{path.name}.{kind}")) as part:
            figure.savefig(part, format=kind, dpi=DPI, metadata=facts)
        # Laying out takes as long as drawing, and the first layout is as good for the second file.
        figure.set_layout_engine("none")


def steps(axes: Any, edges: Any, values: Any, errors: Any, **options: Any) -> None:
    """Draw a histogram as steps with a band of one standard deviation."""
    axes.stairs(values, edges, **options)
    axes.stairs(
        values + errors, edges, baseline=values - errors, fill=True, alpha=0.25, color=options.get("color"), linewidth=0
    )


def shared_legend(figure: Any, axes: Any, columns: int = 4, **options: Any) -> None:
    """Put the legend of one panel below all panels, where it covers nothing."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=min(columns, len(handles)), **options)


def plain_logarithms(axis: Any) -> None:
    """Mark 1, 2, 5, 10, ... on a logarithmic axis, written out: it often spans no more than a decade or two."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def readable_logarithms(axis: Any, ends: npt.NDArray[np.float64]) -> None:
    """Write the numbers of a logarithmic axis out if it runs over so little that there are too few powers of ten."""
    if ends[0] > 0 and ends[-1] / ends[0] <= PLAIN:
        plain_logarithms(axis)


def say_beside(axes: Any, texts: Sequence[str]) -> None:
    """Write lines into the upper left corner of a panel with a drawing: what it does not show, and why."""
    if texts:
        look = {"fontsize": "x-small", "color": "#444444", "transform": axes.transAxes}
        axes.text(0.03, 0.96, "\n".join(texts), ha="left", va="top", **look)


def say(axes: Any, text: str) -> None:
    """Write in an empty panel why it is empty."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color=GREY)
