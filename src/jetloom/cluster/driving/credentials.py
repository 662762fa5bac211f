"""The user's Kerberos ticket for jobs of an HTCondor that hands it on, as CERN's does: given to its schedd in time.

``condor_submit`` does this by itself. Through the Python bindings, which Snakemake's plugin uses, it has to be asked
for: for jobs with the attribute ``SendCredential`` before a submission, and again when the last time is long ago.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

logger = logging.getLogger("snakemake")

WANTED = "classad_SendCredential"
"""The resource of jobs that need it."""
BETWEEN = 1800.0
"""Seconds between two times; tickets that were given are kept for some hours."""


@dataclass
class Credentials:
    """Gives the user's ticket to the schedd now and then.

    Parameters
    ----------
    bindings : HTCondor's Python bindings
    clock : callable
        Seconds.
    """

    bindings: Any
    clock: Callable[[], float] = time.monotonic
    _last: float = float("-inf")
    _told: bool = False

    def give(self, job: Any) -> None:
        """Give the ticket if a job about to be submitted needs it, and the last time is long ago."""
        if not getattr(job, "resources", {}).get(WANTED) or self.clock() - self._last < BETWEEN:
            return
        try:
            kind = getattr(self.bindings, "CredType", None) or self.bindings.CredTypes
            self.bindings.Credd().add_user_cred(kind.Kerberos, None)
            self._last = self.clock()
        except Exception as error:  # noqa: BLE001 - whatever the bindings raise, the submission itself says more
            if not self._told:
                logger.warning(f"jetloom: the Kerberos ticket cannot be given to HTCondor ({error}): `klist`, `kinit`")
            self._told = True
