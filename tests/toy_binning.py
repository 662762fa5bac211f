"""Scaling and bins that fit the made-up trees."""

import numpy as np

BINNING = {
    "granularity": 10,
    "scaling": "log",
    "momentum": {"e": [1.0, 600.0], "theta": [0.001, 1.5], "phi": [0.0, 2 * np.pi], "m": [0.1, 100.0]},
    "branching": {"z": [0.002, 0.5], "theta": [0.001, 1.5], "phi": [0.0, 2 * np.pi], "delta": [1e-5, 0.8]},
    "trees": {"max_constituents": 60},
}
