"""Filters of quality by name: which jets are kept, cut by cut, each one counted.

The cuts are those that trigger-level studies with autoencoders applied before training (values of DxAODs, energies and
second moments divided by 1000). Data and simulation have different ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.cutflow import CutFlow
from jetloom.expressions import evaluate_mask, names_in

PER_THOUSAND = ("pt", "m", "LeadingClusterPt", "LeadingClusterSecondR", "LeadingClusterSecondLambda", "NegativeE")
"""What is divided by 1000 before the cuts: MeV become GeV."""

FILTERS: dict[str, tuple[str, ...]] = {
    "none": (),
    "data": (
        "abs(EMFrac) < 5",
        "not (abs(EMFrac) < 0.05 and abs(eta) >= 2)",
        "not (AverageLArQF > 0.8 and EMFrac > 0.95 and LArQuality > 0.8 and abs(eta) < 2.8)",
        "abs(NegativeE) < 300",
        "not (AverageLArQF > 0.8 and abs(HECQuality) > 0.5 and abs(HECFrac) > 0.5)",
        "OotFracClusters10 > -0.1",
        "OotFracClusters5 > -0.1",
        "abs(Width) < 5 and Width != -1",
        "abs(WidthPhi) < 5",
        "abs(Timing) < 125",
        "LArQuality < 4",
        "abs(HECQuality) < 2.5",
    ),
    "simulation": (
        "abs(EMFrac) < 2",
        "abs(NegativeE) < 60",
        "abs(Width) < 100",
        "abs(Timing) < 120",
        "LArQuality < 2",
        "m > 0.001",
    ),
}


def needed(name: str) -> list[str]:
    """Return the variables that the cuts of a filter look at."""
    return sorted({variable for cut in FILTERS[name] for variable in names_in(cut)})


def applicable(name: str, variables: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Return the cuts of a filter that can be made, and by cut what the others lack."""
    known = set(variables)
    lacking = {cut: ", ".join(sorted(names_in(cut) - known)) for cut in FILTERS[name]}
    return [cut for cut, lack in lacking.items() if not lack], {cut: lack for cut, lack in lacking.items() if lack}


def passing(columns: Mapping[str, npt.NDArray[Any]], cuts: Iterable[str], flow: CutFlow) -> npt.NDArray[np.bool_]:
    """Say which jets pass all cuts, and count what each takes away.

    Parameters
    ----------
    columns : mapping of str to array
        Variables of jets, as they are in the DxAOD.
    cuts : iterable of str
    flow : CutFlow
        Gets one entry a cut.
    """
    scaled = {
        name: values.astype(np.float64) / 1000 if name in PER_THOUSAND else values for name, values in columns.items()
    }
    rows = len(next(iter(columns.values())))
    kept = np.ones(rows, np.bool_)
    for cut in cuts:
        before = int(kept.sum())
        kept &= evaluate_mask(cut, scaled, rows)
        flow.add("select", "jets", cut, before, int(kept.sum()))
    return kept
