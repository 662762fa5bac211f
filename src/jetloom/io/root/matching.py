"""The variables of jets that objects of the event give them: by the nearest jet, each rule counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jetloom.expressions import evaluate_mask
from jetloom.io.root.events import Collection, EventBlock, Loss, Mask
from jetloom.io.root.nearest import nearest_jets

if TYPE_CHECKING:
    from jetloom.config.inputs.matches import Matched


def add_matched(block: EventBlock, name: str, settings: Matched, objects: Collection) -> None:
    """Give the jets of a block what the objects of a kind that are nearest to them say.

    Parameters
    ----------
    block : EventBlock
        Its jets get the columns that :class:`jetloom.config.inputs.matches.Matched` says; what objects lose is counted.
    name : str
        Of the kind of objects.
    settings : Matched
    objects : Collection
        Parents are the events.
    """
    chosen = np.ones(len(objects), bool)
    for cut in settings.select:
        before = int(chosen.sum())
        chosen &= evaluate_mask(cut, objects.columns, len(objects))
        block.losses.append(Loss(name, cut, before, int(chosen.sum())))
    objects = objects.keep_rows(chosen)
    jets, within = block.jets, np.inf if settings.within is None else settings.within
    rows, distances = nearest_jets(
        (objects.offsets, *_angles(objects)), (jets.offsets, *_angles(jets)), _among(jets, settings.jets), within
    )
    matched = rows >= 0
    rule = "the nearest jet" if settings.within is None else f"the nearest jet, within {settings.within:g}"
    block.losses.append(Loss(name, rule, len(objects), int(matched.sum())))
    jets.columns[f"{name}_matched"] = matched.astype(np.float32)
    jets.columns[f"{name}_dr"] = distances.astype(np.float32)
    for key, column in objects.columns.items():
        values = np.full(len(jets), np.nan, np.float32)
        values[matched] = column[rows[matched]]
        jets.columns[f"{name}_{key}"] = values


def _angles(rows: Collection) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return rows.columns["eta"].astype(np.float64), rows.columns["phi"].astype(np.float64)


def _among(jets: Collection, cuts: list[str]) -> Mask:
    among = np.ones(len(jets), bool)
    for cut in cuts:
        among &= evaluate_mask(cut, jets.columns, len(jets))
    return among
