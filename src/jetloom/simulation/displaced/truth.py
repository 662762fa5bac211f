"""What Pythia's events hold of long-lived particles and of what decays of them reach a detector."""

from __future__ import annotations

from typing import Any

import numpy as np

from jetloom.simulation.geometry import polar

LONG_LIVED = 36
"""The scalar that stands for the long-lived one."""

_INVISIBLE = (12, 14, 16)


def condensed(batch: Any, particle_data: Any) -> Any:
    """Return the events of a batch: one record an event.

    Returns
    -------
    awkward.Array
        ``weight``; ``particles`` with ``pdg_id``, ``charge``, ``px``, ``py``, ``pz``, ``e`` (GeV) and their production
        vertex ``x``, ``y``, ``z``, ``t`` (mm); ``llp`` with ``pT``, ``eta``, ``phi`` (GeV) and where it decays,
        ``Lxy``, ``Lz`` (mm).
    """
    import awkward as ak

    record, identity = batch.prt, abs(batch.prt.id)
    flat = ak.to_numpy(ak.flatten(identity))
    seen = (record.status > 0) & ak.unflatten(~np.isin(flat, _INVISIBLE), ak.num(identity))
    decayed = (identity == LONG_LIVED) & (record.daughter1 > 0)
    vertex = record.vProd[record.daughter1[decayed]]
    pt, eta, phi = polar(*(record.p[name][decayed] for name in ("px", "py", "pz")))
    fields = {"pT": pt, "eta": eta, "phi": phi, "Lxy": np.hypot(vertex.px, vertex.py), "Lz": abs(vertex.pz)}
    llp = ak.zip({name: ak.fill_none(values, 0.0) for name, values in fields.items()})
    # Its last copy alone is what decays to others.
    last = ak.all(identity[record.daughter1[decayed]][..., None] != LONG_LIVED, axis=-1)
    return ak.zip(
        {
            "weight": batch.info.weights[:, 0],
            "particles": _particles(record[seen], particle_data),
            "llp": llp[last],
        },
        depth_limit=1,
    )


def _particles(record: Any, particle_data: Any) -> Any:
    import awkward as ak

    species, position = np.unique(ak.to_numpy(ak.flatten(record.id)), return_inverse=True)
    charges = np.array([particle_data.chargeType(int(one)) for one in species]) / 3
    momentum = {name: record.p[name] for name in ("px", "py", "pz", "e")}
    names = (("x", "px"), ("y", "py"), ("z", "pz"), ("t", "e"))
    vertex = {name: ak.fill_none(record.vProd[source], 0.0) for name, source in names}
    charge = ak.unflatten(charges[position], ak.num(record.id))
    return ak.zip({"pdg_id": record.id, "charge": charge, **momentum, **vertex})
