"""The figure and the table of a reweighting, from the numbers that were made with its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.io.atomic import write_text
from jetloom.plots.density.tree_spectra import Line, draw_spectra
from jetloom.plots.style import class_styles
from jetloom.plots.tables import page, paragraph, percent, table
from jetloom.report.reweighting.stored import read_figures, read_numbers
from jetloom.statistics.meaning import KEY, not_meaningful

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def draw(numbers: Path, facts: Mapping[str, Any], output: Path) -> None:
    """Draw ``spectra``, and write ``reweighting.html``.

    Parameters
    ----------
    numbers : Path
        Directory that :func:`jetloom.report.reweighting.measure.reweight` wrote to.
    facts : mapping
        The dataset's description, with the titles, colours and the label of the configuration.
    output : Path
        Directory of the figure.

    Raises
    ------
    MissingFileError, CorruptFileError
        If the numbers are not there, damaged, or of another layout.
    """
    shown, results = read_figures(numbers), read_numbers(numbers)
    styles = {style.name: style for style in class_styles(facts["classes"])}
    source, aim = styles[results["source"]], styles[results["target"]]
    title = f"{source.title}, reweighted to {aim.title}"
    lines = [
        Line(source.title, source.color, "--", shown.plain, shown.before),
        Line(title, source.color, "-", shown.weighted, shown.after),
    ]
    reference = Line(aim.title, aim.color, "-", shown.target)
    draw_spectra(output / "spectra", reference, lines, f"Ratio to\n{aim.title}", facts["label"], _note(results))
    write_text(output / "reweighting.html", _page(results, source.title, aim.title))


def _note(results: Mapping[str, Any]) -> str:
    """Say beside the label what is left of the jets' statistical power."""
    before, after = (results[f"effective_jets_{side}"] for side in ("before", "after"))
    return (
        rf"test part, effective number of jets {before:,.0f} $\to$ {after:,.0f}, "
        f"{results['limited']:,} of {results['jets']:,} weights limited"
    )


def _page(results: Mapping[str, Any], source: str, target: str) -> str:
    text = (
        f"{results['jets']:,} jets of {source} in the test part, reweighted to {target}. They are worth "
        f"{results['effective_jets_before']:,.0f} jets of equal weight before and "
        f"{results['effective_jets_after']:,.0f} after, (sum of w)^2 / (sum of w^2). "
        f"The factors of {results['limited']:,} jets ({percent(results['clipped'], 1.0)} by weight) "
        f"were limited to {results['limit']:g}."
    )
    head = ["Spectrum", f"Distance of {source}", "Distance reweighted", "Closer"]
    head += [f"chi2 of {source}", "chi2 reweighted", "Degrees of freedom"]
    title = f"Distance from {target}: sum of absolute differences over the bins"
    lines = [[name, *_cells(entry)] for name, entry in results["spectra"].items()]
    return page(f"{source} reweighted to {target}", paragraph(text), table(head, lines, title))


def _cells(entry: Mapping[str, Any]) -> list[Any]:
    """Return the cells of a spectrum; what means nothing says why."""
    if doubt := entry.get(KEY):
        return [not_meaningful(doubt), "", "", "", "", ""]
    closer = "yes" if entry["closer"] else "no"
    distances = [entry["distance_before"], entry["distance_after"]]
    return [*distances, closer, entry["chi2_before"], entry["chi2_after"], entry["ndf"]]
