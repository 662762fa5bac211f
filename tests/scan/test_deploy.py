import zipfile

import numpy as np
import pandas as pd
import pytest

from jetloom.data.view import Columns, DataFacts
from jetloom.models.registry import find_model
from jetloom.training.backends.backend import use_backend


@pytest.mark.parametrize("missing", [None, np.array([1.0, 2.0])])
def test_an_archive_predicts_equally_and_holds_no_data(tmp_path, missing):
    use_backend("tensorflow", 1)
    import keras
    import talos

    from jetloom.scan.table.deploy import deploy

    model = find_model("dense")
    facts = DataFacts(Columns(["a", "b"], np.array([1.0, 2.0]), np.array([3.0, 4.0]), missing), ["x", "y"])
    network = model.build(model.parameters(units=4), facts, 3, {})
    network.save(tmp_path / "model.keras")
    table = pd.DataFrame({"rank": [1, 2], "point": ["p", "q"], "units": [4, 8], "val_loss": [0.1, 0.2]})
    archive = tmp_path / "new" / "best.zip"
    deploy(table, {"units": [4, 8]}, {"units": "units"}, "val_loss", True, tmp_path / "model.keras", archive)
    assert [path.name for path in archive.parent.iterdir()] == ["best.zip"]

    restored = talos.Restore(archive)
    inputs = np.random.default_rng(1).normal(size=(20, 2)).astype(np.float32)
    if missing is not None:
        inputs[::2, 0] = np.nan
    outputs = np.asarray(network(inputs))
    assert np.isfinite(outputs).all()
    np.testing.assert_array_equal(np.asarray(restored.model(keras.ops.convert_to_tensor(inputs))), outputs)
    assert restored.params == {"units": [4, 8]}
    assert restored.details["point"] == "p"
    assert restored.results["val_loss"].tolist() == [0.1, 0.2]
    assert restored.x is None
    assert restored.y is None
    with zipfile.ZipFile(archive) as content:
        assert all(content.getinfo(name).file_size < 500 for name in ("x.npy", "y.npy"))


def test_the_best_of_points_whose_metric_means_nothing_is_deployed_too(tmp_path):
    use_backend("tensorflow", 1)
    import talos

    from jetloom.scan.table.deploy import deploy

    model = find_model("dense")
    facts = DataFacts(Columns(["a"], np.ones(1), np.ones(1), None), ["x", "y"])
    network = model.build(model.parameters(units=4), facts, 3, {})
    network.save(tmp_path / "model.keras")
    table = pd.DataFrame({"rank": [1, 2], "point": ["p", "q"], "units": [4, 8], "val_auc": [np.nan, np.nan]})
    archive = tmp_path / "best.zip"
    deploy(table, {"units": [4, 8]}, {"units": "units"}, "val_auc", False, tmp_path / "model.keras", archive)
    restored = talos.Restore(archive)
    assert (restored.details["metric"], restored.details["point"]) == ("val_auc", "p")
