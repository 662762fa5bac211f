"""Truth labels of jets, after the decorations of the same names in DxAODs."""

from __future__ import annotations

from typing import Any

import numpy as np

from jetloom.simulation.geometry import delta_r
from jetloom.simulation.jets import belonging

UNMATCHED = -1
PARTON_RADIUS = 0.4
HADRON_RADIUS = 0.3
HADRON_PT = 5.0


def parton_labels(jets: Any, partons: Any) -> Any:
    """Return ``PartonTruthLabelID``: the flavour of the hardest parton within dR < 0.4 of the jet.

    Parameters
    ----------
    jets, partons : awkward.Array
        A list an event each; partons with ``pdg_id``, ``pt``, ``eta``, ``phi``.

    Returns
    -------
    awkward.Array
        A list an event: 1-6 for a quark or an antiquark, 21 for a gluon, -1 for none. Never a signed id, because -1
        would be an anti-down quark.
    """
    import awkward as ak

    here = ak.zip({"eta": jets.eta, "phi": jets.phi})
    jet, parton = ak.unzip(ak.cartesian([here, partons], nested=True))
    inside = parton[delta_r(jet, parton) < PARTON_RADIUS]
    hardest = ak.firsts(abs(inside.pdg_id)[ak.argmax(inside.pt, axis=2, keepdims=True)], axis=2)
    return ak.values_astype(ak.fill_none(hardest, UNMATCHED), np.int32)


def hadron_labels(jets: Any, heavy: Any) -> Any:
    """Return ``HadronConeExclTruthLabelID``: the heaviest flavour with pT > 5 GeV within dR < 0.3 of the jet.

    "Excl" because each hadron counts for the nearest jet only (ATL-PHYS-PUB-2015-022).

    Parameters
    ----------
    jets, heavy : awkward.Array
        A list an event each; the heavy ones with ``flavour`` (5, 4, 15), ``pt``, ``eta``, ``phi``.

    Returns
    -------
    awkward.Array
        A list an event: 5 for a b hadron, else 4 for a c hadron, else 15 for a tau, else 0.
    """
    import awkward as ak

    flavour = belonging(heavy[heavy.pt > HADRON_PT], jets, HADRON_RADIUS).flavour
    label = ak.zeros_like(jets.eta, dtype=np.int32)
    for number in (15, 4, 5):  # the later overrides the earlier
        label = ak.where(ak.any(flavour == number, axis=2), np.int32(number), label)
    return ak.values_astype(label, np.int32)
