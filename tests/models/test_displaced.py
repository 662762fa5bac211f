"""The network of displaced jets: its sizes, its choices, and what it refuses."""

import numpy as np
import pytest

from displaced_files import displaced_config
from jetloom.config.load import load_merged
from jetloom.data.view import Columns, DataFacts
from jetloom.errors import ConfigurationError
from jetloom.models.registry import find_model
from jetloom.scan.compatibility import check_models
from jetloom.training.backends.backend import use_backend


@pytest.fixture(scope="module", autouse=True)
def _backend():
    use_backend("tensorflow", 1)


def _columns(names, slots=None):
    size = len(names)
    return Columns(list(names), np.full(size, 2.0), np.full(size, 4.0), np.full(size, 7.0), slots)


def _facts(clusters=30, tracks=20, segments=30, more=None):
    slots = {"clusters": (12, clusters), "tracks": (10, tracks), "segments": (6, segments), **(more or {})}
    collections = {name: _columns([f"v{k}" for k in range(size)], n) for name, (size, n) in slots.items()}
    return DataFacts(_columns(["pt", "eta", "phi", "llp_mH", "llp_mS"][:3]), ["qcd", "signal", "bib"], collections)


def _tagger(facts=None, **parameters):
    model = find_model("displaced")
    return model.build(model.parameters(**parameters), facts or _facts(), 1, {})


def _rows(facts, rows=6, seed=0):
    rng = np.random.default_rng(seed)
    found = {"jets": rng.normal(size=(rows, len(facts.rows.names))).astype(np.float32)}
    for name, one in facts.collections.items():
        values = rng.normal(size=(rows, one.slots, len(one.names))).astype(np.float32)
        values[np.arange(one.slots) >= np.arange(rows)[:, None]] = 0
        found[name] = values
    return found


def test_the_published_network_has_its_parameters_layer_by_layer():
    tagger = _tagger()
    parts = ("clusters", "tracks", "segments", "dense_0", "dense_1", "probabilities")
    found = [sum(one.count_params() for one in tagger.layers if one.name.startswith(part)) for part in parts]
    assert found == [5576, 5448, 1168, 14848, 32832, 195]
    assert tagger.count_params() == 60067


def test_any_collections_and_sizes():
    facts = _facts(more={"towers": (2, 9)})
    tagger = _tagger(facts, filters={"towers": [3]}, lstm_units={"towers": 2}, dense_units=[16], lstm_layers=2)
    towers = {one.name: one.output.shape[1:] for one in tagger.layers if one.name.startswith("towers_")}
    assert towers["towers_conv_0"] == (9, 3)
    assert towers["towers_lstm_0"] == (9, 2)
    assert towers["towers_lstm_1"] == (2,)
    assert tagger(_rows(facts)).shape == (6, 3)
    with pytest.raises(ConfigurationError, match=r"no collection 'tower'.*towers"):
        _tagger(facts, filters={"tower": [3]})


def test_masses_stand_beside_each_entry_and_in_the_jet():
    facts = _facts()
    rows = _columns(["pt", "eta", "phi", "llp_mH", "llp_mS"])
    facts = DataFacts(rows, facts.classes, facts.collections)
    tagger = _tagger(facts, parametrise=["llp_mH", "llp_mS"])
    kernels = {one.name: one.kernel.shape for one in tagger.layers if one.name.endswith("conv_0")}
    assert [kernels[f"{name}_conv_0"][1] for name in ("clusters", "tracks", "segments")] == [14, 12, 8]
    assert tagger.get_layer("dense_0").kernel.shape[0] == 25 + 5
    with pytest.raises(ConfigurationError, match="no input 'mH'"):
        _tagger(facts, parametrise=["mH"])


def test_masked_slots_change_nothing_and_seen_ones_do():
    short, long = _facts(5, 5, 5), _facts(9, 9, 9)
    rows = _rows(short, 5)
    longer = {
        name: values if name == "jets" else np.pad(values, ((0, 0), (0, 4), (0, 0))) for name, values in rows.items()
    }
    for padded, same in (("masked", True), ("seen", False)):
        said = []
        for facts, given in ((short, rows), (long, longer)):
            said.append(np.array(_tagger(facts, padded=padded, standardise=True)(given)))
        assert np.allclose(*said, atol=1e-6) == same


def test_missing_values_are_zeros_or_what_the_dataset_says():
    facts = _facts(3, 3, 3)
    rows = _rows(facts)
    holed, zeroed, filled = ({name: values.copy() for name, values in rows.items()} for _ in range(3))
    for one, value in ((holed, np.nan), (zeroed, 0), (filled, 7)):
        one["clusters"][4, 1, 3] = value
    for fill, same in (("zero", zeroed), ("dataset", filled)):
        tagger = _tagger(facts, fill=fill)
        assert np.isfinite(np.array(tagger(holed))).all()
        np.testing.assert_array_equal(tagger(holed), tagger(same))


def test_the_adversary_and_the_tagger_are_apart():
    model = find_model("displaced_adversarial")
    network = model.build(model.parameters(), _facts(), 1, {})
    assert model.submodels(network)["tagger"].count_params() == 60067
    adversary, tagger = (update.variables(network) for update in model.updates(model.parameters()))
    assert {id(one) for one in adversary}.isdisjoint(id(one) for one in tagger)
    assert len(adversary) + len(tagger) == len(network.trainable_variables)
    assert [update.repeat for update in model.updates(model.parameters())] == [2, 1]


def test_the_same_start_with_and_without_adversary():
    alone = _tagger(_facts())
    model = find_model("displaced_adversarial")
    both = model.build(model.parameters(), _facts(), 1, {}).get_layer("tagger")
    for one, other in zip(alone.variables, both.variables, strict=True):
        if one.dtype == "float32":
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"labels": {"bib": {"when": "kind == 2"}, "signal": {"when": "kind == 1"}, "qcd": {"when": "kind == 0"}}},
         "its classes are bib, signal, qcd where a 'displaced_adversarial' needs qcd, signal, bib.*in this order"),
        ({"control": None}, "read the batches of a control region, and the task names none"),
    ],
)  # fmt: skip
def test_classes_in_another_order_and_no_region_are_refused(change, cause):
    with pytest.raises(ConfigurationError, match=cause):
        check_models(load_merged(displaced_config(**change)))


def test_swapped_roles_are_found_by_the_labels():
    config = displaced_config()
    main, region = config["tasks"]["tagger"], config["tasks"]["region"]
    main["labels"], region["labels"] = region["labels"], main["labels"]
    main["samples"], region["samples"] = region["samples"], main["samples"]
    with pytest.raises(ConfigurationError, match="the task and its control region are swapped"):
        check_models(load_merged(config))
