"""A dataset on disk whose two classes differ in energy and mass alone, and predictions that know nothing of either."""

import numpy as np

from jetloom.data.dataset import Dataset
from jetloom.evaluation.density.files import VALIDATION
from jetloom.io.hdf5.tables import TableWriter
from jetloom.io.sealed import write_json
from rivals import FIELDS, density, draw

CLASSES = [{"name": name, "title": name, "color": None} for name in ("gluon", "quark")]


def seeded(rows, seed, shift=1.0, more=None):
    """Jets with energies and masses; log(E) of quarks is higher by ``shift``, m / E lower by it.

    ``more`` gives numbers of branchings from the rows and a generator; they know nothing of the rest without it.
    """
    jets, _ = draw(rows, seed)
    found = np.zeros(rows, [*FIELDS, ("seed_e", "f4"), ("seed_m", "f4"), ("n_branchings", "i4")])
    for name in jets.dtype.names:
        found[name] = jets[name]
    rng = np.random.default_rng(seed + 1000)
    move = shift * (jets["label"] - 0.5)
    found["seed_e"] = np.exp(5.0 + rng.normal(move, 0.5))
    found["seed_m"] = found["seed_e"] * np.exp(-2.0 + rng.normal(-move, 0.5))
    found["n_branchings"] = rng.poisson(20, rows) if more is None else more(found, rng)
    return found


def write_dataset(directory, train, test, validation=None):
    directory.mkdir(parents=True, exist_ok=True)
    parts = {"train": train, "test": test} | ({} if validation is None else {"validation": validation})
    for name, rows in parts.items():
        with TableWriter(directory / f"{name}.h5", {"jets": (rows.dtype, None)}) as writer:
            writer.append(jets=rows)
    files = {role: [f"{role}.h5"] if role in parts else [] for role in ("train", "validation", "test")}
    view = {"fold": None, "weight": "weight", **files, "missing": None, "mean": [], "std": []}
    spectators = [{"column": "pt", "title": "Jet $p_T$ [GeV]"}]
    facts = {"classes": CLASSES, "inputs": [], "spectators": spectators, "views": [view], "fingerprint": "f00d"}
    facts |= {"digests": {}, "parts": {}}
    facts |= {"task": "dnn", "title": "", "label": "", "samples": {}}
    write_json(directory / "dataset.json", facts)
    return Dataset.open(directory)


def write_blind(directory, jets, spread=0.05, validation=None):
    """Predictions of two densities of trees whose log P does not depend on the class."""
    rng = np.random.default_rng(5)
    keys = jets[[name for name, _ in FIELDS]]
    rows = None if validation is None else np.zeros(len(validation), VALIDATION)
    paths = []
    for name in ("quark", "gluon"):
        if rows is not None:
            for column in ("label", "weight", "event_number"):
                rows[column] = validation[column]
            rows["log_p_z"] = rng.normal(-50, spread, len(rows))
        log_p = rng.normal(-50, spread, len(jets))
        paths.append(density(directory / name / "predictions.h5", keys, log_p, validation=rows))
    return tuple(paths)
