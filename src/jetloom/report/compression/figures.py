"""The figures and the tables of a compression, from the numbers that its comparison left."""

from __future__ import annotations

from pathlib import Path

from jetloom.io.atomic import make_directory, write_text
from jetloom.plots.compression.corner import draw_corner, draw_correlation
from jetloom.plots.compression.costs import draw_curves, draw_methods, draw_response
from jetloom.plots.compression.variables import draw_variable
from jetloom.report.compression.stored import read_figures, read_numbers
from jetloom.report.compression.tables import compression_page
from jetloom.report.compression.titles import Titles


def draw(numbers: Path, titles: Titles, label: str, output: Path) -> None:
    """Draw all figures, and write the page of tables.

    Parameters
    ----------
    numbers : Path
        Directory that :func:`jetloom.report.compression.measure.compare` wrote to.
    titles : Titles
    label : str
        Experiment's label.
    output : Path
        Directory of the figures.

    Raises
    ------
    MissingFileError, CorruptFileError
        If the numbers are not there, damaged, or of another layout.
    """
    shown, results = read_figures(numbers), read_numbers(numbers)
    write_text(output / "compression.html", compression_page(results))
    draw_methods(output / "methods", results["methods"], label)
    draw_curves(output / "curves", shown.curves, label)
    draw_response(output / "response", shown.responses, titles, label)
    draw_correlation(output / "correlation", shown.names, shown.correlation, label)
    make_directory(output / "corners")  # a result even if no group has two variables that move
    for one in shown.variables:
        draw_variable(output / "variables" / _file(one.name), one, titles(one.name), label)
    for group in shown.corners:
        draw_corner(output / "corners" / _file(group.name), group, label)


def _file(name: str) -> str:
    return name.replace("/", "_").replace(":", "_").replace(" ", "_")
