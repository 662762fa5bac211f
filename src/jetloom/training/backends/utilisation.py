"""How busy the GPU of a training was, on average: asked of ``nvidia-smi`` now and then, told at its end."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

logger = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds between two looks."""
PATIENCE = 20.0
"""Seconds that an answer may take."""
COMMAND = ("nvidia-smi", "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits")


class Utilisation:
    """Looks at the GPUs of this job while it is entered, and logs their mean utilisation when it is left.

    Parameters
    ----------
    wanted : bool
        Whether there is something to look at: nothing is done on a CPU.
    every : float
        Seconds between two looks; the first is at once.
    environment : mapping of str to str
        ``CUDA_VISIBLE_DEVICES`` says which cards are those of the job.
    """

    def __init__(self, wanted: bool, every: float = EVERY, environment: Mapping[str, str] = os.environ) -> None:
        self._every, self._environment = every, environment
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True) if wanted else None
        self.busy: list[float] = []
        """Utilisation at each look, in percent: the mean over the cards."""
        self.memory: list[float] = []
        """Memory in use at each look, in MB: the sum over the cards."""

    def __enter__(self) -> Self:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is None:
            return
        self._ended.set()
        self._thread.join(PATIENCE)
        if self.busy:
            logger.info(
                "GPU utilisation: %.0f %% on average over %d looks, memory at most %.0f MB",
                sum(self.busy) / len(self.busy), len(self.busy), max(self.memory),
            )  # fmt: skip

    def _watch(self) -> None:
        while self._look() and not self._ended.wait(self._every):
            pass

    def _look(self) -> bool:
        """Ask once; give False if there is nobody to ask, so that it is not tried again."""
        cards = self._environment.get("CUDA_VISIBLE_DEVICES", "")
        named = [f"--id={cards}"] if cards else []
        try:
            answer = subprocess.run([*COMMAND, *named], capture_output=True, text=True, timeout=PATIENCE, check=True)  # noqa: S603
            rows = [[float(cell) for cell in line.split(",")] for line in answer.stdout.splitlines() if line.strip()]
        except (OSError, subprocess.SubprocessError, ValueError):
            return False
        if not rows or any(len(row) != len(rows[0]) for row in rows):
            return False
        self.busy.append(sum(row[0] for row in rows) / len(rows))
        self.memory.append(sum(row[1] for row in rows))
        return True
