"""By what the weights of a sample are divided: the sum of weights that the events which were read stand for.

Whatever was left out (events beyond ``max_events``, files that were skipped or are not named) is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jetloom.config.samples import Sample
from jetloom.errors import BadValueError, ConfigurationError, shown
from jetloom.samples.facts import SKIPPED, WAITING, FileFacts

TOLERANCE = 1e-3
"""Sums that differ by a larger share are different: people write down four digits."""


@dataclass(frozen=True)
class Normalisation:
    """How a sample is normalised.

    Attributes
    ----------
    total : float
        Sum of generator weights that the events which were read stand for.
    source : str
        ``given`` in the configuration, the files' own ``bookkeeping``, or the ``events`` that were read.
    share : float
        Share of the events in the files that were read.
    expected, found : float or None
        Yield of all generated events, which is the cross-section, and of those that were read before any cut, in pb;
        None for recorded data. They differ by what was taken away before the files were written.
    warnings : list of str
        What does not fit together.
    """

    total: float
    source: str
    share: float
    expected: float | None = None
    found: float | None = None
    warnings: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return a JSON-like form."""
        return asdict(self)


def normalise(name: str, sample: Sample, files: Sequence[FileFacts]) -> Normalisation:
    """Return how a sample is normalised, from what its files say.

    Raises
    ------
    ConfigurationError
        If the normalisation cannot follow what was read: a sum is given for all files and some were skipped, or some
        files have a bookkeeping and others have none.
    BadValueError
        If a bookkeeping knows of fewer events than the file holds.
    """
    entries, events = sum(file.entries for file in files), sum(file.events for file in files)
    share = events / entries if entries else 1.0
    seen = sum(file.sum_of_weights for file in files)
    if sample.is_data:
        return Normalisation(seen, "events", share, warnings=_unused(sample))
    total, source, warnings = seen, "events", list[str]()
    if isinstance(sample.sum_of_weights, float):
        _require_all(name, files)
        total, source = sample.sum_of_weights * share, "given"
        warnings = _disagreements(sample.sum_of_weights, seen / share if share else seen, files)
    elif sample.sum_of_weights != "events" and _is_booked(name, sample, files):
        total, source = sum(_booked(file) * file.share for file in files if file.bookkeeping), "bookkeeping"
        if _generated(files) == entries and share == 1.0 and not _close(seen, total):
            warnings = [f"the weights of its events sum to {seen:.6g}, and its bookkeeping says {total:.6g}"]
    found = sample.cross_section * seen / total if total and sample.cross_section is not None else None
    return Normalisation(total, source, share, sample.cross_section, found, warnings)


def _unused(sample: Sample) -> list[str]:
    """Say which numbers of recorded data are not used: each of its events counts as 1."""
    given = {"cross_section": sample.cross_section != 1.0, "sum_of_weights": sample.sum_of_weights is not None}
    names = [name for name, is_given in given.items() if is_given]
    verb = "are" if len(names) > 1 else "is"
    return [f"is recorded data: {' and '.join(names)} of the configuration {verb} not used"] if names else []


def _require_all(name: str, files: Sequence[FileFacts]) -> None:
    """Require, for a sum that is given, that nothing is left out whose share is not known."""
    skipped = [file.path.stem for file in files if file.status == SKIPPED]
    if skipped:
        raise ConfigurationError(
            f"is given for all {len(files)} files, and {len(skipped)} of them were skipped ({shown(skipped[0])}, ...): "
            "their share of it is not known",
            where=f"samples.{name}.sum_of_weights",
            advice="mend the files or take them out of 'files' and of the sum, or leave the sum out: that of the "
            "events that were read, or of the files' own bookkeeping, is used",
        )


def _is_booked(name: str, sample: Sample, files: Sequence[FileFacts]) -> bool:
    """Say whether the files have a bookkeeping of all that was generated; all of them, or none."""
    read = [file for file in files if file.status not in (SKIPPED, WAITING)]
    without = [file.path.stem for file in read if file.bookkeeping is None]
    where = f"samples.{name}.sum_of_weights"
    way_out = "give the sum as a number, or 'events' for that of the events in the files"
    if without and (len(without) < len(read) or sample.sum_of_weights == "bookkeeping"):
        cause = (
            f"{len(without)} of {len(read)} files have no bookkeeping of generated events ({shown(without[0])}, ...)"
        )
        raise ConfigurationError(cause, where=where, advice=way_out)
    for file in read:
        known = None if file.bookkeeping is None else file.bookkeeping["events"]
        if known is not None and known < file.entries:
            cause = f"its bookkeeping knows of {known} events, and it holds {file.entries}"
            raise BadValueError(
                cause, path=file.path, where=where, advice=f"was it merged without its records? {way_out}"
            )
    return bool(read) and not without


def _disagreements(given: float, seen: float, files: Sequence[FileFacts]) -> list[str]:
    """Say in what a sum that is given differs from what the files say."""
    read = [file for file in files if file.status not in (SKIPPED, WAITING)]
    if read and all(file.bookkeeping for file in read):
        booked = sum(_booked(file) for file in read)
        if not _close(given, booked):
            return [f"sum_of_weights is given as {given:.6g}, and the bookkeeping of its files says {booked:.6g}"]
    elif seen > given * (1 + TOLERANCE):
        return [f"sum_of_weights is given as {given:.6g}, and the events in its files alone have {seen:.6g}"]
    return []


def _booked(file: FileFacts) -> float:
    return float(file.bookkeeping["sum_of_weights"]) if file.bookkeeping else 0.0


def _generated(files: Sequence[FileFacts]) -> int:
    return sum(int(file.bookkeeping["events"] or 0) for file in files if file.bookkeeping)


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= TOLERANCE * max(abs(one), abs(other))
