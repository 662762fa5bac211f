"""A collected scan as files: ``scan.csv``, ``histories.csv``, ``scan.json``; the one place that writes and reads them.

``scan.json`` is written last and holds the digests of the tables, so that a table which was cut or edited is not taken
for the whole scan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from jetloom.errors import CorruptFileError, EmptySampleError, MissingFileError, MissingObjectError
from jetloom.io.atomic import write_text
from jetloom.io.sealed import write_json
from jetloom.io.stored import Stored, read_stored
from jetloom.models.objectives.metric import Metric, Metrics
from jetloom.models.objectives.shipped import SHIPPED
from jetloom.provenance import file_digest

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

FACTS, POINTS, HISTORIES = "scan.json", "scan.csv", "histories.csv"
COLLECT = "run jetloom collect again"


class MetricEntry(Stored):
    """A metric, as its objective declares it."""

    name: str
    title: str
    direction: Literal["higher", "lower"]
    of: Literal["rows", "part", "control"]


class Best(Stored):
    """The best training of the best point."""

    point: str
    run: str
    fold: int | None
    model: str
    digest: str | None


class Facts(Stored):
    """What ``scan.json`` holds of a scan."""

    task: str
    parameters: list[str]
    parameter_columns: dict[str, str]
    """Column of the table by parameter: another than its name where that is taken."""
    scanned: list[str]
    rank_by: str
    direction: dict[str, str]
    metrics: list[MetricEntry] = Field(default_factory=list)
    """What the objective of the model declares besides the loss."""
    classes: list[str]
    dataset: str
    best: Best | None
    """None where no point was trained to its end."""
    tables: dict[str, str]
    """Digests of the tables."""

    @model_validator(mode="after")
    def _whole(self) -> Facts:
        for name in (*self.parameters, *self.scanned):
            if name not in self.parameter_columns:
                raise ValueError(f"parameter_columns lacks '{name}'")
        if self.rank_by not in self.direction:
            raise ValueError(f"direction lacks '{self.rank_by}'")
        return self


@dataclass(frozen=True)
class Scan:
    """A collected scan."""

    points: pd.DataFrame
    """A row a point, best first."""
    histories: pd.DataFrame
    """A row an epoch of each run."""
    facts: Facts

    @property
    def rank_by(self) -> str:
        """The metric that ranks the points."""
        return self.facts.rank_by

    @property
    def metrics(self) -> Metrics:
        """The metrics of the scan, with their titles and directions."""
        return Metrics([*SHIPPED.known.values(), *(Metric(**entry.model_dump()) for entry in self.facts.metrics)])

    @property
    def scanned(self) -> list[str]:
        """The columns of the parameters of the scan; where none was scanned, those of all of them."""
        return [self.facts.parameter_columns[name] for name in self.facts.scanned or self.facts.parameters]


def write_scan(directory: Path, points: pd.DataFrame, histories: pd.DataFrame, facts: dict[str, Any]) -> None:
    """Publish a collected scan: its tables, and then its facts with the digests of these."""
    tables = {POINTS: points, HISTORIES: histories}
    for name, table in tables.items():
        write_text(directory / name, table.to_csv(index=False))
    write_json(directory / FACTS, facts | {"tables": {name: file_digest(directory / name) for name in tables}})


def read_facts(directory: Path) -> Facts:
    """Read ``scan.json`` of a scan.

    Raises
    ------
    MissingFileError, CorruptFileError
        If it is not there, damaged, or of another shape.
    """
    return read_stored(directory / FACTS, Facts, COLLECT, "run jetloom collect first")


def find_best(directory: Path) -> Best:
    """Return the best training of a scan.

    Raises
    ------
    EmptySampleError
        If no point was trained to its end.
    """
    return best_of(read_facts(directory), directory)


def best_of(facts: Facts, directory: Path) -> Best:
    """Return the best training that the facts of a scan name.

    Raises
    ------
    EmptySampleError
        If no point was trained to its end.
    """
    if facts.best is None:
        raise EmptySampleError("no point was trained to its end", path=directory / FACTS, advice="scan.csv says why")
    return facts.best


def read_scan(directory: Path) -> Scan:
    """Read a collected scan.

    Raises
    ------
    MissingFileError, CorruptFileError, MissingObjectError
        If one of its files is not there, is not as it was collected, or lacks a column.
    """
    facts = read_facts(directory)
    found = Scan(_table(directory / POINTS, facts), _table(directory / HISTORIES, facts), facts)
    for name in ("rank", "point", found.rank_by, *found.scanned):
        if name not in found.points:
            raise MissingObjectError("has no such column", path=directory / POINTS, where=name)
    return found


def _table(path: Path, facts: Facts) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        raise MissingFileError("there is no such file", path=path, advice=COLLECT)
    if file_digest(path) != facts.tables.get(path.name):
        raise CorruptFileError(f"is not the table that {FACTS} was written with", path=path, advice=COLLECT)
    # Names stay names: a point whose digest has digits alone, and the parameter value "None".
    return pd.read_csv(path, dtype={"point": str, "run": str}, keep_default_na=False, na_values=["", "nan", "NaN"])
