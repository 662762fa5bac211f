"""What asks a training to stop, a signal or the end of its wall time: noted, and obeyed between two steps."""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

from jetloom.errors import CheckpointedError, OutOfTimeError

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


class Interruption:
    """Catches the signals of schedulers and of Ctrl-C while it is entered; truthy once the training must stop.

    Left because a training stops, it goes on catching them: the process is about to end by itself.

    Parameters
    ----------
    deadline : float, optional
        Time (of ``time.monotonic``) by which to stop.
    """

    def __init__(self, deadline: float | None = None) -> None:
        self.deadline = deadline
        self.signal: str = ""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Who ends a job tells its processes, and each passes it on: what comes once more must not end the training
        # before it has said why it stopped. (While its line of the ledger is closed, signals wait: scan.attempts.)
        ends = isinstance(error, CheckpointedError)
        for number, handler in self._before.items():
            signal.signal(number, self._note if ends else handler)

    def __bool__(self) -> bool:
        return bool(self.signal) or (self.deadline is not None and time.monotonic() >= self.deadline)

    def error(self, where: str, path: object) -> CheckpointedError:
        """Return the error that ends the training: what asked for it, and where it stopped."""
        kind = CheckpointedError if self.signal else OutOfTimeError
        reason = self.signal or "the wall time is nearly over"
        return kind(f"{reason}: stopped {where}", path=str(path), advice="run it again and it goes on from there")

    def _note(self, number: int, _: FrameType | None) -> None:
        self.signal = self.signal or signal.Signals(number).name  # what was sent first says who wants it
