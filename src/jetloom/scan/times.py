"""Where the time of an analysis went, from the benchmark files that Snakemake writes beside its jobs."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path


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
        seconds = [float(row["s"]) for row in rows]
        memory = [float(row["max_rss"]) for row in rows if row["max_rss"] not in ("-", "NA", "")]
        stages.append(StageTime(stage.name, len(rows), sum(seconds), max(seconds, default=0), max(memory, default=0)))
    return sorted(stages, key=lambda stage: -stage.seconds)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))
