"""Flat ROOT files of a few made-up jets, with or without some branches, and their schema."""

import awkward as ak
import numpy as np
import uproot

from jetloom.config.schema import Schema

FIELDS = {
    "events": {
        "run_number": {"type": "uint32"},
        "event_number": {"type": "uint64"},
        "mc_event_weight": {"branch": "w", "optional": True},
    },
    "jets": {
        **{name: {"branch": f"jet_{name}"} for name in ("pt", "eta", "phi", "m")},
        "width": {"branch": "jet_width", "optional": True, "missing": [-999]},
        "ntrk": {"branch": "jet_ntrk", "type": "int32", "optional": True},
        "fewer": {"expression": "ntrk - 10", "type": "int32"},
        "truth": {"branch": "jet_truth", "type": "int32", "optional": True},
    },
}


def flat_schema(**changes):
    """Return the schema; ``changes`` are of fields of the jets."""
    fields = {group: dict(given) for group, given in FIELDS.items()}
    fields["jets"] |= changes
    return Schema.model_validate(
        {
            "trees": ["t"],
            "naming": "flat",
            "events": {"fields": fields["events"]},
            "jets": {"fields": fields["jets"]},
        }
    )


def write_flat(path, events=200, without=(), first=0, **columns):
    """Write a file of two jets an event; ``columns`` replace branches of the jets, ``without`` leaves some out."""
    rng = np.random.default_rng(first + 1)
    rows = 2 * events
    gluon = rng.random(rows) < 0.5
    jets = {
        "pt": rng.uniform(30, 200, rows).astype("f4"), "eta": rng.uniform(-2, 2, rows).astype("f4"),
        "phi": rng.uniform(-3, 3, rows).astype("f4"), "m": rng.uniform(5, 20, rows).astype("f4"),
        "width": rng.normal(0.1 + 0.05 * gluon, 0.04).astype("f4"), "ntrk": rng.poisson(8 + 4 * gluon).astype("u4"),
        "truth": np.where(gluon, 21, 1).astype("i4"),
    } | columns  # fmt: skip
    data = {
        "run_number": np.ones(events, "u4"), "event_number": np.arange(first, first + events, dtype="u8"),
        "w": np.ones(events, "f4"),
        "jet": ak.zip({name: ak.unflatten(jets[name], np.full(events, 2)) for name in jets if name not in without}),
    }  # fmt: skip
    with uproot.recreate(path) as file:
        file.mktree("t", {name: column for name, column in data.items() if name not in without})
    return path
