"""Titles and colours that fail only when something is drawn, hours later: looked at before anything runs."""

from __future__ import annotations

from collections.abc import Iterator

from jetloom.config.analysis import Analysis
from jetloom.config.schema import SHIPPED, find_schema, schema_file
from jetloom.errors import ConfigurationError, shown


def texts_of(analysis: Analysis) -> Iterator[tuple[str, str]]:
    """Return every text that figures show, each after its key; of schemas, those that do not come with jetloom."""
    yield "label", analysis.label
    for name, sample in analysis.samples.items():
        yield f"samples.{name}.title", sample.title
    for name, task in analysis.tasks.items():
        yield f"tasks.{name}.title", task.title
        if task.dataset is None:
            yield from ((f"tasks.{name}.labels.{key}.title", label.title) for key, label in task.labels.items())
    for name, comparison in analysis.comparisons.items():
        yield f"comparisons.{name}.title", comparison.title
        yield from ((f"comparisons.{name}.ratios.{key}.title", ratio.title) for key, ratio in comparison.ratios.items())
    for schema_name in dict.fromkeys(sample.schema_name for sample in analysis.samples.values()):
        path = schema_file(schema_name)
        if path.resolve().parent == SHIPPED.resolve():
            continue
        schema = find_schema(schema_name)
        groups = {"events": schema.events, "jets": schema.jets, **schema.collections}
        for group, container in groups.items():
            yield from ((f"{path}: {group}.{key}.title", column.title) for key, column in container.fields.items())


def check_texts(analysis: Analysis) -> list[str]:
    """Refuse titles that are no mathtext and colours that are none; give a warning for each letter without a glyph.

    Matplotlib is imported only if a text holds a dollar sign or a letter beyond ASCII, or a colour is given.

    Raises
    ------
    ConfigurationError
        For the first, with its key.
    """
    warnings = []
    for where, text in texts_of(analysis):
        if "$" in text:
            _check_mathtext(where, text)
        if not text.isascii() and (unknown := sorted(set(text) - _letters())):
            warnings.append(f"{where}: the fonts have no glyph for {' '.join(unknown)}: a box is drawn")
    for name, task in analysis.tasks.items():
        for key, label in task.labels.items():
            if label.color is not None:
                _check_color(f"tasks.{name}.labels.{key}.color", label.color)
    return warnings


def _check_mathtext(where: str, text: str) -> None:
    from matplotlib.mathtext import MathTextParser

    try:
        # An odd number of dollar signs would be drawn as it stands, until another title stands beside it.
        MathTextParser("path").parse(text)
    except ValueError as error:
        cause = str(error).splitlines()[-1].partition(": ")[2]
        raise ConfigurationError(
            f"'{text[:60]}' cannot be drawn ({cause[:100]})", where=where, advice=r"write \$ for a dollar sign"
        ) from None


def _check_color(where: str, color: str) -> None:
    from matplotlib.colors import is_color_like

    if not is_color_like(color):
        raise ConfigurationError(f"{shown(color)} is no colour", where=where, advice="write one as '#0072B2'")


def _letters() -> set[str]:
    """Return the letters of the fonts that figures are drawn with, those that stand in for others included."""
    import mplhep
    from matplotlib.font_manager import FontProperties, findfont, get_font

    found = {"\n", "\t"}
    for family in [*mplhep.style.ATLAS.get("font.sans-serif", []), "DejaVu Sans"]:
        try:
            path = findfont(FontProperties(family=[family]), fallback_to_default=False)
        except ValueError:  # not on this machine
            continue
        found |= set(map(chr, get_font(path).get_charmap()))
    return found
