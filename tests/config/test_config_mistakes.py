import re

import pytest

from jetloom.config.load import find_task, load_analysis, load_merged
from jetloom.errors import ConfigurationError, MissingFileError
from tiny_analysis import CONFIG, analysis, config, merged

LIKE = {"labels": {"forward": {"when": "eta > 0"}}, "inputs": ["log(pt)", "width", "ntrk"]}
"""A task with the inputs of the other."""

MISTAKES = {
    "unknown key at the top": ({"tsks": {}}, r"^tsks: unknown key 'tsks'; did you mean 'tasks'"),
    "unknown key deep down": (
        {"tasks": {"flavour": {"training": {"early_stopping": {"patence": 3}}}}},
        r"^tasks.flavour.training.early_stopping.patence: unknown key 'patence'; did you mean 'patience'",
    ),
    "wrong type": (
        {"tasks": {"flavour": {"search": {"repetitions": "three"}}}},
        r"^tasks.flavour.search.repetitions: input should be a valid integer.*, not 'three'",
    ),
    "out of range": (
        {"samples": {"dijet": {"cross_section": -1}}},
        r"^samples.dijet.cross_section: .*greater than 0, not -1",
    ),
    "not a number": ({"samples": {"dijet": {"cross_section": float("nan")}}}, r"^samples.dijet.cross_section: "),
    "scalar in scan": ({"tasks": {"flavour": {"scan": {"units": 3}}}}, r"scan: 'units' must be a list.*'units: \[3\]'"),
    "empty list in scan": ({"tasks": {"flavour": {"scan": {"units": []}}}}, r"scan: 'units' must be a list"),
    "scanned and fixed": (
        {"tasks": {"flavour": {"scan": {"epochs": [1]}}}},
        r"^tasks.flavour: 'epochs' stands in both 'parameters' and 'scan'",
    ),
    "shares": (
        {"tasks": {"flavour": {"split": {"train": 0.7}}}},
        r"^tasks.flavour.split: train \+ validation \+ test must be 1, not 1.1$",
    ),
    "edges of a comparison": (
        {"comparisons": {"all": {"tasks": ["flavour"], "edges": [20, 50, 50]}}},
        r"^comparisons.all.edges: edges must be at least two, and rise",
    ),
    "one model twice": (
        {"comparisons": {"all": {"tasks": ["flavour", "flavour"]}}},
        r"^comparisons.all: two of its models have the name 'flavour'",
    ),
    "unknown control region": (
        {"tasks": {"flavour": {"control": "rgion"}, "region": LIKE}},
        r"^tasks\.flavour\.control: no task 'rgion'; did you mean 'region'",
    ),
    "its own control region": (
        {"tasks": {"flavour": {"control": "flavour"}}},
        r"^tasks\.flavour\.control: .* another task's, and this is a circle: flavour -> flavour$",
    ),
    "control regions in a circle": (
        {"tasks": {"flavour": {"control": "region"}, "region": {**LIKE, "control": "flavour"}}},
        r"^tasks\.flavour\.control: .*circle: flavour -> region -> flavour$",
    ),
    "a circle further on": (
        {"tasks": {"flavour": {"control": "a"}, "a": {**LIKE, "control": "b"}, "b": {**LIKE, "control": "a"}}},
        r"control: .*circle: a -> b -> a$",
    ),
    "control region of other inputs": (
        {"tasks": {"flavour": {"control": "region"}, "region": {**LIKE, "inputs": ["width", "ntrk"]}}},
        r"^tasks\.flavour\.control: 'region' has other inputs: \['width', 'ntrk'\] where 'flavour' has \['log",
    ),
    "control region of other folds": (
        {"tasks": {"flavour": {"control": "region", "split": {"folds": 3}}, "region": {**LIKE, "split": {"folds": 4}}}},
        r"^tasks\.flavour\.control: 'region' has 4 folds and 'flavour' 3",
    ),
    "two folds": ({"tasks": {"flavour": {"split": {"folds": 2}}}}, r"folds must be 0 \(none\) or at least 3"),
    "sample typo": (
        {"tasks": {"flavour": {"samples": ["dijets"]}}},
        r"tasks.flavour.samples: no sample 'dijets'; did you mean 'dijet'",
    ),
    "metric of the ranking": (
        {"tasks": {"flavour": {"search": {"rank_by": "val auc"}}}},
        r"^tasks.flavour.search.rank_by: .*pattern.*, not 'val auc'",
    ),
    "expression": (
        {"tasks": {"flavour": {"inputs": ["pt", "log(pt"]}}},
        r"^tasks.flavour.inputs.1: 'log\(pt' is not an expression",
    ),
    "expression of a class": (
        {"tasks": {"flavour": {"labels": {"quark": {"when": "label[1] == 1"}}}}},
        r"^tasks.flavour.labels.quark.when: 'label\[1\] == 1': 'label\[1\]' is not allowed",
    ),
    "one class": ({"tasks": {"flavour": {"labels": None}}}, r"^tasks.flavour.labels: "),
    "missing value of no input": (
        {"tasks": {"flavour": {"missing": {"widht": 0}}}},
        r"^tasks.flavour: missing: no input column 'widht'; did you mean 'width'",
    ),
    "flattened to no class": (
        {"tasks": {"flavour": {"weights": {"flatten": {"to": "quarks", "variables": {"pt": 3}}}}}},
        r"^tasks.flavour: weights.flatten.to: no class 'quarks'; did you mean 'quark'",
    ),
    "neither files nor simulation": ({"samples": {"dijet": {"files": []}}}, r"^samples.dijet: give either 'files'"),
    "name with a slash": ({"analysis": "a/b"}, r"^analysis: .*pattern.*, not 'a/b'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_one_line_that_says_where(mistake):
    changes, message = MISTAKES[mistake]
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_merged(merged(CONFIG, changes))
    assert "\n" not in caught.value.line()
    assert caught.value.exit_code == 2


def test_several_mistakes_are_counted():
    with pytest.raises(ConfigurationError, match=r"\(and 1 more\)"):
        load_merged(merged(CONFIG, {"tsks": {}, "seed": -1}))


def test_an_unknown_task_gets_its_near_misses():
    assert find_task(analysis(), "flavour").labels
    with pytest.raises(ConfigurationError, match=r"^tasks: no task 'flavor'; did you mean 'flavour'"):
        find_task(analysis(), "flavor")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("analysis: a\nsamples: {x: [}\n", r"a.yaml: line 2: is not YAML"),
        ("analysis: a\n\tseed: 1\n", r"a.yaml: line 2: is not YAML"),
        ("- a\n- b\n", "a.yaml: must hold keys and values"),
        ("", "a.yaml: must hold keys and values"),
        ("analysis: demo\n", r"a.yaml: samples: is missing"),
    ],
)
def test_a_file_that_is_no_configuration_is_named_with_the_line(tmp_path, text, message):
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        load_analysis(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        load_analysis(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read as text"):
        load_analysis(tmp_path / "b.yaml")
    with pytest.raises(ConfigurationError, match=re.escape(str(tmp_path))):
        load_analysis(tmp_path)


def test_nothing_changes_after_loading():
    loaded = analysis()
    with pytest.raises(ValueError, match="frozen"):
        loaded.seed = 3


def test_a_configuration_survives_a_round_trip():
    loaded = load_merged(config(scan={"units": [1, 2]}))
    assert load_merged(loaded.model_dump(mode="json", by_alias=True)) == loaded


def test_the_samples_of_a_task_come_in_the_order_of_the_configuration():
    assert analysis().task_samples("flavour") == ["dijet", "ttbar"]
    assert analysis(samples=["ttbar", "dijet"]).task_samples("flavour") == ["dijet", "ttbar"]
    assert analysis(samples=["ttbar"]).task_samples("flavour") == ["ttbar"]
