"""Flat trees of made-up events, as analyses write them: names that only ROOT allows, MeV, weights of both signs."""

import numpy as np
import uproot
import yaml

SCHEMA = {
    "meaning": "events of a test",
    "trees": ["analysis/Nominal"],
    "naming": "flat",
    "events": {
        "fields": {
            "run_number": {"expression": "era", "type": "uint32"},
            "event_number": {"branch": "evt.number", "type": "uint64"},
            "mc_event_weight": {"branch": "weight(nominal)"},
            "era": {"type": "int32"},
            "ht": {"branch": "h-t", "unit": "MeV", "title": "$H_T$ [GeV]"},
            "lep_pt": {"branch": "lep.Pt()", "unit": "MeV"},
            "met": {"branch": "met*", "unit": "MeV"},
            "n_jets": {"type": "int32"},
        }
    },
}

SIGNAL, BACKGROUND = 1, 0


def write_schema(path):
    """Write the schema; give its path."""
    path.write_text(yaml.safe_dump(SCHEMA))
    return path


def make_events(rows, seed, signal, first=0, era=2017):
    """Columns of events of which ht and met tell signal from background; a tenth of the weights is negative."""
    rng = np.random.default_rng(seed)
    return {
        "era": np.full(rows, era, "i4"),
        "evt.number": np.arange(first, first + rows, dtype="u8"),
        "weight(nominal)": np.where(rng.random(rows) < 0.1, -1.0, 1.0).astype("f4") * 2,
        "h-t": (1000 * (200 + 150 * signal + rng.exponential(80, rows))).astype("f4"),
        "lep.Pt()": (1000 * (20 + rng.exponential(40, rows))).astype("f4"),
        "met*": (1000 * (30 + 60 * signal + rng.exponential(30, rows))).astype("f4"),
        "n_jets": rng.poisson(4, rows).astype("i4"),
    }


def write_events(path, events):
    """Write a tree of events in a directory of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with uproot.recreate(path) as file:
        file.mktree("analysis/Nominal", {name: column.dtype for name, column in events.items()}).extend(events)
    return path
