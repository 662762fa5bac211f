"""The classes of displaced jets: the one place that says which number is which."""

from __future__ import annotations

CLASSES = ("qcd", "signal", "bib")
"""In the order of the outputs: 0 multijet, 1 signal, 2 beam-induced background. Everywhere, whatever old texts say."""

REGION = ("simulation", "data")
"""The classes of the control region: 0 simulated, 1 recorded."""

KS = ("ks_qcd", "ks_sig", "ks_bib")
"""The names of the distance between data and simulation in each output, as they have always been called."""
