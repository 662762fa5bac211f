"""Made-up predictions of several models of the same jets: one variable x, normal around -0.5 and 0.5."""

from dataclasses import asdict

import numpy as np

from jetloom.evaluation.statistics.bootstrap import Draws
from jetloom.io.hdf5.tables import TableWriter

HEADS = ("end", "mother", "z", "theta", "delta", "phi")
KEYS = [("run_number", "u4"), ("event_number", "u8"), ("sample", "u1")]
FIELDS = [("label", "i4"), ("true_label", "i4"), ("weight", "f4"), ("pt", "f4"), *KEYS]


def draw(rows=4000, seed=1):
    """Return the rows that all models share, and x; log(P_1 / P_0) is x. The rows 0, 5, ... lack a true label."""
    rng = np.random.default_rng(seed)
    jets = np.zeros(rows, FIELDS)
    jets["label"] = rng.integers(0, 2, rows)
    jets["true_label"] = np.where(np.arange(rows) % 5, jets["label"], -1)
    jets["weight"] = rng.uniform(0.5, 1.5, rows)
    jets["event_number"], jets["run_number"] = np.arange(rows) // 2, 7
    jets["pt"] = rng.uniform(20, 500, rows)
    return jets, rng.normal(jets["label"] - 0.5, 1.0)


def write(path, jets, columns, validation=None, **attributes):
    """Write predictions as ``jetloom evaluate`` does."""
    dtype = np.dtype(FIELDS + [(name, "f4") for name in columns])
    rows = np.zeros(len(jets), dtype)
    for name in jets.dtype.names:
        rows[name] = jets[name]
    for name, values in columns.items():
        rows[name] = values
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = {"jets": (dtype, None)} | ({} if validation is None else {"validation": (validation.dtype, None)})
    with TableWriter(path, tables) as writer:
        if validation is not None:
            writer.append(validation=validation)
        writer.attributes = {"classes": ["gluon", "quark"], "fold": None, "dataset": "f00d", **attributes}
        writer.attributes.setdefault("bootstrap", asdict(Draws()))
        writer.append(jets=rows)
    return path


def classifier(path, jets, log_ratio, **attributes):
    quark = 1.0 / (1.0 + np.exp(-log_ratio))
    return write(path, jets, {"score_gluon": 1.0 - quark, "score_quark": quark}, **attributes)


def density(path, jets, log_p, heads=None, **attributes):
    """All of log P is that of z, unless ``heads`` says it of some heads."""
    given = heads or {"z": log_p}
    columns = {f"log_p_{head}": given.get(head, np.zeros(len(jets))) for head in HEADS}
    return write(path, jets, {"log_p": log_p, **columns}, **attributes)


def write_all(directory, rows=4000):
    """Two classifiers, a right and a noisy one, and two densities whose ratio is right."""
    jets, x = draw(rows)
    noise = np.random.default_rng(3).normal(0, 1.0, rows)
    tasks = {
        "dnn": classifier(directory / "dnn" / "predictions.h5", jets, x),
        "bdt": classifier(directory / "bdt" / "predictions.h5", jets, 2 * (x + noise)),
    }
    pair = [
        density(directory / name / "predictions.h5", jets, -0.5 * (x - middle) ** 2)
        for name, middle in (("quark", 0.5), ("gluon", -0.5))
    ]
    return tasks, {"unaries": tuple(pair)}
