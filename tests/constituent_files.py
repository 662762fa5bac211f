"""HDF5 files of jets with constituents that a test names, as ``jetloom hdf5`` writes them."""

from pathlib import Path

import numpy as np

from jetloom.io.hdf5.tables import TableWriter

JETS = np.dtype(
    [("run_number", "<u4"), ("event_number", "<u8"), ("mc_event_weight", "<f4"), ("pt", "<f4"), ("eta", "<f4"),
     ("phi", "<f4"), ("truth", "<i4"), ("n_constituents", "<i4")]
)  # fmt: skip
PLACES = np.dtype([("pt", "<f4"), ("eta", "<f4"), ("phi", "<f4"), ("m", "<f4"), ("valid", "?")])
GOOD = [(60.0, 0.1, 0.2, 0.14), (30.0, 0.2, 0.1, 0.14), (10.0, 0.0, 0.3, 0.0), (5.0, 0.3, 0.4, 0.14)]
"""pt, eta, phi, m of the constituents of an ordinary jet."""


def write(path: Path, jets: list[list[tuple]], slots: int = 40, **found: int) -> Path:
    """Write a file; ``found`` gives numbers of constituents by jet (``jet0=50``) where some had no place."""
    rows, places = np.zeros(len(jets), JETS), np.zeros((len(jets), slots), PLACES)
    for index, jet in enumerate(jets):
        for place, constituent in enumerate(jet):
            places[index, place] = (*constituent, True)
        total = found.get(f"jet{index}", len(jet))
        rows[index] = (7, 100 + index, 1.0, sum(part[0] for part in jet), 0.5, 0.25, index % 2, total)
    with TableWriter(path, {"jets": (JETS, None), "before": (JETS, None), "constituents": (PLACES, slots)}) as writer:
        writer.append(jets=rows, constituents=places)
        counts = [
            {"stage": "read", "level": level, "reason": "in the file", "before": number, "after": number}
            for level, number in (("jets", len(jets)), ("constituents", sum(map(len, jets))))
        ]
        writer.attributes = {
            "status": "converted", "reason": "", "events": len(jets), "sum_of_weights": float(len(jets)),
            "counts": counts, "titles": {"jets": {"pt": "Jet $p_T$"}}, "units": {"jets": {"pt": "GeV"}},
        }  # fmt: skip
    return path
