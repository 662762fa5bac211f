"""Stored files as jetloom leaves them, whole and sealed, with some of their keys changed."""

from jetloom.io.sealed import read_json, write_json
from jetloom.provenance import file_digest

RESULT = {
    "status": "trained",
    "reason": "",
    "parameters": {},
    "metrics": {},
    "files": {},
    "epochs": 4,
    "best_epoch": 3,
    "attempts": 1,
    "wall_time_s": 1.0,
    "peak_memory_mb": 1.0,
    "host": "node1",
    "origin": {"inputs": {"dataset": "abc"}},
}
FACTS = {
    "task": "flavour",
    "parameters": [],
    "parameter_columns": {},
    "scanned": [],
    "rank_by": "val_auc",
    "direction": {"val_auc": "higher"},
    "classes": ["gluon", "quark"],
    "dataset": "abc",
    "best": None,
    "tables": {},
}
BEST = {"point": "p1", "run": "r0", "fold": None, "model": "p1/r0/model.keras", "digest": None}
DATASET = {
    "fingerprint": "abc",
    "classes": [{"name": "gluon"}, {"name": "quark"}],
    "inputs": [],
    "views": [],
    "parts": {},
    "digests": {},
    "samples": {},
}


def write_result(directory, beside=(), **changes):
    """Write a result.json with the digests of files beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    digests = {name: file_digest(directory / name) for name in beside}
    write_json(directory / "result.json", RESULT | {"files": digests} | changes)


def write_facts(directory, best=None, **changes):
    """Write a scan.json with the digests of the tables beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    tables = {path.name: file_digest(path) for path in directory.glob("*.csv")}
    columns = {name: name for name in changes.get("parameters", [])}
    facts = {"best": best and BEST | best, "tables": tables, "parameter_columns": columns} | changes
    write_json(directory / "scan.json", FACTS | facts)


def write_dataset(directory, **changes):
    """Write a dataset.json."""
    directory.mkdir(parents=True, exist_ok=True)
    write_json(directory / "dataset.json", DATASET | changes)


def change(path, **changes):
    """Change some keys of a sealed file."""
    write_json(path, read_json(path) | changes)
