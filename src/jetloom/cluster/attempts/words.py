"""What the words of a submission or of a verb tell of the cause of a failure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from jetloom.errors import OUT_OF_REACH
from jetloom.scan.attempts.ledger import LONGEST, Attempt, Cause

REFUSED = re.compile(r"sbatch failed|submission failed|failed array sbatch submission|failed to submit", re.IGNORECASE)
NEVER_TAKEN = re.compile(
    r"invalid (--\S+|partition|account|qos|feature|generic resource|gres|wckey|license|time limit|node name)"
    r"|time limit is invalid|not permitted|than permitted"
    r"|requested node configuration is not available|memory specification can not be satisfied"
    r"|unable to parse|parse error|unrecognized option|invalid option",
    re.IGNORECASE,
)
"""What Slurm's ``sbatch`` and HTCondor's submission say of a request that no waiting makes acceptable."""
PASSES = re.compile(
    r"socket timed out|unable to contact|temporarily un(able|available)|timed? ?out|connection (refused|reset)"
    r"|connect failure|(failed|unable|cannot) to (connect|locate|contact|communicate)|can't (find|connect)|no schedd"
    r"|zero bytes|standby mode|submit limit|submit(ted)? jobs? limit|MAX_JOBS|not available now|inactive or drain"
    r"|too many|try again|i/o error|failed array sbatch",
    re.IGNORECASE,
)
"""What they say of a scheduler that is away, or takes no more jobs for now. Of anything else nobody knows whether
waiting helps: it is tried once more, and told whole."""
NO_RESULT = "trainings have no result"
"""What a job of trainings says at its end, of none in particular: it is no cause."""

VERB_ERROR = re.compile(r"^jetloom \w+: error: (.*)$")
OF_CONFIGURATION = re.compile(
    r"\S*/config/[0-9a-f]+\.json: |--[a-z-]+: |(samples|conversion|tasks|training|scan)\b[\w.]*: "
)
"""How a verb's error begins that is about the stored configuration, an option, or a key."""
OF_DAMAGE = re.compile(
    r": (cannot be read \(|entries \d+ to \d+ |is damaged|is truncated|is not (as it was|what was) written|is not a )"
)
"""How an error tells of a damaged file. What a library said of the bytes follows it, and may be any words."""


def refusal(words: str, before: Iterable[Attempt]) -> tuple[Cause, str]:
    """Return the cause of a submission that was refused, and the scheduler's words without the command.

    Parameters
    ----------
    words : str
        What the executor said.
    before : iterable of Attempt
        The attempts of this run of Snakemake.
    """
    said = " ".join(words.split("sbatch call:")[0].split())[: LONGEST // 2]
    if NEVER_TAKEN.search(said):
        return Cause.CONFIGURATION, said
    if PASSES.search(said) or not any(line.cause == Cause.REFUSED and line.detail == said for line in before):
        return Cause.REFUSED, said
    return Cause.CONFIGURATION, f"refused twice, for a reason that jetloom does not know: {said}"


def last_words(log: str, lines: int = 3) -> str:
    """Return the last lines of a job's own output, where its verb left no log; "" if there are none."""
    try:
        with Path(log).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 4096))
            found = file.read().decode(errors="replace").splitlines()
    except (OSError, ValueError):
        return ""
    return " | ".join([line.strip() for line in found if line.strip()][-lines:])


def verb_error(log: str, since: float) -> str:
    """Return the error that a verb left in its log, unless the log is older than the attempt."""
    path = Path(log)
    try:
        if not log or path.stat().st_mtime < since:
            return ""
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    match = VERB_ERROR.match(lines[-1]) if lines else None
    return match[1] if match else ""


def cause_of_words(said: str) -> Cause:
    """Tell by a verb's own words whether another attempt can help."""
    if OF_DAMAGE.search(said):
        return Cause.BAD_INPUT
    if "memory ran out" in said:
        return Cause.OUT_OF_MEMORY
    if "cannot be written" in said:
        return Cause.DISK_FULL
    if OUT_OF_REACH in said:
        return Cause.STORAGE
    if NO_RESULT in said:  # of a training that was killed before it opened its line
        return Cause.BUG
    return Cause.CONFIGURATION if OF_CONFIGURATION.match(said) else Cause.BAD_INPUT
