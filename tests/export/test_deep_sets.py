import numpy as np
import pytest

from jetloom.data.block import Block
from jetloom.data.collections import Slots
from jetloom.data.view import Columns, DataFacts
from jetloom.errors import ConfigurationError, RefusedNetworkError
from jetloom.export.export import export
from jetloom.export.formats import find_format
from jetloom.export.rows import all_rows
from jetloom.export.subject import Subject, names_of
from jetloom.models.registry import find_model

OWN = Columns(["share", "deta", "dphi"], np.array([0.1, 0.0, 0.5]), np.array([0.1, 0.2, 2.0]), None, slots=6)
FACTS = DataFacts(
    Columns(["pt", "mass"], np.array([1.0, 0.0]), np.ones(2), None), ["b", "light"], {"constituents": OWN}
)
ROWS = 40


@pytest.fixture(scope="module")
def jets():
    """Jets of 0 to 6 constituents."""
    generator = np.random.default_rng(1)
    rows = np.zeros(ROWS, [("pt", "<f4"), ("mass", "<f4"), ("label", "<i4")])
    rows["pt"], rows["mass"] = generator.normal(size=(2, ROWS))
    slots = np.zeros((ROWS, 6), [(name, "<f4") for name in OWN.names] + [("valid", "?")])
    slots["valid"] = np.arange(6) < np.arange(ROWS)[:, None] % 7
    for name in OWN.names:
        slots[name] = generator.uniform(0, 1, (ROWS, 6)) * slots["valid"]
    return Block(rows, {"constituents": Slots(slots)})


def _network(name="deep_sets", **parameters):
    model = find_model(name)
    return model, model.build(model.parameters(**parameters), FACTS, 1, {})


def test_the_published_sizes(keras):
    units = {name: _network(preset=name)[1] for name in ("pfn", "efn", "btag")}
    sizes = {name: [one.units for one in net.layers if type(one).__name__ == "Dense"] for name, net in units.items()}
    assert sizes["pfn"] == [100, 100, 256, 100, 100, 100, 2]
    assert sorted(sizes["efn"]) == sorted([1, 2, *sizes["pfn"]])  # the small ones only choose columns
    assert sizes["btag"] == [20, 20, 20, 20, 2]
    assert _network(preset="pfn", phi=[8])[1].get_layer("phi_0").units == 8


@pytest.mark.parametrize("kind", ["particle_flow", "energy_flow"])
@pytest.mark.parametrize("name", ["deep_sets", "deep_sets_with_jets"])
def test_order_and_empty_slots_change_nothing(keras, jets, name, kind):
    model, network = _network(name, kind=kind)
    features = model.features(jets, FACTS)
    first = np.asarray(network(features))
    turned = dict(features)
    turned["constituents"], turned["constituents_valid"] = (
        features[key][:, ::-1].copy() for key in ("constituents", "constituents_valid")
    )
    assert np.asarray(network(turned)) == pytest.approx(first, abs=1e-6)
    assert first.sum(axis=1) == pytest.approx(np.ones(ROWS), abs=1e-6)
    if name == "deep_sets":
        empty = features["constituents_valid"].sum(axis=1) == 0
        assert np.ptp(first[empty], axis=0) == pytest.approx([0.0, 0.0], abs=1e-6)


def test_an_energy_flow_is_blind_to_splittings_along_a_constituent(keras, jets):
    model, network = _network(kind="energy_flow")
    features = {key: values.copy() for key, values in model.features(jets, FACTS).items()}
    few = features["constituents_valid"].sum(axis=1) == 3
    first = np.asarray(network(features))[few]
    values = features["constituents"][few]
    values[:, 3] = values[:, 0]
    values[:, 0, 0] *= 0.3
    values[:, 3, 0] *= 0.7
    features["constituents"][few], features["constituents_valid"][few, 3] = values, 1.0
    assert np.asarray(network(features))[few] == pytest.approx(first, abs=1e-6)
    plain = _network()[1]
    assert np.abs(np.asarray(plain(features))[few] - np.asarray(plain(model.features(jets, FACTS)))[few]).max() > 1e-3


@pytest.mark.parametrize("name", ["onnx", "lwtnn", "frugally_deep"])
def test_a_particle_flow_is_exported_to_every_format(keras, jets, name, tmp_path):
    model, network = _network("deep_sets_with_jets", preset="btag")
    subject = Subject(network, names_of(network, FACTS), {})
    found = export(subject, find_format(name), all_rows(subject, model.features(jets, FACTS)), tmp_path / "network")
    assert found["comparisons"][1]["rows"] == ROWS
    assert [node.name for node in subject.names.sequences] == ["constituents"]
    assert subject.names.outputs == {"probabilities": ["b", "light"]}


def test_an_energy_flow_is_refused_by_lwtnn_alone(keras, jets, tmp_path):
    model, network = _network(kind="energy_flow")
    subject = Subject(network, names_of(network, FACTS), {})
    rows = all_rows(subject, model.features(jets, FACTS))
    for name in ("onnx", "frugally_deep"):
        export(subject, find_format(name), rows, tmp_path / name)
    with pytest.raises(RefusedNetworkError, match=r"'sum' \(Dot\): .*train deep_sets as particle_flow"):
        export(subject, find_format("lwtnn"), rows, tmp_path / "lwtnn")
    assert not (tmp_path / "lwtnn").exists()


def test_an_energy_flow_without_shares_is_refused(keras):
    with pytest.raises(ConfigurationError, match="needs the column 'fraction' and others"):
        _network(kind="energy_flow", share="fraction")
