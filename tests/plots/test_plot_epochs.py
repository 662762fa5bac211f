"""The figures of the outputs of a tagger by epoch."""

import numpy as np
import pytest

from jetloom.cli.main import main
from jetloom.evaluation.displaced.outputs import of_classes, of_region
from jetloom.io import sealed

CLASSES = ["qcd", "signal", "bib"]


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    """A training that kept two epochs, the last bin of pt without data."""
    directory = tmp_path_factory.mktemp("training")
    rng = np.random.default_rng(1)
    for epoch in (1, 2):
        said = rng.dirichlet([1, 1, 1], 300)
        target, weights = rng.integers(0, 3, 300), rng.normal(1, 0.1, 300)
        pt = rng.uniform(40, 500, 300)
        kind = (rng.random(300) < 0.5) & (pt < 250)
        found = {"epoch": epoch, "classes": CLASSES, "main": of_classes(target, said, weights, 3)}
        found["control"] = of_region(kind.astype(int), said, weights, pt, [125.0, 250.0])
        sealed.write_json(directory / "epochs" / f"outputs{epoch:04d}.json", found)
    return directory


def test_the_documented_figures_are_drawn(training, tmp_path):
    assert main(["plot_epochs", "--training", str(training), "--epochs", "2", "--output", str(tmp_path)]) in (0, None)
    names = {path.stem for path in tmp_path.glob("*.png")}
    shorts = ("qcd", "sig", "bib")
    wanted = {f"002_main_{short}_predictions{end}" for short in shorts for end in ("", "_linear")}
    bins = ("", "lowPt_", "midPt_", "highPt_")
    wanted |= {f"002_val_adversary_{which}{short}_predictions" for which in bins for short in shorts}
    assert names == wanted
    assert len(names) == 18


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        (["--epochs", "7"], "there is no epoch 7; they run from 1 to 2"),
        (["--training", "nowhere", "--all"], "no outputs were kept there"),
    ],
)
def test_mistakes_are_told_in_a_line(training, tmp_path, capsys, options, cause):
    assert main(["plot_epochs", "--training", str(training), "--output", str(tmp_path), *options]) not in (0, None)
    error = capsys.readouterr().err
    assert cause in error
    assert error.count("\n") == 1


def test_a_training_has_to_be_named(capsys):
    assert main(["plot_epochs", "--config", "config/config.yaml"]) == 2
    assert "give --training and --output, or --config and --task" in capsys.readouterr().err
