"""Questions to Slurm that its plugin asks again and again, and whose answer stays the same: asked once a run.

Beside the one question for all jobs, at each look it asks how long Slurm remembers jobs, and at each submission whether
the account is the user's. Thousands of jobs make that the larger part of what the controller hears of a run.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

NAMES = ("get_min_job_age", "validate_account")
"""Functions of the plugin whose answers stay."""


def ask_once() -> None:
    """Wrap the Slurm plugin's questions, if the plugin is there; what failed is asked again."""
    plugin: Any = sys.modules.get("snakemake_executor_plugin_slurm")
    for name in NAMES if plugin is not None else ():
        if (ask := getattr(plugin, name, None)) is not None:
            setattr(plugin, name, remembered(getattr(ask, "original", ask)))


def remembered(ask: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that asks once for each first argument; no answer (None, an error) is none."""
    answers: dict[Any, Any] = {}
    one_at_a_time = threading.Lock()

    def answer(*arguments: Any) -> Any:
        key = arguments[0] if arguments else None
        with one_at_a_time:
            if answers.get(key) is None:
                answers[key] = ask(*arguments)
            return answers[key]

    answer.original = ask  # type: ignore[attr-defined]
    return answer
