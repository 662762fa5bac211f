"""Trainings of the tagger of displaced jets against its adversary: interrupted, gated, and by what they leave."""

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from torn import history, weights

from displaced_files import displaced_config, write_displaced
from jetloom import provenance
from jetloom.config.load import load_merged
from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from jetloom.errors import ConfigurationError
from jetloom.io import sealed
from jetloom.io.sealed import read_json
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.scan.points.space import points
from jetloom.scan.table.collect import collect
from jetloom.scan.table.collected import read_facts, write_scan
from jetloom.scan.table.ranking import check_metrics
from jetloom.training.callbacks.gate import Gate
from jetloom.training.feed import Feed
from jetloom.training.interruption import Interruption
from jetloom.training.point import train_point
from jetloom.training.request import Control, Request

KS = ["val_ks_qcd", "val_ks_sig", "val_ks_bib"]


class After(Interruption):
    """Asks to stop when it is asked for the ``count``-th time."""

    def __init__(self, count):
        super().__init__()
        self.left, self.signal = count, "SIGTERM"

    def __bool__(self):
        self.left -= 1
        return self.left <= 0


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """The datasets of the tagger and of its control region."""
    found = tmp_path_factory.mktemp("displaced")
    files = write_displaced(found / "hdf5")
    for task in ("tagger", "region"):
        build(load_merged(displaced_config()), task, files, found / task)
    return found


def train_of(directory, output, settings=None, backend="tensorflow"):
    """Train the tagger, with some settings."""
    # JAX compiles anew for each number of rows: it gets one batch an epoch.
    more = {"batch_size": 1000, "epochs": 4} if backend == "jax" else {}
    analysis = load_merged(displaced_config(parameters=more, training={"backend": backend, **(settings or {})}))
    task = analysis.tasks["tagger"]
    control = Control(analysis.tasks["region"], Dataset.open(directory / "region"))
    parameters = resolve_parameters(find_model(task.model), task.parameters)
    data = Dataset.open(directory / "tagger")
    return train_point(Request(task, parameters, data, output, 1, 0, None, control=control))


@pytest.fixture(scope="module")
def trained(directory):
    """A training of two epochs: its directory and its result."""
    output = directory / "trained"
    passing = {"gate": {"metric": "val_ks_bib", "highest": 3}, "keep_epochs": "passing"}
    return output, train_of(directory, output, passing)


def test_the_history_has_the_distances_and_whole_set_losses(trained):
    output, result = trained
    rows = pd.read_csv(output / "history.csv")
    assert len(rows) == 2
    assert {"loss_adversary", "loss_tagger", "val_adversary_loss", "val_adversary_accuracy", *KS} <= set(rows)
    assert ((rows[KS] > 0) & (rows[KS] < 3)).all().all()
    assert {f"eval_{name}" for name in ("ks_bib", "adversary_auc")} <= set(result["metrics"])
    assert result["metrics"]["val_ks_bib"] == pytest.approx(rows["val_ks_bib"][result["best_epoch"] - 1])


def test_the_outputs_of_each_epoch_are_kept_small(trained):
    output, _ = trained
    assert sorted(path.name for path in (output / "epochs").glob("*.json")) == ["outputs0001.json", "outputs0002.json"]
    found = read_json(output / "epochs" / "outputs0002.json")
    assert np.shape(found["main"]["linear"]["sums"]) == (3, 3, 29)
    assert np.shape(found["main"]["log"]["sums"]) == (3, 3, 54)
    bins = found["control"]["bins"]
    assert len(bins) == 4
    assert np.shape(bins[0]["log"]["sums"]) == (2, 3, 54)
    whole, parts = np.sum(bins[0]["log"]["sums"]), [np.sum(one["log"]["sums"]) for one in bins[1:]]
    assert whole == pytest.approx(sum(parts))
    rows = pd.read_csv(output / "history.csv")
    for place, name in enumerate(KS):
        assert sum(one["ks"][place] for one in bins[1:]) == pytest.approx(rows[name][1])


def test_the_tagger_lies_beside_both(trained):
    output, _ = trained
    tagger, both = weights(output, "tagger"), weights(output, "model")
    assert sum(array.size for array in tagger.values()) < sum(array.size for array in both.values())


TORN = """
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from jetloom.errors import CheckpointedError
from jetloom.training import network as training
from test_displaced_training import After, Interruption, train_of
directory = Path({directory!r})
output, torn = directory / "alone_{backend}", directory / "torn_{backend}"
train_of(directory, output, backend="{backend}")
training.Interruption = lambda _: After(4)
try:
    train_of(directory, torn, backend="{backend}")
except CheckpointedError as error:
    print(error)
else:
    raise SystemExit("was not interrupted")
training.Interruption = Interruption
train_of(directory, torn, backend="{backend}")
"""
"""Trainings in a process of a backend's own: one that is left alone, one that is asked to stop."""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_one_that_is_stopped_goes_on_and_ends_with_the_same_bits(directory, start, backend):
    tests = Path(__file__).parents[1]
    code = TORN.format(path=[str(tests), str(tests / "training")], directory=str(directory), backend=backend)
    process = start([sys.executable, "-c", code])
    assert process.wait(600) == 0, process.communicate()[1]
    alone, torn = directory / f"alone_{backend}", directory / f"torn_{backend}"
    assert history(torn) == history(alone)
    assert len(history(torn)) == (4 if backend == "jax" else 2)
    for part in ("model", "tagger"):
        for name, array in weights(alone, part).items():
            np.testing.assert_array_equal(array, weights(torn, part)[name], err_msg=name)
    for name in ("outputs0001.json", "outputs0002.json"):
        assert read_json(torn / "epochs" / name) == read_json(alone / "epochs" / name)
    assert read_json(torn / "result.json")["attempts"] == 2


def test_a_gate_that_nothing_passes_keeps_the_lowest_and_says_so(directory, tmp_path):
    gate = {"gate": {"metric": "val_ks_bib", "highest": 0.01}, "keep_epochs": "passing"}
    result = train_of(directory, tmp_path, gate)
    rows = pd.read_csv(tmp_path / "history.csv")
    lowest = rows["val_ks_bib"].min()  # of equal ones the loss decides
    assert rows["val_ks_bib"][result["best_epoch"] - 1] == pytest.approx(lowest)
    assert result["forbidden"] == f"val_ks_bib is {rows['val_ks_bib'].min():.4g}, not below 0.01"
    assert not list((tmp_path / "epochs").glob("*.keras"))


def test_epochs_that_pass_are_kept(trained):
    output, result = trained
    assert "forbidden" not in result
    assert len(list((output / "epochs").glob("*.keras"))) == 2


def test_a_gate_knows_its_limits():
    gate = Gate("a", lowest=0.2, highest=0.4)
    assert gate.after_validation({"a": 0.3}, None).forbidden == ""
    for value, miss, limit in ((0.4, math.ulp(1.0), "not below 0.4"), (0.1, 0.1, "not above 0.2")):
        decision = gate.after_validation({"a": value}, None)
        assert decision.miss == pytest.approx(miss)
        assert limit in decision.forbidden
    assert gate.after_validation({"a": math.nan}, None).forbidden == "a means nothing"
    assert gate.passed == 1


def test_points_that_pass_the_gate_rank_before_those_that_do_not(directory, tmp_path):
    config = displaced_config(scan={"adversary_weight": [0.0, 1.0, 2.0]}, search={"rank_by": "val_auc"})
    task = load_merged(config).tasks["tagger"]
    fingerprint = Dataset.open(directory / "tagger").fingerprint
    metrics = find_model(task.model).point_metrics()
    header = ",".join(find_model(task.model).history_columns())
    for area, forbidden, point in zip((0.9, 0.8, 0.7), ("too far", "", ""), points(task), strict=True):
        where = tmp_path / point.name / "r0"
        where.mkdir(parents=True)
        (where / "history.csv").write_text(header + "\n")
        (where / "model.keras").write_text("x")
        result = {
            "status": "trained", "reason": "", "parameters": point.parameters, "repetition": 0, "fold": None,
            "epochs": 1, "best_epoch": 1, "metrics": dict.fromkeys(metrics, area), "attempts": 1, "wall_time_s": 1.0,
            "peak_memory_mb": 1.0, "host": "h", "origin": {"inputs": {"dataset": fingerprint}},
            "files": {name: provenance.file_digest(where / name) for name in ("model.keras", "history.csv")},
        }  # fmt: skip
        sealed.write_json(where / "result.json", result | ({"forbidden": forbidden} if forbidden else {}))
    table = collect("tagger", task, tmp_path, fingerprint, ["qcd", "signal", "bib"])
    assert list(table.rows["val_auc"]) == [0.8, 0.7, 0.9]
    assert table.rows["reason"].iloc[2] == "no epoch passed: too far"
    assert "forbidden" not in table.rows
    write_scan(tmp_path, table.rows, table.histories, table.facts)
    assert {one.name for one in read_facts(tmp_path).metrics if one.of == "control"} >= {"ks_qcd", "ks_sig", "ks_bib"}


def test_the_weight_of_the_loss_is_a_key_and_each_is_a_column(directory):
    data, found = Dataset.open(directory / "tagger"), {}
    for weight in ("final", "event", "one"):
        task = load_merged(displaced_config(training={"loss_weight": weight})).tasks["tagger"]
        batches = Feed(task, find_model(task.model), data, None).blocks("train")
        found[weight] = np.concatenate([batch.weights for batch in batches])
    rows = np.concatenate(list(data.view(None).jet_rows("train")))
    np.testing.assert_array_equal(found["final"], rows[data.view(None).weight])
    np.testing.assert_array_equal(found["event"], rows["event_weight"])
    assert (found["one"] == 1).all()
    assert len({array.tobytes() for array in found.values()}) == 3


@pytest.mark.parametrize(
    ("gate", "cause"),
    [
        ({"metric": "val_ks_bid", "highest": 0.3}, "no metric 'val_ks_bid'.*val_ks_bib"),
        ({"metric": "val_ks_bib"}, "'lowest' or 'highest' is needed"),
        ({"metric": "val_ks_bib", "lowest": 1, "highest": 0.3}, "no epoch passes"),
    ],
)
def test_gates_that_cannot_be(gate, cause):
    def checked():
        check_metrics("tagger", load_merged(displaced_config(training={"gate": gate})).tasks["tagger"])

    with pytest.raises(ConfigurationError, match=cause):
        checked()
