"""Runs of Snakemake that a person interrupted (Ctrl-C): what ended with them was neither preempted nor cancelled."""

from __future__ import annotations

from pathlib import Path

from jetloom.scan.attempts.ledger import Cause

PLACE = Path(".snakemake") / "jetloom_interrupted.txt"
"""In the working directory: a line for each such run, by when it began."""
SIGNAL = "SIGINT"
"""Nobody but a person sends it."""
WORDS = "Ctrl-C"
UNCLEAR = (None, Cause.CANCELLED, Cause.PREEMPTED)
"""What a batch system says of a job that was taken away, by whomever."""


def note(drive: str, place: Path = PLACE) -> None:
    """Note that a run was interrupted; a disk that takes no note must not keep its jobs in the queue."""
    try:
        place.parent.mkdir(exist_ok=True)
        with place.open("a", encoding="utf-8") as file:
            file.write(f"{drive}\n")
    except OSError:
        return


def was_interrupted(drive: str, place: Path = PLACE) -> bool:
    """Say whether a run was interrupted by a person."""
    try:
        return bool(drive) and drive in place.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False


def by_person(drive: str, signal: str, cause: Cause | None) -> bool:
    """Say whether an attempt that a signal ended was ended by a person at the keyboard.

    Parameters
    ----------
    drive : str
        The run of Snakemake that it belongs to.
    signal : str
        The signal that it obeyed; "" if none.
    cause : Cause or None
        What the scheduler says.
    """
    return cause in UNCLEAR and (signal == SIGNAL or was_interrupted(drive))
