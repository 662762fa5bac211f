"""Questions that are asked again and again, and whose answer stays the same: asked once a run.

Beside the one question for all jobs, at each look the plugin of Slurm asks how long Slurm remembers jobs, and at each
submission whether the account is the user's. Thousands of jobs make that the larger part of what the controller hears
of a run. And Snakemake itself asks some forty times a job which parameters the functions of its rule have.
"""

from __future__ import annotations

import functools
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


def look_at_functions_once() -> None:
    """Have Snakemake remember the parameters of the functions in rules: a fifth of the time of a big scan's plan."""
    from snakemake import common, jobs, rules

    look = functools.cache(getattr(common.get_function_params, "__wrapped__", common.get_function_params))
    for module in (common, jobs, rules):
        module.get_function_params = look


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
