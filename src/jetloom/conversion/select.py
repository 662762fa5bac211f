"""Cuts on events, jets and constituents, in the order of the configuration, each one counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from jetloom.cutflow import CutFlow
from jetloom.expressions import evaluate_mask
from jetloom.io.root.events import Collection, EventBlock, Mask

if TYPE_CHECKING:
    from jetloom.config.conversion import Conversion
    from jetloom.conversion.good_runs import GoodRuns

STAGE = "select"
Decided = Mapping[tuple[str, str], bool]
_NONE_DECIDED: Decided = MappingProxyType({})


def select(
    block: EventBlock,
    conversion: Conversion,
    flow: CutFlow,
    good_runs: GoodRuns | None = None,
    decided: Decided = _NONE_DECIDED,
) -> EventBlock:
    """Apply all cuts to a block.

    Parameters
    ----------
    block : EventBlock
        Valid events, jets and constituents.
    conversion : Conversion
        ``select`` holds the cuts; ``jets`` says whether only one jet of each event stays.
    flow : CutFlow
        Gets one entry a cut, and one for what goes with its event or jet.
    good_runs : GoodRuns, optional
        Luminosity blocks of recorded data that may be used; the first of the cuts.
    decided : mapping of (str, str) to bool, optional
        By level and cut, those that all rows pass or fail, see :func:`jetloom.conversion.absence.decided_cuts`.

    Returns
    -------
    EventBlock
        With what passed. Events stay when none of their jets do.

    Raises
    ------
    ExpressionError
        If a cut names a variable that is not there.
    """
    cuts = conversion.select
    passed = _apply(cuts.events, block.events, block.entries, "events", flow, decided, _listed(block, good_runs, flow))
    if not passed.all():
        if block.jets.columns:
            flow.add(STAGE, "jets", "its event is not selected", len(block.jets), int(block.jets.counts[passed].sum()))
        _count_followers(block, np.repeat(passed, block.jets.counts), "its event is not selected", flow)
        block = block.keep_events(passed)
    if not block.jets.columns:  # rows are events
        return block
    hardest = None
    if conversion.jets == "hardest":
        hardest = leading_rows(block.jets, np.ones(len(block.jets), bool))
        flow.add(STAGE, "jets", "is not the hardest jet", len(block.jets), int(hardest.sum()))
    chosen = _apply(cuts.jets, block.jet_view(), len(block.jets), "jets", flow, decided, hardest)
    if conversion.jets == "leading":
        leading = leading_rows(block.jets, chosen)
        flow.add(STAGE, "jets", "is not the leading jet", int(chosen.sum()), int(leading.sum()))
        chosen = leading
    _count_followers(block, chosen, "its jet is not selected", flow)
    if not chosen.all():
        block = block.keep_jets(chosen)
    others = {}
    for name, other in block.others.items():
        kept = _apply(cuts.constituents.get(name, ()), other.columns, len(other), name, flow, decided)
        others[name] = other if kept.all() else other.keep_rows(kept)
    return replace(block, others=others)


def _listed(block: EventBlock, good_runs: GoodRuns | None, flow: CutFlow) -> Mask:
    """Mark the events of the good-runs list, all of them without a list."""
    if good_runs is None:
        return np.ones(block.entries, bool)
    listed = good_runs.contains(block.events["run_number"], block.events["lumi_block"])
    flow.add(STAGE, "events", "not in the good-runs list", block.entries, int(listed.sum()))
    return listed


def _apply(
    cuts: Sequence[str],
    columns: Mapping[str, npt.NDArray],
    rows: int,
    level: str,
    flow: CutFlow,
    decided: Decided,
    among: Mask | None = None,
) -> Mask:
    """Apply cuts one after the other; each is counted among what the ones before it left."""
    mask = np.ones(rows, bool) if among is None else among
    left = int(mask.sum())
    for cut in cuts:
        verdict = decided.get((level, cut))
        mask = mask & (evaluate_mask(cut, columns, rows) if verdict is None else verdict)
        after = int(mask.sum())
        flow.add(STAGE, level, cut, left, after)
        left = after
    return mask


def _count_followers(block: EventBlock, jets: Mask, reason: str, flow: CutFlow) -> None:
    """Count the constituents that go because their jet does."""
    for name, other in block.others.items():
        flow.add(STAGE, name, reason, len(other), int(other.counts[jets].sum()))


def leading_rows(rows: Collection, among: Mask) -> Mask:
    """Mark the row of highest pt of each parent, among the marked rows; the first one of equals.

    Parameters
    ----------
    rows : Collection
        With a column ``pt``.
    among : bool array
        The rows that may lead.
    """
    mask = np.zeros(len(rows), bool)
    index = np.flatnonzero(among)
    if len(index):
        parent = rows.parents[index]
        order = np.lexsort((-rows.columns["pt"][index], parent))
        first = np.ones(len(order), bool)
        first[1:] = np.diff(parent[order]) != 0
        mask[index[order[first]]] = True
    return mask
