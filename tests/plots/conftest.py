"""The made-up analysis as fixtures."""

import json

import numpy as np
import pytest
import yaml
from toy_analysis import CONFIG, SAMPLES, draw_jets, structured, write_dataset, write_model, write_scan, write_table

from stored_files import write_result


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    """The analysis, made once: config.yaml, hdf5/, dataset/, scan/."""
    directory = tmp_path_factory.mktemp("toy")
    (directory / "config.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    for index, sample in enumerate(SAMPLES):
        rng = np.random.default_rng(index)
        before = structured({name: v.astype("f4") for name, v in draw_jets(rng, 4000, lowest=5.0).items()})
        write_table(directory / "hdf5" / sample / "one.h5", {"status": "converted"}, jets=before[:100], before=before)
    write_dataset(directory / "dataset")
    write_scan(directory / "scan")
    return directory


@pytest.fixture(scope="session")
def evaluated(toy, tmp_path_factory):
    """The directory that ``jetloom evaluate`` and ``jetloom plot_best`` wrote."""
    from jetloom.cli.main import main

    best = json.loads((toy / "scan" / "scan.json").read_text())["best"]
    model = toy / "scan" / best["point"] / best["run"] / "model.keras"
    write_model(model)
    write_result(model.parent, ["model.keras"])
    output = tmp_path_factory.mktemp("best")
    options = ["--config", toy / "config.yaml", "--task", "flavour", "--dataset", toy / "dataset"]
    assert main(["evaluate", *map(str, options), "--scan", str(toy / "scan"), "--output", str(output)]) == 0
    assert main(["plot_best", *map(str, options), "--best", str(output)]) == 0
    return output
