"""What the words of a submission or of a verb tell of the cause of a failure."""

from __future__ import annotations

import re
from pathlib import Path

from jetloom.errors import OUT_OF_REACH
from jetloom.scan.attempts.ledger import Cause

REFUSED = re.compile(r"sbatch failed|submission failed|failed array sbatch submission|failed to submit", re.IGNORECASE)
NEVER_TAKEN = re.compile(
    r"invalid (--\S+|partition|account|qos|feature|generic resource|gres|wckey|license|time limit|node name)"
    r"|time limit is invalid|not permitted|than permitted"
    r"|requested node configuration is not available|memory specification can not be satisfied"
    r"|unable to parse|parse error|unrecognized option|invalid option",
    re.IGNORECASE,
)
"""What Slurm's ``sbatch`` and HTCondor's submission say of a request that no waiting makes acceptable."""
VERB_ERROR = re.compile(r"^jetloom \w+: error: (.*)$")
OF_CONFIGURATION = re.compile(
    r"\S*/config/[0-9a-f]+\.json: |--[a-z-]+: |(samples|conversion|tasks|training|scan)\b[\w.]*: "
)
"""How a verb's error begins that is about the stored configuration, an option, or a key."""
OF_DAMAGE = re.compile(
    r": (cannot be read \(|entries \d+ to \d+ |is damaged|is truncated|is not (as it was|what was) written|is not a )"
)
"""How an error tells of a damaged file. What a library said of the bytes follows it, and may be any words."""


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
    return Cause.CONFIGURATION if OF_CONFIGURATION.match(said) else Cause.BAD_INPUT
