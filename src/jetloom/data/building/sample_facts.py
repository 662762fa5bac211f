"""What the files of a task's samples say together, as `dataset.json` has it: what does not fit is refused or told."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import Any

from jetloom.config.analysis import Analysis
from jetloom.cutflow import CutFlow
from jetloom.data.building.absence import absent_columns
from jetloom.errors import BudgetError, EmptySampleError
from jetloom.samples.facts import SKIPPED, FileFacts, read_facts
from jetloom.samples.normalisation import normalise
from jetloom.samples.processes import add_channels, require_meant, unknown_processes
from jetloom.samples.repeated import repeated_events
from jetloom.samples.same import refuse_equal, shared_content
from jetloom.samples.shared import shared_events

logger = logging.getLogger(__name__)


def sample_facts(analysis: Analysis, files: dict[str, list[Path]]) -> dict[str, dict[str, Any]]:
    """Return the facts of each sample; what does not fit together and is not refused is told.

    Raises
    ------
    BudgetError, EmptySampleError
        If too many files are bad, or a sample is empty.
    ConfigurationError, BadValueError
        If files have equal content, hold processes that are not meant, or cannot be normalised together.
    """
    read = {name: [read_facts(path) for path in paths] for name, paths in files.items()}
    facts = {name: _facts(name, analysis, found) for name, found in read.items()}
    for shared in (shared_content(read), shared_events(read, analysis.samples)):
        for name, lines in shared.items():
            facts[name]["warnings"] += lines
    for name, found in facts.items():
        for warning in found["warnings"]:
            logger.warning("sample '%s': %s", name, warning)
    return facts


def _facts(name: str, analysis: Analysis, files: list[FileFacts]) -> dict[str, Any]:
    """Add up what the files of a sample say of themselves, and hold the bad ones against the budget."""
    where, sample = f"sample '{name}'", analysis.samples[name]
    if not files:
        raise EmptySampleError("has no files", where=where, advice="name at least one HDF5 file of it")
    skipped = [{"file": file.path.stem, "reason": file.reason} for file in files if file.status == SKIPPED]
    _require_budget(skipped, len(files), analysis.conversion.budget.files, where)
    flow, absent = CutFlow(), Counter[str]()
    for file in files:
        flow.merge(file.counts)
        absent.update(absent_columns(file.absent).keys())
    events, rows = sum(file.events for file in files), sum(file.rows for file in files)
    if rows == 0:
        raise EmptySampleError(
            f"no jet is left of {events} events in {len(files)} files",
            where=where,
            advice="loosen conversion.select or take the sample out",
        )
    refuse_equal(name, files)
    channels = None if sample.is_data else add_channels(file.channels for file in files)
    require_meant(channels, sample.channels, where)
    normalisation = normalise(name, sample, files)
    repeated = repeated_events([file.path for file in files if file.status != SKIPPED])
    unknown = unknown_processes(channels, events, sample.channels)
    warnings = [*normalisation.warnings, *filter(None, [unknown, repeated.warning()])]
    return {
        "title": sample.title or name, "files": len(files), "events": events, "rows": rows, "skipped": skipped,
        "counts": flow.as_json(), "sum_of_weights": normalisation.total, "normalisation": normalisation.as_json(),
        "absent": dict(absent), "channels": channels, "repeated_events": repeated.repeated, "warnings": warnings,
    }  # fmt: skip


def _require_budget(skipped: list[dict[str, str]], files: int, budget: float, where: str) -> None:
    if len(skipped) > budget * files:
        bad = f"{len(skipped)} of {files} files are bad"
        raise BudgetError(
            f"{bad}, the budget is {budget:.0%}; the first: {skipped[0]['reason']}",
            where=where,
            advice="mend them, or raise conversion.budget.files",
        )
