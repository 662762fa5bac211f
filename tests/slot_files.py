"""HDF5 files of jets with constituents in slots, and a task that reads them as two collections."""

import re
from pathlib import Path

import numpy as np

from jetloom.config.analysis import Analysis
from jetloom.config.load import load_merged
from jetloom.io.hdf5.tables import TableWriter
from jetloom.samples.repeated import EVENT, EVENTS
from tiny_analysis import config, make_jets, merged

HOWTO = Path(__file__).parent.parent / "docs" / "howto.md"
PLACES = np.dtype([("pt", "<f4"), ("eta", "<f4"), ("charge", "<i4"), ("d0", "<f4"), ("valid", "?")])
SLOTS = 12
COLLECTIONS = {
    "charged": {
        "of": "constituents",
        "select": ["charge != 0"],
        "inputs": ["log(pt / jets.pt)", "eta - jets.eta", "d0"],
        "slots": 6,
    },
    "neutral": {"of": "constituents", "select": ["charge == 0"], "inputs": ["log(pt / jets.pt)"], "slots": 5},
}


def documented_sums() -> str:
    """Return the file of the documentation that reads two collections."""
    return re.search(r"## Read collections.*?```python\n(.*?)```", HOWTO.read_text(), re.S)[1]


def make_places(jets: np.ndarray, seed: int) -> np.ndarray:
    """Constituents in falling pt, more of them in gluons; a tenth has no d0, and what only fills up is no number."""
    rng = np.random.default_rng(seed)
    found = np.zeros((len(jets), SLOTS), PLACES)
    count = np.minimum(rng.poisson(4 + 3 * (jets["truth"] == 21)), SLOTS)
    found["valid"] = np.arange(SLOTS) < count[:, None]
    found["pt"] = -np.sort(-rng.exponential(jets["pt"][:, None] / 8, found.shape), axis=1)
    found["eta"] = jets["eta"][:, None] + rng.normal(0, 0.1, found.shape)
    found["charge"] = rng.integers(-1, 2, found.shape)
    found["d0"] = np.where(rng.random(found.shape) < 0.1, np.nan, rng.normal(0, 1, found.shape))
    for name in ("pt", "eta", "d0"):
        found[name][~found["valid"]] = 1e30  # a conversion writes zeros: whoever looks at these is found out
    return found


def write_places(path: Path, jets: np.ndarray, places: np.ndarray, **facts) -> Path:
    """Write a file as the conversion does; ``facts`` are further attributes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = {"jets": (jets.dtype, None), EVENTS: (EVENT, None), "constituents": (places.dtype, places.shape[1])}
    with TableWriter(path, tables) as writer:
        writer.append(jets=jets, constituents=places, **{EVENTS: np.zeros(0, EVENT)})
        writer.attributes |= {
            "status": "converted", "reason": "", "events": len(np.unique(jets["event_number"])),
            "sum_of_weights": float(jets["mc_event_weight"].sum(dtype=float)), "counts": [],
            "titles": {"jets": {"pt": "Jet $p_T$ [GeV]"}, "constituents": {"d0": "$d_0$ [mm]"}},
        } | facts  # fmt: skip
    return path


def write_slot_samples(directory: Path, rows: int = 400) -> dict[str, list[Path]]:
    """Write a file of dijets and one of top pairs."""
    made = {"dijet": make_jets(rows, 1, 0.3), "ttbar": make_jets(rows, 3, 0.8, first_event=20_000)}
    return {
        name: [write_places(directory / f"{name}.h5", jets, make_places(jets, seed))]
        for seed, (name, jets) in enumerate(made.items())
    }


def slot_config(**task) -> dict:
    """Return the configuration with some of the task's keys changed."""
    return merged(config(collections=COLLECTIONS), {"tasks": {"flavour": task}})


def slot_analysis(**task) -> Analysis:
    """Return the checked configuration with some of the task's keys changed."""
    return load_merged(slot_config(**task))
