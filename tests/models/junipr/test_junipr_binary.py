import numpy as np
import pytest

from jetloom.data.streams.batch import Batch
from jetloom.data.view import Columns, DataFacts
from jetloom.errors import ConfigurationError, CorruptFileError
from jetloom.models.registry import find_model
from junipr_toys import binning, facts, jets

MODEL = find_model("junipr_binary")
BLOCK = jets([3, 0, 20, 7])


def _build(start, data=None, **parameters):
    return MODEL.build(MODEL.parameters.model_validate(parameters), data or facts(), 5, start)


@pytest.fixture(scope="module")
def unaries(build, tmp_path_factory):
    """Two saved densities, and their networks, by class."""
    directory = tmp_path_factory.mktemp("unaries")
    networks = {name: build(seed) for seed, name in enumerate(("gluon", "quark"))}
    for name, network in networks.items():
        network.save(directory / f"{name}.keras")
    return {name: directory / f"{name}.keras" for name in networks}, networks


def test_logits_are_the_log_probabilities_of_the_two_densities(unaries):
    paths, networks = unaries
    network, features = _build(paths), MODEL.features(BLOCK, facts())
    log_p = np.stack([np.asarray(networks[name](features)).sum(axis=(1, 2)) for name in ("gluon", "quark")], axis=1)
    logits = np.asarray(network(features))
    np.testing.assert_allclose(logits, log_p, rtol=1e-6)
    ratio = log_p[:, 1] - log_p[:, 0]
    np.testing.assert_allclose(MODEL.predictions(logits)[:, 1], 1 / (1 + np.exp(-ratio)), rtol=1e-4)
    assert len(network.trainable_variables) == sum(len(one.trainable_variables) for one in networks.values())


def test_length_and_temperature_divide_the_logits(unaries):
    paths, _ = unaries
    features = MODEL.features(BLOCK, facts())
    plain = np.asarray(_build(paths)(features))
    divided = np.asarray(_build(paths, normalize_by_length=True, temperature=2.0)(features))
    np.testing.assert_allclose(divided, plain / (2 * (BLOCK.lengths + 1)[:, None]), rtol=1e-6)
    learned = _build(paths, learn_temperature=True, temperature=2.0)
    np.testing.assert_allclose(np.asarray(learned(features)), plain / 2, rtol=1e-6)
    assert any(variable.path.endswith("log_temperature") for variable in learned.trainable_variables)


def test_the_three_losses(keras):
    outputs = np.array([[-3.0, -1.0], [-3.0, -1.0], [-500.0, -900.0]], np.float32)
    batch = Batch.of({}, np.array([1, 0, 1], np.int32), np.ones(3, np.float32))
    wrong = np.array([-2.0, 2.0, 400.0])
    expected = {"bce": np.logaddexp(0, wrong), "sigmoid": 1 / (1 + np.exp(-wrong)), "difference": wrong}
    for name, values in expected.items():
        parameters = MODEL.parameters(loss=name)
        found = np.asarray(MODEL.loss(batch, keras.ops.convert_to_tensor(outputs), parameters))
        np.testing.assert_allclose(found, values, rtol=1e-6)
    assert MODEL.parameters().loss == "bce"


def test_probabilities_are_those_of_two_classes():
    outputs = np.array([[-3.0, -1.0], [-500.0, -900.0], [-900.0, -500.0]], np.float32)
    found = MODEL.predictions(outputs)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(found[:, 1], [1 / (1 + np.exp(-2)), 0, 1], atol=1e-6)


def test_a_saved_classifier_gives_the_same(keras, unaries, tmp_path):
    paths, _ = unaries
    network, features = _build(paths, learn_temperature=True), MODEL.features(BLOCK, facts())
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_array_equal(np.asarray(loaded(features)), np.asarray(network(features)))


def test_fresh_densities_differ(keras):
    network = _build({}, width=7)
    first, second = (network.get_layer(f"junipr_{name}") for name in ("gluon", "quark"))
    assert (np.asarray(first.end.first.kernel) != np.asarray(second.end.first.kernel)).any()
    assert first.structure["width"] == 7


def test_the_difference_warns(keras, caplog):
    _build({}, loss="difference")
    assert "no lower bound" in caplog.text


def test_densities_that_do_not_fit_are_refused(build, unaries, tmp_path):
    paths, _ = unaries
    other = binning()
    other["branching"]["z"] = [0.001, 0.5]
    data = DataFacts(Columns(["pt"], np.ones(1), np.ones(1), None), ["gluon", "quark"], trees=other)
    with pytest.raises(ConfigurationError, match=r"^unaries.gluon: .*another 'branching'.*: z \[0.002, 0.5\], not"):
        _build(paths, data)
    with pytest.raises(ConfigurationError, match=r"another 'trees' .*max_constituents 100, not 90"):
        _build(paths, facts(most=90))
    with pytest.raises(ConfigurationError, match="only one of the two classes"):
        _build({"quark": paths["quark"]})
    _build(paths).save(tmp_path / "binary.keras")
    with pytest.raises(ConfigurationError, match=r"^unaries.quark: .*a model 'junipr_binary', not 'junipr'"):
        _build({**paths, "quark": tmp_path / "binary.keras"})
    (tmp_path / "broken.keras").write_text("no")
    with pytest.raises(CorruptFileError, match="not a Keras model"):
        _build({**paths, "quark": tmp_path / "broken.keras"})


def test_densities_of_different_sizes_make_a_ratio(build, unaries, tmp_path):
    """The best points of two scans need not be of one size."""
    paths, _ = unaries
    build(3, width=11).save(tmp_path / "wide.keras")
    network = _build({**paths, "quark": tmp_path / "wide.keras"})
    widths = [network.get_layer(f"junipr_{name}").structure["width"] for name in ("gluon", "quark")]
    assert widths[1] == 11 != widths[0]


def test_one_class_is_no_ratio(keras):
    data = DataFacts(Columns(["pt"], np.ones(1), np.ones(1), None), ["gluon"], trees=binning())
    with pytest.raises(ConfigurationError, match="takes two classes, not 1"):
        _build({}, data)


def test_a_density_goes_on_with_structure_and_weights_of_another(build, unaries):
    paths, networks = unaries
    model = find_model("junipr")
    other_size = model.parameters.model_validate({"width": 3})
    found = model.build(other_size, facts(), 99, {"start": paths["quark"]})
    features = model.features(jets([3, 0, 9]), facts())
    np.testing.assert_array_equal(np.asarray(found(features)), np.asarray(networks["quark"](features)))
    with pytest.raises(ConfigurationError, match=r"^start: .*another 'trees' .*max_constituents 100, not 90"):
        model.build(other_size, facts(most=90), 1, {"start": paths["quark"]})


def test_the_temperature_that_is_learnt_is_the_one_of_the_data(keras):
    """Labels are drawn from log odds that are a fifth of the ratio of the densities: that is the temperature."""
    from jetloom.models.junipr.ratio import RatioLogits
    from jetloom.training.steppers.choice import make_stepper

    rng = np.random.default_rng(3)
    log_p = rng.normal(-100, 8, (2, 20000, 1, 1)).astype(np.float32)
    ratio = (log_p[1] - log_p[0]).ravel()
    labels = (rng.random(20000) < 1 / (1 + np.exp(-ratio / 5))).astype(np.int32)
    first, second = keras.Input((1, 1), name="first"), keras.Input((1, 1), name="second")
    length = keras.Input((), name="length", dtype="int32")
    layer = RatioLogits(1.0, True, False)
    network = keras.Model({"first": first, "second": second, "length": length}, layer([first, second, length]))
    parameters = MODEL.parameters(learning_rate=0.1)
    stepper = make_stepper(network, MODEL, parameters)
    features = {"first": log_p[0], "second": log_p[1], "length": np.ones(20000, np.int32)}
    for _ in range(80):
        sums = stepper.train({"main": Batch.of(features, labels, np.ones(20000, np.float32))})
    assert np.exp(float(np.asarray(layer.log_temperature))) == pytest.approx(5.0, rel=0.05)
    # The loss is then the entropy of the labels, given the log odds.
    assert sums[0] / 20000 == pytest.approx(np.log1p(np.exp(-np.abs(ratio / 5))).mean() + (
        np.abs(ratio / 5) / (1 + np.exp(np.abs(ratio / 5)))).mean(), rel=0.02)  # fmt: skip
