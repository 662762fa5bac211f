"""Tasks that share a dataset: what is checked before anything runs, and what is made once."""

from pathlib import Path

import pytest

from jetloom import paths
from jetloom.config.load import find_owner, load_merged
from jetloom.errors import ConfigurationError
from jetloom.models import registry
from jetloom.models.dense import Dense
from jetloom.models.objectives import density as objectives
from jetloom.scan.compatibility import check_models
from jetloom.scan.preflight import check_analysis
from jetloom.scan.staleness import settings_digests
from tiny_analysis import CONFIG, analysis, merged


class Density(Dense):
    """A density of jets by name alone."""

    reads = frozenset({"branchings"})
    objective = objectives.Density()


class Onward(Density):
    """A density of a user's own that can go on from another."""

    can_continue = True


class TreeClassifier(Dense):
    """A classifier of trees by name alone."""

    reads = frozenset({"branchings"})
    inherited = frozenset({"units"})


UNARY = {"dataset": "flavour", "model": "density"}

SHARED = merged(
    CONFIG,
    {
        "conversion": {"slots": {"constituents": 40}},
        "tasks": {
            "flavour": {"reads": "trees"},
            "of_gluons": {**UNARY, "classes": ["gluon"]},
            "of_quarks": {**UNARY, "classes": ["quark"]},
            "binary": {
                "dataset": "flavour",
                "model": "binary",
                "unaries": {"gluon": "of_gluons", "quark": "of_quarks"},
            },
        },
        "comparisons": {
            "all": {
                "tasks": ["flavour", "binary"],
                "ratios": {"ratio": {"signal": "of_quarks", "background": "of_gluons"}},
            }
        },
    },
)


@pytest.fixture(autouse=True)
def _models(monkeypatch):
    monkeypatch.setitem(registry.MODELS, "density", f"{__name__}:Density")
    monkeypatch.setitem(registry.MODELS, "onward", f"{__name__}:Onward")
    monkeypatch.setitem(registry.MODELS, "binary", f"{__name__}:TreeClassifier")


def _check(**changes):
    check_models(load_merged(merged(SHARED, changes)))


def test_what_fits_is_not_refused():
    _check()


def test_a_model_that_says_so_goes_on_from_another_of_its_kind():
    of_all = {"dataset": "flavour", "model": "onward"}
    _check(tasks={"of_all": of_all, "of_quarks": {"model": "onward", "start": "of_all"}})


MISFITS = {
    "a model of trees without trees": (
        {"tasks": {"flavour": {"reads": "jets"}}},
        r"^tasks.of_gluons: the model 'density' reads trees, and the dataset has none.*tasks.flavour.reads to trees",
    ),
    "trees of what is not written": (
        {"conversion": {"slots": {"constituents": 40}}, "trees": {"collection": "tracks"}},
        r"^tasks.flavour.reads: trees are made of 'tracks', which is not written.*slots: \{tracks: 100\}",
    ),
    "a classifier of one class": (
        {"tasks": {"binary": {"classes": ["quark"], "unaries": None}}},
        r"^tasks.binary.classes: 'binary' tells classes apart, and there is only 'quark'",
    ),
    "a unary that is a classifier": (
        {"tasks": {"binary": {"unaries": {"quark": "flavour"}}}},
        r"^tasks.binary.unaries.quark: the model of 'flavour' is no density",
    ),
    "unaries the wrong way round": (
        {"tasks": {"binary": {"unaries": {"gluon": "of_quarks", "quark": "of_gluons"}}}},
        r"^tasks.binary.unaries.gluon: 'of_quarks' learns quark where gluon is needed.*of_quarks.classes to \[gluon\]",
    ),
    "a start of all classes": (
        {"tasks": {"of_quarks": {"classes": []}}},
        r"^tasks.binary.unaries.quark: 'of_quarks' learns gluon and quark where quark is needed",
    ),
    "a class without a unary": (
        {"tasks": {"binary": {"unaries": {"gluon": "of_gluons", "quark": None}}}},
        r"^tasks.binary.unaries: class 'quark' has none",
    ),
    "a size where there are densities to start from": (
        {"tasks": {"binary": {"scan": {"units": [8, 16]}}}},
        r"^tasks.binary.scan: 'units' is that of the densities it starts from; take it out, and set it for of_gluons",
    ),
    "a density that starts from others": (
        {"tasks": {"of_quarks": {"unaries": {"gluon": "of_gluons"}}}},
        r"^tasks.of_quarks.unaries: a density model starts from no other",
    ),
    "a start of a model that goes on from none": (
        {"tasks": {"of_quarks": {"start": "of_gluons"}}},
        r"^tasks.of_quarks.start: a '.*' goes on from no other model; take it out",
    ),
    "a start that is another kind of model": (
        {"tasks": {"of_quarks": {"model": "junipr", "start": "of_gluons"}}},
        r"^tasks.of_quarks.start: 'of_gluons' is a '.*', not a 'junipr'",
    ),
    "a size where there is a model to go on from": (
        {
            "tasks": {
                "of_all": {"dataset": "flavour", "model": "junipr"},
                "of_quarks": {"model": "junipr", "start": "of_all", "parameters": {"width": 20}},
            }
        },
        r"^tasks.of_quarks.parameters: 'width' is that of the densities it starts from; take it out.*for of_all",
    ),
    "a start that has not learnt the class": (
        {
            "tasks": {
                "of_gluons": {"model": "junipr"},
                "of_quarks": {"model": "junipr", "start": "of_gluons"},
            }
        },
        r"^tasks.of_quarks.start: 'of_gluons' has not learnt quark",
    ),
    "a density among the classifiers": (
        {"comparisons": {"all": {"tasks": ["flavour", "of_quarks"]}}},
        r"^comparisons.all.tasks: 'of_quarks' is no classifier",
    ),
    "bins of what the models do not carry along": (
        {"comparisons": {"all": {"variable": "et"}}},
        r"^comparisons.all.variable: 'et' is no spectator of 'flavour'; did you mean 'eta'",
    ),
    "best points of different folds": (
        {"tasks": {"flavour": {"split": {"folds": 3}}}},
        r"^comparisons.all: .* could be of another fold; set tasks.flavour.split.folds to 0",
    ),
    "a ratio upside down": (
        {"comparisons": {"all": {"ratios": {"ratio": {"signal": "of_gluons", "background": "of_quarks"}}}}},
        r"^comparisons.all.ratios.ratio.background: 'of_quarks' learns quark where gluon is needed",
    ),
    "a ratio of a classifier": (
        {"comparisons": {"all": {"ratios": {"ratio": {"signal": "binary"}}}}},
        r"^comparisons.all.ratios.ratio.signal: the model of 'binary' is no density",
    ),
    "a ratio of three classes": (
        {
            "tasks": {"flavour": {"labels": {"charm": {"when": "truth == 4"}}}, "binary": None},
            "comparisons": {"all": {"tasks": ["flavour"]}},
        },
        r"^comparisons.all.ratios: a likelihood ratio is of two classes, the labels are 3",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_what_does_not_fit_is_refused_with_its_place(name):
    changes, message = MISFITS[name]
    content = merged(SHARED, changes)
    content["tasks"] = {key: _without_none(value) for key, value in content["tasks"].items() if value is not None}
    with pytest.raises(ConfigurationError, match=message):
        check_models(load_merged(content))


def _without_none(task):
    unaries = {key: value for key, value in (task.get("unaries") or {}).items() if value is not None}
    return {
        **{key: value for key, value in task.items() if value is not None},
        **({"unaries": unaries} if unaries else {}),
    }


def test_a_shared_dataset_is_made_once():
    analysis = load_merged(SHARED)
    assert set(settings_digests(analysis)["dataset"]) == {"flavour"}
    assert {paths.dataset(analysis, task) for task in analysis.tasks} == {Path("results/tiny/datasets/flavour")}
    assert find_owner(analysis, "flavour") is analysis.tasks["flavour"]
    with pytest.raises(ConfigurationError, match="'binary' uses the dataset of 'flavour'; say --task flavour"):
        find_owner(analysis, "binary")


def test_bins_shape_a_dataset_of_trees_alone():
    def dataset(**task):
        content = merged(CONFIG, {"conversion": {"slots": {"constituents": 40}}, "tasks": {"flavour": task}})
        return settings_digests(load_merged(content))["dataset"]["flavour"]

    assert dataset(binning={"granularity": 20}) == dataset()
    assert dataset(reads="trees", binning={"granularity": 20}) != dataset(reads="trees")


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ({"of_quarks": {"start": "of_gluon"}}, "tasks.of_quarks.start: no task 'of_gluon'; did you mean 'of_gluons'"),
        (
            {"of_quarks": {"start": "of_gluons"}, "of_gluons": {"start": "of_quarks"}},
            "tasks.of_gluons.start: 'of_quarks' goes on from a model itself",
        ),
        ({"binary": {"start": "of_gluons"}}, "tasks.binary: 'start' and 'unaries' exclude each other"),
        ({"of_quarks": {"start": "of_quarks"}}, "tasks.of_quarks.start: 'of_quarks' goes on from a model itself"),
    ],
)
def test_a_start_that_cannot_be(tasks, message):
    with pytest.raises(ConfigurationError, match=message):
        _check(tasks=tasks)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scan": {"unitz": [8]}}, r"^tasks.flavour.scan: the model has no parameter 'unitz'; did you mean 'units'"),
        ({"parameters": {"units": 10**9}}, r"^tasks.flavour.parameters.units: 1000000000 is more than 30,000: a layer"),
        ({"model": "dens"}, r"^tasks.flavour.model: no model 'dens'; did you mean 'dense'"),
    ],
)
def test_a_wrong_parameter_is_told_with_its_task(changes, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("dijet.root", "ttbar.root"):
        (tmp_path / name).touch()
    with pytest.raises(ConfigurationError, match=message):
        check_analysis(analysis(**changes))
