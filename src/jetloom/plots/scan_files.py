"""Reading a collected scan."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jetloom.errors import CorruptFileError, MissingFileError, MissingObjectError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


@dataclass(frozen=True)
class Scan:
    """A collected scan: a row a point, a row an epoch of each run, and the facts of ``scan.json``."""

    points: pd.DataFrame
    histories: pd.DataFrame
    facts: dict[str, Any]

    @property
    def rank_by(self) -> str:
        """The metric that ranks the points."""
        return str(self.facts["rank_by"])

    @property
    def scanned(self) -> list[str]:
        """The parameters of the scan; where none was scanned, all of them."""
        return list(self.facts.get("scanned") or self.facts["parameters"])


def read_scan(directory: Path) -> Scan:
    """Read ``scan.csv``, ``histories.csv`` and ``scan.json`` of a scan.

    Raises
    ------
    MissingFileError, CorruptFileError, MissingObjectError
        If one of them is not there, cannot be read, or lacks a column.
    """
    facts = read_facts(directory)
    points, histories = _table(directory / "scan.csv"), _table(directory / "histories.csv")
    found = Scan(points, histories, facts)
    for name in ("rank", "point", found.rank_by, *found.scanned):
        if name not in points:
            raise MissingObjectError("has no such column", path=directory / "scan.csv", where=name)
    return found


def read_facts(directory: Path) -> dict[str, Any]:
    """Read ``scan.json`` of a scan."""
    path = directory / "scan.json"
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MissingFileError("there is no such file", path=path, advice="run jetloom collect first") from None
    except ValueError as error:
        raise CorruptFileError(f"is not JSON ({error})", path=path) from None
    return facts


def _table(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        # Names stay names: a point whose digest has digits alone, and the parameter value "None".
        return pd.read_csv(path, dtype={"point": str, "run": str}, keep_default_na=False, na_values=["", "nan", "NaN"])
    except FileNotFoundError:
        raise MissingFileError("there is no such file", path=path, advice="run jetloom collect first") from None
    except (ValueError, pd.errors.ParserError) as error:
        raise CorruptFileError(f"is not a table ({error})", path=path) from None
