import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.config.load import load_analysis, load_merged
from jetloom.config.schema import find_schema
from jetloom.errors import ConfigurationError, CorruptFileError
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.provenance import digest
from jetloom.scan.config_copy import store
from jetloom.scan.points.space import find_point, parse_run, points, runs, talos_dictionary
from jetloom.scan.staleness import settings_digests
from tiny_analysis import CONFIG, analysis, merged


def _names(scan=None, **task):
    return [point.name for point in points(analysis(scan=scan or {}, **task).tasks["flavour"])]


def test_names_never_change():
    """A name that changes throws away the results of everybody's scans."""
    assert _names({"units": [8, 16], "dropout": [0.0, 0.1]}) == [
        "p75b650cb8022", "pee675384378c", "p852c7e9ccf63", "p561370fc3ced"
    ]  # fmt: skip


def test_a_default_written_out_gives_the_same_name():
    plain = _names({"units": [8]})
    assert _names({"units": [8], "optimizer": ["adam"], "dropout": [0.0]}) == plain
    assert _names({"units": [8]}, parameters={"activation": "relu"}) == plain
    assert _names(parameters={"units": 8}) == plain


@pytest.mark.parametrize(
    ("name", "value", "same"),
    [("dropout", 0, 0.0), ("learning_rate", "1e-3", 0.001), ("learning_rate", 1, 1.0), ("units", 8.0, 8)],
)
def test_a_value_names_its_point_however_it_is_written(name, value, same):
    """YAML reads 0 as an integer and 1e-3 as a text."""
    assert _names({name: [value]}) == _names({name: [same]}) == _names(parameters={name: same})
    assert repr(talos_dictionary(analysis(scan={name: [value]}).tasks["flavour"])[name]) == repr([same])


def test_adding_values_keeps_the_old_points():
    old = _names({"units": [8, 16]})
    assert set(old) < set(_names({"units": [8, 16, 32], "dropout": [0.0, 0.3]}))


def test_the_order_of_parameters_and_values_does_not_matter():
    assert set(_names({"units": [8, 16], "dropout": [0.0, 0.3]})) == set(
        _names({"dropout": [0.3, 0.0], "units": [16, 8]})
    )


def test_the_grid_is_the_product_and_each_point_comes_once():
    assert len(_names({"units": [8, 16, 32], "dropout": [0.0, 0.3], "l2": [0.0, 0.1]})) == 12
    assert len(_names({"units": [8, 8, 16]})) == 2
    assert len(_names()) == 1


@pytest.mark.parametrize(
    ("scan", "message"),
    [
        ({"unit": [8]}, r"scan: the model has no parameter 'unit'; did you mean 'units'"),
        ({"units": [8, -1]}, r"scan.units: .*not -1"),
        ({"units": [8, 1.5]}, r"scan.units: .*not 1.5"),
        ({"units": [8, "many"]}, r"scan.units: .*not 'many'"),
        ({"learning_rate": [float("nan")]}, r"scan.learning_rate: .*finite"),
        ({"activation": ["relu", "rleu"]}, r"scan.activation: .*not 'rleu'"),
        ({"units": [[8]]}, r"scan.units: "),
        ({"units": [None]}, r"scan.units: "),
    ],
)
def test_wrong_values_are_refused(scan, message):
    with pytest.raises(ConfigurationError, match=message):
        _names(scan)


def test_a_wrong_fixed_parameter_is_refused():
    with pytest.raises(
        ConfigurationError, match=r"parameters: the model has no parameter 'epoch'; did you mean 'epochs'"
    ):
        _names(parameters={"epoch": 3})


GRID = {"units": list(range(1, 101)), "dropout": [0.0, 0.1, 0.2, 0.3]}


def test_a_fraction_is_a_stable_choice():
    chosen = _names(GRID, search={"fraction": 0.25})
    assert 60 < len(chosen) < 140
    assert set(chosen) < set(_names(GRID))
    assert _names(GRID, search={"fraction": 0.25}) == chosen
    assert set(chosen) < set(_names(GRID, search={"fraction": 0.5}))
    more = _names({**GRID, "dropout": [0.0, 0.1, 0.2, 0.3, 0.4]}, search={"fraction": 0.25})
    assert set(chosen) < set(more)
    other = _names(GRID, search={"fraction": 0.25, "seed": 1})
    assert set(other) != set(chosen)
    assert len(_names({"units": [8, 16]}, search={"fraction": 1e-9})) == 1


def test_ten_thousand_points_take_less_than_a_second():
    task = analysis(scan={"units": list(range(1, 101)), "dropout": [k / 100 for k in range(100)]}).tasks["flavour"]
    start = time.process_time()
    assert len({point.name for point in points(task)}) == 10_000
    assert time.process_time() - start < 1.0


def test_repetitions_and_folds_are_runs():
    assert runs(analysis().tasks["flavour"]) == ["r0"]
    task = analysis(search={"repetitions": 2}, split={"folds": 3}).tasks["flavour"]
    assert runs(task) == ["r0f0", "r0f1", "r0f2", "r1f0", "r1f1", "r1f2"]
    assert [parse_run(run) for run in ("r0", "r12", "r1f2")] == [(0, None), (12, None), (1, 2)]


def test_a_point_is_found_by_its_name():
    task = analysis(scan={"units": [8, 16]}).tasks["flavour"]
    assert find_point(task, points(task)[1].name).parameters["units"] == 16
    with pytest.raises(ConfigurationError, match="the scan has no point 'x'"):
        find_point(task, "x")


def test_another_number_of_epochs_is_another_point():
    names = {epochs: points(analysis(parameters={"epochs": epochs}).tasks["flavour"])[0].name for epochs in (2, 3, 4)}
    assert len(set(names.values())) == 3


def _changed(task=None, **changes):
    """Stages whose digest another configuration changes."""
    base = settings_digests(load_merged(CONFIG))
    other = settings_digests(load_merged(merged(CONFIG, changes | ({"tasks": {"flavour": task}} if task else {}))))
    return {stage for stage, names in base.items() for name in names if names[name] != other[stage].get(name)}


@pytest.mark.parametrize(
    ("changes", "stages"),
    [
        ({"analysis": "other"}, set()),
        ({"task": {"scan": {"units": [8]}}}, {"collect"}),
        ({"task": {"parameters": {"units": 8}}}, {"collect"}),
        ({"task": {"training": {"tensorboard": True, "checkpoint_steps": 7}}}, set()),
        ({"task": {"search": {"repetitions": 3}}}, set()),
        ({"task": {"search": {"rank_by": "val_loss"}}}, {"collect"}),
        ({"task": {"training": {"early_stopping": {"patience": 3}}}}, {"train"}),
        ({"seed": 2}, {"simulate", "train", "evaluate"}),
        ({"bootstrap": 50}, {"evaluate"}),
        ({"cluster": {"stages": {"train": {"memory": 7000, "minutes": 77}}}}, set()),
        ({"task": {"samples": ["dijet"]}}, {"dataset"}),
        ({"task": {"parameters": {"epochs": 3}}}, {"collect"}),
        ({"task": {"title": "Other"}}, {"appearance"}),
        ({"task": {"inputs": ["pt"]}}, {"dataset"}),
        ({"task": {"split": {"salt": 1}}}, {"dataset"}),
        ({"samples": {"ttbar": {"cross_section": 3}}}, {"dataset", "diagnostics"}),
        ({"conversion": {"select": {"jets": ["pt > 30"]}}}, {"convert"}),
    ],
)
def test_only_the_stages_that_a_setting_shapes_become_stale(changes, stages):
    assert _changed(**changes) == stages


def test_a_stored_configuration_is_named_by_its_content_and_never_changes(tmp_path):
    first = store(analysis(), tmp_path)
    before = first.read_bytes()
    assert store(analysis(), tmp_path) == first
    other = store(analysis(split={"salt": 3}), tmp_path)
    assert other != first
    assert first.read_bytes() == before
    assert load_analysis(other).tasks["flavour"].split.salt == 3


def test_a_stored_configuration_that_was_damaged_is_written_anew(tmp_path):
    path = store(analysis(), tmp_path)
    before = path.read_bytes()
    path.write_bytes(before[:100])
    with pytest.raises(CorruptFileError, match="is not what was stored under this name"):
        load_analysis(path)
    assert store(analysis(), tmp_path) == path
    assert path.read_bytes() == before


def test_a_stored_configuration_means_the_same(tmp_path):
    labels = {name: {"when": f"truth == {k}"} for k, name in enumerate(("zebra", "ant", "mole"))}
    found, stored = analysis(labels=labels), load_analysis(store(analysis(labels=labels), tmp_path))
    assert stored.tasks == found.tasks
    # The order of the classes is that of the network's outputs.
    assert list(stored.tasks["flavour"].labels) == list(found.tasks["flavour"].labels)
    for name, sample in stored.samples.items():
        assert find_schema(sample.schema_name) == find_schema(found.samples[name].schema_name)
        assert sample.model_dump(exclude={"schema_name"}) == found.samples[name].model_dump(exclude={"schema_name"})


def test_a_table_has_no_sizes_that_come_with_the_model_a_task_starts_from():
    changes = {
        "model": "junipr",
        "parameters": {"epochs": 2},
        "scan": {"learning_rate": [0.001, 0.01]},
    }
    task = analysis(**changes).tasks["flavour"]
    assert talos_dictionary(task)["width"] == [10]
    found = talos_dictionary(task.model_copy(update={"start": "other"}))
    assert found["learning_rate"] == [0.001, 0.01]
    assert found["epochs"] == [2]
    assert not {"width", "recurrence", "preset", "branching_hidden"} & set(found)


def _plainly(task):
    """The points as the rule says them: every combination named by the digest of all its parameters, then drawn."""
    model = find_model(task.model)
    defaults = resolve_parameters(model, task.parameters)
    grid = {}
    for values in itertools.product(*task.scan.values()):
        found = resolve_parameters(model, {**defaults, **dict(zip(task.scan, values, strict=True))})
        grid.setdefault("p" + digest({"model": task.model, **model.identity(found)}), found)
    lots = {name: int(digest([task.search.seed, name], 13), 16) / 16**13 for name in grid}
    chosen = [name for name in grid if lots[name] < task.search.fraction or task.search.fraction == 1]
    return [(name, grid[name]) for name in chosen or [min(grid, key=lots.__getitem__)]]


SCANS = st.fixed_dictionaries(
    {},
    optional={
        "units": st.lists(st.integers(1, 50), min_size=1, max_size=3),
        "dropout": st.lists(st.sampled_from([0, 0.0, 0.1, "1e-3"]), min_size=1, max_size=3),
        "micro_batch": st.lists(st.sampled_from([0, 16]), min_size=1, max_size=3),
        "schedule": st.lists(st.sampled_from([[], ["binary"]]), min_size=1, max_size=2),
        "optimizer": st.lists(st.sampled_from(["adam", "sgd"]), min_size=1, max_size=2),
    },
)


@settings(max_examples=40, deadline=None)
@given(SCANS, st.sampled_from([1.0, 0.5, 0.1, 1e-9]), st.integers(0, 5))
def test_points_are_named_and_drawn_as_the_rule_says(scan, fraction, seed):
    task = analysis(scan=scan, search={"fraction": fraction, "seed": seed}).tasks["flavour"]
    assert [(point.name, point.parameters) for point in points(task)] == _plainly(task)


def test_a_grid_that_nobody_trains_is_refused_at_once():
    values = [k / 1000 for k in range(500)]
    with pytest.raises(ConfigurationError, match=r"^scan: the grid has 125,000,000 points, and naming more than"):
        _names({"dropout": values, "momentum": values, "l2": values}, search={"fraction": 1e-7})
    with pytest.raises(ConfigurationError, match=r"^scan: these are about 250,000 trainings.*lower search.fraction"):
        _names({"dropout": values, "momentum": values})
    assert len(_names({"dropout": values, "momentum": values[:10]}, search={"fraction": 0.01})) < 100
