"""Spectra of trees beside each other: what the ratios are of, and that none is lost."""

from contextlib import contextmanager

import numpy as np

from jetloom.evaluation.density.spectra import Spectrum, agreement
from jetloom.plots.density import tree_spectra
from jetloom.plots.density.tree_spectra import Line, draw_spectra


def spectrum(means):
    found = Spectrum.empty(np.array([0.1, 0.2, 0.4, 0.8]))
    found.fill(np.random.default_rng(1).poisson(means, (400, 3)).astype("f8"), np.ones(400))
    return found


def test_ratios_are_named_and_those_outside_are_marked(tmp_path, monkeypatch):
    canvas, seen = tree_spectra.canvas, {}

    @contextmanager
    def looked_at(path, *sizes, **options):
        with canvas(path, *sizes, **options) as (figure, axes):
            yield figure, axes
            lower = axes[1, 0]
            seen["label"], seen["title"] = lower.get_ylabel(), axes[0, 0].get_title(loc="left")
            seen["marks"] = {line.get_marker(): line.get_xdata().round(2).tolist() for line in lower.lines}

    monkeypatch.setattr(tree_spectra, "canvas", looked_at)
    data, drawn = spectrum([2.0, 2.0, 2.0]), spectrum([2.0, 9.0, 0.2])
    reference = Line("Data", "#000000", "-", {"z": data.curve()})
    line = Line("Drawn", "#D55E00", "-", {"z": drawn.curve()}, {"z": agreement(drawn, data)})
    draw_spectra(tmp_path / "spectra", reference, [line], "Model / data", names=("z",))
    assert seen["label"] == "Model / data"
    assert seen["marks"]["^"] == [0.28]
    assert seen["marks"]["v"] == [0.57]
    found = agreement(drawn, data)
    assert seen["title"] == rf"$\chi^2$/ndf: {found.chi2:.0f}/3"
    assert found.chi2 > 1000
