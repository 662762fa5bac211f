"""Figures of data against model: one a head, and one of its steps."""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.axes import Axes
from test_figures_of_toy import drawn

import toy_trees
from jetloom.evaluation.density.heads import HeadSums, heads_shown, outcomes
from jetloom.evaluation.density.log_p import HEADS
from jetloom.plots.density import heads
from toy_binning import BINNING

FIGURES = {"end", *(f"{head}{end}" for head in HEADS[1:] for end in ("", "_steps"))}


def sums_of_toys(longest):
    """Jets, and a model that expects all outcomes of a head alike."""
    jets = toy_trees.jets(np.random.default_rng(1), 300, longest=longest)
    weights, steps, sums = jets["weight"].astype("f8"), int(jets.lengths.max()) + 1, {}
    for head, seen in outcomes(jets, BINNING).items():
        size = {"end": 1, "mother": steps}.get(head, BINNING["granularity"])
        here = np.arange(steps) < (jets.lengths + (head == "end"))[:, None]
        sums[head] = HeadSums()
        sums[head].add(head, seen, np.repeat(here[:, :, None] / max(size, 8), size, axis=2), weights)
    return {head: found.trimmed() for head, found in sums.items()}


def test_jets_without_branchings_have_their_figures(tmp_path):
    heads.draw_heads(tmp_path, heads_shown(sums_of_toys(0), BINNING), "ATLAS Simulation", "test part")
    assert drawn(tmp_path) == FIGURES


@dataclass
class Panel:
    """What is said in a panel."""

    xlabel: str
    ylabel: str
    title: str
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    labels: list[str]


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    """The figures' directory, the sums that they show, and their panels."""
    panels, canvas, directory = {}, heads.canvas, tmp_path_factory.mktemp("heads")

    @contextmanager
    def looked_at(path, *sizes, **options):
        with canvas(path, *sizes, **options) as (figure, axes):
            yield figure, axes
            panels[path.name] = [
                Panel(
                    panel.get_xlabel(),
                    panel.get_ylabel(),
                    f"{panel.get_title('left')} {panel.get_title('right')}",
                    panel.get_xlim(),
                    panel.get_ylim(),
                    [patch.get_label() for patch in panel.patches],
                )
                for panel in axes.ravel()
                if panel.axison
            ]

    sums = sums_of_toys(25)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(heads, "canvas", looked_at)
        heads.draw_heads(directory, heads_shown(sums, BINNING), "ATLAS Simulation", "test part")
    return directory, sums, panels


def test_every_head_has_its_figures(figures):
    assert drawn(figures[0]) == FIGURES


def test_chi_square_is_said(figures):
    _, sums, panels = figures
    for head in HEADS:
        value, freedom = sums[head].total.chi_square(0)
        assert f"{value:.0f}/{freedom}" in panels[head][0].title
    for head in HEADS[1:]:
        value, freedom = sums[head].steps.chi_square(1)
        # The mother of the first branching is known.
        panel = panels[f"{head}_steps"][0 if head == "mother" else 1]
        assert panel.title.startswith("Branching 2")
        assert f"{value:.0f}/{freedom}" in panel.title


def test_half_of_the_panels_are_ratios_with_units(figures):
    for name, panels in figures[2].items():
        ratios = [panel for panel in panels if panel.ylabel == "Model / test"]
        assert 2 * len(ratios) == len(panels)
        assert all(panel.xlabel for panel in ratios)
        if name.removesuffix("_steps") in ("theta", "delta", "phi"):
            assert all("[rad]" in panel.xlabel for panel in ratios)


def test_the_uniform_azimuth_is_drawn(figures):
    panels = figures[2]
    assert "Uniform, 1/(2π)" in panels["phi"][0].labels
    assert f"ln {BINNING['granularity']}" in panels["phi"][0].title
    assert "Uniform, 1/(2π)" in panels["phi_steps"][0].labels
    assert "Uniform, 1/(2π)" not in panels["z"][0].labels


def test_all_ranks_of_the_mother_are_shown(figures):
    _, sums, panels = figures
    shown = [panel.xlim for panel in panels["mother_steps"] if panel.ylabel == "Model / test"]
    steps = [step for step in heads.SHOWN_STEPS[1:] if step < len(sums["mother"].steps.data)]
    assert shown == [(-0.5, step + 0.5) for step in steps]
    data = sums["mother"].total.data[0]
    assert panels["mother"][0].ylim[0] < data[data > 0].min() / data.sum()


def test_the_end_says_what_it_adds_up_to(figures):
    _, sums, panels = figures
    whole = sums["end"].total.model.sum() / sums["end"].total.data.sum()
    assert f"the data add up to 1, the model to {whole:.3f}" in panels["end"][0].title


def test_a_model_beyond_the_panel_is_marked(tmp_path, monkeypatch):
    marked = []
    plot = Axes.plot
    monkeypatch.setattr(
        Axes, "plot", lambda self, *values, **look: marked.append(look.get("marker")) or plot(self, *values, **look)
    )
    heads.draw_heads(tmp_path, heads_shown({"z": sums_of_toys(25)["z"]}, BINNING))
    assert {"^", "v"} & set(marked)
