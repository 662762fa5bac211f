"""A small analysis on disk: converted files, a dataset, a collected scan and a trained model, all made up."""

import numpy as np
import pandas as pd

from jetloom.io.hdf5.tables import TableWriter
from jetloom.io.sealed import write_json
from stored_files import write_facts

CLASSES = [("quark", "Light quark"), ("gluon", "Gluon"), ("bottom", "$b$ quark")]
TITLES = {"pt": "Jet $p_T$ [GeV]", "eta": r"Jet $\eta$", "width": "Jet width", "ntracks": "Number of tracks"}
SAMPLES = {"dijet": "Dijets", "ttbar": r"$t\bar{t}$"}

CONFIG = {
    "analysis": "toy",
    "label": "ATLAS Simulation Work in Progress",
    "samples": {name: {"files": ["x.root"], "title": title} for name, title in SAMPLES.items()},
    "tasks": {
        "flavour": {
            "title": "Jet flavour",
            "labels": {
                name: {"when": f"truth == {index}", "title": title} for index, (name, title) in enumerate(CLASSES)
            },
            "inputs": ["log(pt)", "width", "ntracks"],
        }
    },
}


def draw_jets(rng, rows, lowest=20.0):
    """Variables of jets whose distributions differ by class."""
    truth = rng.integers(0, 3, rows)
    return {
        "truth": truth,
        "pt": (lowest + rng.exponential(80 + 20 * truth)).astype("f4"),
        "eta": rng.uniform(-2.5, 2.5, rows).astype("f4"),
        "width": rng.gamma(2 + truth, 0.05).astype("f4"),
        "ntracks": rng.poisson(8 + 6 * (truth == 1) + 3 * (truth == 2)).astype("f4"),
        "mc_event_weight": np.where(rng.random(rows) < 0.05, -1.0, 1.0) * rng.uniform(0.5, 1.5, rows),
    }


def write_table(path, attributes, **tables):
    path.parent.mkdir(parents=True, exist_ok=True)
    with TableWriter(path, {name: (rows.dtype, None) for name, rows in tables.items()}) as writer:
        writer.attributes = attributes
        writer.append(**tables)


def structured(columns):
    """Columns as one structured array."""
    arrays = {name: np.asarray(values) for name, values in columns.items()}
    rows = np.zeros(len(next(iter(arrays.values()))), [(name, values.dtype) for name, values in arrays.items()])
    for name, values in arrays.items():
        rows[name] = values
    return rows


def counts(rows, jets):
    return [
        {"stage": "ntuple", "level": "events", "reason": "trigger", "before": rows, "after": int(0.8 * rows)},
        {"stage": "ntuple", "level": "jets", "reason": "pt > 20", "before": 4 * rows, "after": 2 * rows},
        {"stage": "ntuple", "level": "jets", "reason": "abs(eta) < 2.5", "before": 2 * rows, "after": jets},
        {
            "stage": "hdf5",
            "level": "constituents",
            "reason": "beyond slots",
            "before": 50 * rows,
            "after": 45 * rows,
        },
    ]


def write_part(path, rng, rows, folds=None):
    columns = draw_jets(rng, rows)
    event = columns["mc_event_weight"].astype("f4") * 0.01
    inputs = {"log_pt": np.log(columns["pt"]), "width": columns["width"], "ntracks": columns["ntracks"]}
    spectators = {"pt": columns["pt"], "eta": columns["eta"]}
    truth = columns["truth"].astype("i4")
    true = np.where(np.arange(rows) % 10, truth, -1).astype("i4")  # a tenth got its class by policy
    keys = {"label": truth, "true_label": true, "event_weight": event, "run_number": np.ones(rows, "u4")}
    keys |= {"event_number": (np.arange(rows) // 2).astype("u8"), "sample": (np.arange(rows) % 2).astype("u1")}
    weights = dict.fromkeys(folds or ["weight"], event * 100)
    table = structured(inputs | spectators | keys | weights)
    write_table(path, {}, jets=table)
    return [
        {"part": path.stem, "class": name, "jets": int((table["label"] == index).sum()), "sum_of_event_weights": 1.5,
         "sum_of_weights": float((weights[next(iter(weights))] * (table["label"] == index)).sum()), "negative": 7,
         "effective_jets": 100.0}
        for index, (name, _) in enumerate(CLASSES)
    ]  # fmt: skip


def write_dataset(directory, rows=3000):
    rng = np.random.default_rng(5)
    parts = {"train": 3 * rows, "validation": rows, "test": rows}
    summary = [row for part, size in parts.items() for row in write_part(directory / f"{part}.h5", rng, size)]
    view = {"fold": None, "weight": "weight", **{part: [f"{part}.h5"] for part in parts}, "missing": None}
    view |= {"mean": [4.5, 0.15, 11.0], "std": [0.6, 0.1, 4.0], "low": [3.2, 0.01, 2.0], "high": [6.1, 0.6, 24.0]}
    skipped = [{"file": "broken.root", "reason": "is truncated"}]
    description = {
        "task": "flavour",
        "title": "Jet flavour",
        "label": CONFIG["label"],
        "sample_titles": list(SAMPLES.items()),
        "classes": [{"name": name, "title": title, "color": None} for name, title in CLASSES],
        "inputs": [
            {"column": "log_pt", "expression": "log(pt)", "title": "log(Jet $p_T$ / GeV)"},
            {"column": "width", "expression": "width", "title": "Jet width"},
            {"column": "ntracks", "expression": "ntracks", "title": "Number of tracks"},
        ],
        "spectators": [{"column": name, "title": TITLES[name]} for name in ("pt", "eta")],
        "parts": {part: [f"{part}.h5"] for part in parts},
        "views": [view],
        "samples": {
            name: {"title": title, "files": 2, "events": 5000, "sum_of_weights": 4800.5, "counts": counts(5000, 6500),
                   "skipped": skipped if name == "ttbar" else []}
            for name, title in SAMPLES.items()
        },
        "counts": [{"stage": "dataset", "level": "jets", "reason": "no label", "before": 13000, "after": 12000}],
        "summary": summary,
        "fingerprint": "f00d",
        "digests": {},
    }  # fmt: skip
    write_json(directory / "dataset.json", description)
    return description


def scan_frames(points=24, repetitions=3, epochs=12, seed=2):
    """Made-up points of a scan with one diverged one, and their histories."""
    rng = np.random.default_rng(seed)
    rows, histories = [], []
    for index in range(points):
        rate, units = [1e-4, 1e-3, 1e-2][index % 3], [16, 32, 64, 128][index // 3 % 4]
        row = {
            "point": f"{index * 7919 % 997:03x}e5c0ffee0",
            "learning_rate": rate,
            "units": units,
            "activation": ["relu", "elu"][index % 2],
        }
        row |= {"dropout": round(rng.uniform(0, 0.5), 4), "status": "trained", "round_epochs": epochs, "best_epoch": 8}
        area = 0.8 - 0.02 * abs(np.log10(rate) + 3) + 0.0002 * units + rng.normal(0, 0.004)
        for part, less in (("", 0.0), ("val_", 0.01), ("eval_", 0.012)):
            for name, value in (("loss", 1.4 - area), ("accuracy", area - 0.1), ("auc", area)):
                if part + name != "auc":
                    row |= {part + name: value - less, f"{part}{name}_std": 0.004 if repetitions > 1 else 0.0}
        row |= {"repetitions": repetitions, "attempts": repetitions, "wall_time_s": 20 + 0.3 * units, "host": "here"}
        rows.append(row)
        for run in range(repetitions):
            fall = np.exp(-np.arange(epochs) / 4)
            noise = rng.normal(0, 0.004, epochs)
            histories.append(
                pd.DataFrame(
                    {"point": row["point"], "run": f"r{run}", "epoch": np.arange(1, epochs + 1),
                     "loss": 1.38 - area + 0.2 * fall, "accuracy": area - 0.1 - 0.2 * fall,
                     "val_loss": 1.4 - area + 0.2 * fall + noise, "val_accuracy": area - 0.12 - 0.2 * fall,
                     "val_auc": area - 0.2 * fall + noise, "learning_rate": rate, "seconds": 1.0}
                )
            )  # fmt: skip
    table = pd.DataFrame(rows)
    if points > 1:
        metrics = [name for name in table if name.removesuffix("_std").endswith(("loss", "accuracy", "auc"))]
        table.loc[points - 1, metrics] = np.nan
        table.loc[points - 1, "status"] = "diverged"
    table = table.sort_values("val_auc", ascending=False, na_position="last", kind="stable").reset_index(drop=True)
    table.insert(0, "rank", range(1, points + 1))
    return table, pd.concat(histories, ignore_index=True)


PARAMETERS = ["learning_rate", "activation", "dropout"]


def write_scan(directory, **options):
    directory.mkdir(parents=True, exist_ok=True)
    points, histories = scan_frames(**options)
    points.to_csv(directory / "scan.csv", index=False)
    histories.to_csv(directory / "histories.csv", index=False)
    best = {"point": points["point"][0], "run": "r0", "fold": None, "model": "m"}
    write_facts(directory, best, parameters=PARAMETERS, scanned=PARAMETERS)
    return best


def write_model(path):
    """Save a small network that has learnt a little of the toy's classes."""
    import keras

    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(11)
    columns = draw_jets(rng, 4000)
    features = np.stack([np.log(columns["pt"]), columns["width"], columns["ntracks"]], axis=1).astype("f4")
    scale = keras.layers.Normalization(mean=features.mean(0), variance=features.var(0))
    layers = [keras.Input((3,)), scale, keras.layers.Dense(16, "relu"), keras.layers.Dense(3, "softmax")]
    model = keras.Sequential(layers)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(features, columns["truth"], epochs=3, batch_size=256, verbose=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
