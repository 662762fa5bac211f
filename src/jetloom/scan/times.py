"""Where the time of an analysis went, from the benchmark files that Snakemake writes beside its jobs."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from jetloom.errors import CorruptFileError

UNKNOWN = ("-", "NA", "")


@dataclass(frozen=True)
class StageTime:
    """Time and memory of all jobs of a stage."""

    name: str
    jobs: int
    seconds: float
    longest: float
    memory: float
    """Largest resident memory of a job, in MB."""


def stage_times(directory: Path) -> list[StageTime]:
    """Add up the benchmark files below a directory, one entry a stage, the longest stage first."""
    stages = []
    for stage in sorted(directory.iterdir()) if directory.is_dir() else []:
        rows = [row for path in stage.rglob("*.tsv") for row in _rows(path)]
        seconds, memory = [row[0] for row in rows], [row[1] for row in rows if row[1] is not None]
        stages.append(StageTime(stage.name, len(rows), sum(seconds), max(seconds, default=0), max(memory, default=0)))
    return sorted(stages, key=lambda stage: -stage.seconds)


def _rows(path: Path) -> list[tuple[float, float | None]]:
    """Return seconds and memory of each job of a file; no memory where Snakemake could not measure it.

    Raises
    ------
    CorruptFileError
        If it is no benchmark file.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(row["s"], row["max_rss"]) for row in csv.DictReader(file, delimiter="\t")]
        return [(float(seconds), None if memory in UNKNOWN else float(memory)) for seconds, memory in rows]
    except (ValueError, KeyError, TypeError, csv.Error):
        cause, advice = "is no benchmark file of Snakemake", "remove it: only the time of that job is lost"
        raise CorruptFileError(cause, path=path, advice=advice) from None
