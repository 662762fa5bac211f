"""Titles of variables with the unit that they have in the files that are compressed."""

from __future__ import annotations

from jetloom.compression.sources.kinds import last_part
from jetloom.config.analysis import Analysis
from jetloom.config.compressions import Compression
from jetloom.config.schema import sample_schema


class Titles:
    """Titles of the variables of a compression, as the schema of its sample has them; else their names.

    Parameters
    ----------
    analysis : Analysis
    settings : Compression
    """

    def __init__(self, analysis: Analysis, settings: Compression) -> None:
        schema = sample_schema(analysis.samples[settings.sample])
        self._found: dict[str, str] = {}
        for name, column in {**schema.events.fields, **schema.jets.fields}.items():
            title = column.title or name
            own = settings.source == "dxaod"
            if own and column.unit and column.unit != column.unit_out:
                title = title.replace(f"[{column.unit_out}]", f"[{column.unit}]")
            branches = [column.branch] if isinstance(column.branch, str) else column.branch
            self._found |= dict.fromkeys((branches or [name]) if own else [name], title)

    def __call__(self, name: str) -> str:
        """Return the title of a column such as ``jets/pt`` or ``AnalysisJetsAuxDyn.pt``."""
        last = last_part(name)
        return self._found.get(last, last)
