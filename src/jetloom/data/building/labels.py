"""Labels: the class of each row, by expression and sample."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.task import Label
from jetloom.data.building.absence import missing_rows
from jetloom.expressions import evaluate_mask

UNLABELLED = -1


def assign_labels(
    labels: Mapping[str, Label], columns: Mapping[str, npt.NDArray[Any]], rows: int, without: Set[str] = frozenset()
) -> npt.NDArray[np.int32]:
    """Return each row the index of the first class whose expression holds, or -1.

    Parameters
    ----------
    labels : mapping of str to Label
        The classes, in the order of the network's outputs.
    columns : mapping of str to array of shape (rows,)
        The variables.
    rows : int
        Number of rows.
    without : set of str, optional
        Classes that no row has, because the file lacks what they are known by.

    Returns
    -------
    int32 array of shape (rows,)
    """
    result = np.full(rows, UNLABELLED, np.int32)
    for index, (name, label) in enumerate(labels.items()):
        if name in without:
            continue
        result[(result == UNLABELLED) & evaluate_mask(label.when, columns, rows)] = index
    return result


def of_other_samples(labels: Mapping[str, Label], sample: str) -> set[str]:
    """Return the classes that no row of a sample has, because they are those of other samples."""
    return {name for name, label in labels.items() if label.samples and sample not in label.samples}


def unknown_labels(
    labels: Mapping[str, Label], columns: Mapping[str, npt.NDArray[Any]], assigned: npt.NDArray[np.int32]
) -> dict[str, int]:
    """Count, by class, the rows that have it although a variable of its expression is missing there.

    With ``truth != 21`` a jet whose truth is not known would quietly be no gluon. Expressions that ask for missing
    values say themselves what they mean, and do not count.

    Parameters
    ----------
    labels, columns
        As for :func:`assign_labels`.
    assigned : int32 array of shape (rows,)
        What that gave.
    """
    found: dict[str, int] = {}
    for index, (name, label) in enumerate(labels.items()):
        found[name] = int((missing_rows(label.when, columns, len(assigned)) & (assigned == index)).sum())
    return {name: number for name, number in found.items() if number}
