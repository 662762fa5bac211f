"""The categories of inputs that are kinds: those that are given, or those of the training part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from jetloom.config.tasks.task import Task
from jetloom.data.collections import Rows
from jetloom.errors import ConfigurationError

MOST = 1000
"""Categories that an input can have; a variable of more is a number."""

Blocks = Callable[[], Iterable[Rows]]


def fit_categories(task: Task, training: Blocks, others: Blocks) -> dict[str, Any]:
    """Return ``categories`` by input column, and in ``unseen`` how many rows have others.

    Parameters
    ----------
    task : Task
        Its ``operations``.
    training, others : callable
        Start a pass over the rows of the training part, and over those of the other parts.

    Raises
    ------
    ConfigurationError
        If the training part has more different values than a kind can have.
    """
    found = {name: sorted(set(one.categories)) for name, one in task.operations.items()}
    for name in [name for name, known in found.items() if not known]:
        values: set[float] = set()
        for block in training():
            values.update(np.unique(block[name][np.isfinite(block[name])]).tolist())
            if len(values) > MOST:
                raise ConfigurationError(
                    f"has more than {MOST} different values", where=f"operations.{name}", advice="it is no kind"
                )
        found[name] = sorted(values)
    unseen = dict.fromkeys(found, 0)
    for pass_over in (training, others):
        for block in pass_over():
            for name, known in found.items():
                values_here = block[name][np.isfinite(block[name])]
                unseen[name] += int((~np.isin(values_here, np.array(known, np.float32))).sum())
    return {"categories": found, "unseen": unseen}
