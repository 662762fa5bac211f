"""The plan of an analysis, without Snakemake."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from jetloom.config.load import load_merged
from jetloom.errors import JetloomError
from jetloom.planning import targets
from jetloom.planning.inputs import Inputs
from jetloom.planning.plan import Plan, any_of

CONFIG = """
analysis: tiny
data: .
samples:
  a-b: {files: ["a*.root"], schema: simulated}
  made: {simulate: {process: dijet, events: 10, chunks: 2}}
conversion: {slots: {constituents: 8}}
tasks:
  dense:
    reads: trees
    samples: [made]
    labels: {gluon: {when: PartonTruthLabelID == 21}, quark: {when: PartonTruthLabelID == 1}}
    inputs: [pt]
    scan: {units: [8, 16]}
    search: {repetitions: 2}
  gluon: {dataset: dense, classes: [gluon], model: junipr, sampled: 7}
  quark: {dataset: dense, classes: [quark], model: junipr, sampled: 0}
  binary: {dataset: dense, model: junipr_binary, unaries: {gluon: gluon, quark: quark}}
comparisons:
  both: {tasks: [dense], ratios: {of_densities: {signal: quark, background: gluon}}}
"""


def wildcards(**values: str) -> SimpleNamespace:
    return SimpleNamespace(**values)


@pytest.fixture
def content(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a1", "a2"):
        (tmp_path / f"{name}.root").write_bytes(b"root")
    return yaml.safe_load(CONFIG)


@pytest.fixture
def plan(content):
    return Plan.of(content)


def test_the_configuration_is_checked_and_stored_once(content, plan):
    assert plan.config.is_file()
    assert str(plan.config).startswith("results/tiny/config/")
    content["samples"]["a-b"]["files"] = ["nothing*.root"]
    with pytest.raises(JetloomError, match="matches nothing"):
        Plan.of(content)


def test_files_of_the_conversion(content, plan):
    inputs = Inputs(plan)
    first = wildcards(sample="a-b", file="a1")
    assert str(inputs.dxaod(first)) == "a1.root"
    assert inputs.of_hdf5(first) == "results/tiny/ntuple/a-b/a1.root"
    made = wildcards(sample="made", file="chunk1")
    assert str(inputs.dxaod(made)) == "results/tiny/dxaod/made/chunk1.root"
    content["samples"]["a-b"]["prepare"] = "cp {input} {output}"
    content["conversion"]["route"] = "direct"
    prepared = Inputs(Plan(load_merged(content), plan.config))
    assert prepared.of_hdf5(first) == prepared.dxaod(first) == "results/tiny/prepared/a-b/a1.root"
    assert str(prepared.original(first)) == "a1.root"
    assert prepared.prepare_command(first) == "cp {input} {output}"


def test_tasks_that_share_a_dataset_read_that_of_its_owner(plan):
    inputs = Inputs(plan)
    for task in ("dense", "gluon", "binary"):
        assert inputs.in_dataset("parts")(wildcards(task=task)) == "results/tiny/datasets/dense/parts"
    assert inputs.in_compared_dataset("parts")(wildcards(comparison="both")) == "results/tiny/datasets/dense/parts"
    assert inputs.of_dataset(wildcards(task="dense")) == [f"results/tiny/trees/made/chunk{i}.h5" for i in (0, 1)]
    assert inputs.hdf5_of_task(wildcards(task="dense")) == [f"results/tiny/hdf5/made/chunk{i}.h5" for i in (0, 1)]


def test_a_scan_is_all_its_trainings(plan):
    inputs = Inputs(plan)
    found = inputs.manifests_of_scan(wildcards(task="dense"))
    assert len(found) == len(set(found)) == 4
    assert all(re.fullmatch(r"results/tiny/scans/dense/bundles/p[0-9a-f]{12}-r[01]\.json", path) for path in found)
    assert sorted(inputs.starting_scans(wildcards(task="binary"))) == [
        "results/tiny/scans/gluon/scan.json", "results/tiny/scans/quark/scan.json",
    ]  # fmt: skip
    assert inputs.starting_scans(wildcards(task="dense")) == []


def test_a_control_region_is_the_dataset_of_its_owner(content, plan):
    assert Inputs(plan).control_dataset(wildcards(task="dense")) == []
    content["tasks"]["region"] = {**content["tasks"]["dense"], "labels": {"a": {"when": "pt > 30"}}}
    content["tasks"]["borrower"] = {"dataset": "region"}
    content["tasks"]["dense"]["control"] = "borrower"
    found = Plan(load_merged(content), plan.config)
    assert Inputs(found).control_dataset(wildcards(task="dense")) == ["results/tiny/datasets/region/fingerprint.txt"]
    assert Inputs(found).control_dataset(wildcards(task="borrower")) == []
    before = found.settings["train"]
    assert before["gluon"] == plan.settings["train"]["gluon"]
    assert before["dense"] != plan.settings["train"]["dense"]
    content["tasks"]["borrower"]["classes"] = ["a"]
    after = Plan(load_merged(content), plan.config).settings["train"]
    assert {task for task in after if after[task] != before[task]} == {"dense", "borrower"}


def test_a_comparison_needs_the_models_of_its_ratios_too(plan):
    found = Inputs(plan).compared_predictions(wildcards(comparison="both"))
    assert found == [f"results/tiny/best/{task}/predictions.h5" for task in ("dense", "quark", "gluon")]


@pytest.mark.parametrize(
    ("changes", "stale"),
    [
        ({"title": "Both"}, {"plot_comparison"}),
        ({"trees": 2}, {"plot_comparison"}),
        ({"bins": 3}, {"compare"}),
        ({"ratios": {"of_densities": {"signal": "quark", "background": "gluon", "title": "T"}}}, {"plot_comparison"}),
        ({"ratios": {"of_densities": {"signal": "quark", "background": "gluon", "seed": True}}}, {"compare"}),
    ],
)
def test_titles_and_trees_of_a_comparison_shape_its_figures_alone(content, plan, changes, stale):
    content["comparisons"]["both"] |= changes
    other = Plan(load_merged(content), plan.config)
    assert {stage for stage in plan.settings if plan.settings[stage] != other.settings[stage]} == stale


def test_all_asks_for_each_kind_of_result(plan):
    assert "results/tiny/hdf5/a-b/a2.h5" in targets.hdf5(plan)
    assert targets.trees(plan) == [f"results/tiny/trees/made/chunk{i}.h5" for i in (0, 1)]
    assert targets.densities(plan) == [
        "results/tiny/best/gluon/closure.png",
            "results/tiny/comparisons/both/reweighting/of_densities/reweighting.html",
    ]  # fmt: skip
    assert "results/tiny/plots/dense/trees/binning.png" in targets.data_reports(plan)
    assert targets.runs(plan) == ["results/tiny/runs.html"]
    assert len(targets.task_reports(plan)) == 3 * 4


def test_bundles_of_a_scan(content, plan):
    content["cluster"] = {"points_per_job": 2}
    packed = Plan(load_merged(content), plan.config)
    found = Inputs(packed).manifests_of_scan(wildcards(task="dense"))
    assert found == [f"results/tiny/scans/dense/bundles/{name}.json" for name in packed.bundles["dense"]]
    assert all(name.startswith("b1-") for name in packed.bundles["dense"])
    assert sum(map(len, packed.bundles["dense"].values())) == 4


def test_a_result_that_was_taken_away_is_named(content, plan):
    content["cluster"] = {"points_per_job": 4}
    inputs = Inputs(packed := Plan(load_merged(content), plan.config))
    ((bundle, trainings),) = packed.bundles["dense"].items()
    of_bundle = wildcards(task="dense", bundle=bundle)
    assert inputs.lacking_results(of_bundle).split() == [training.name for training in trainings]
    for point, run in trainings:
        path = Path(f"results/tiny/scans/dense/{point}/{run}/result.json")
        path.parent.mkdir(parents=True)
        path.write_text("{}")
    assert inputs.lacking_results(of_bundle) == ""
    path.unlink()
    assert inputs.lacking_results(of_bundle) == trainings[-1].name


def test_a_manifest_that_was_taken_away_is_asked_for_again(plan):
    manifests = Inputs(plan).manifests_of_scan(wildcards(task="dense"))
    for path in map(Path, manifests):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    Path(manifests[1]).unlink()
    assert targets.lost_manifests(plan) == []  # the scan is not complete: it will be asked for anyway
    Path("results/tiny/scans/dense/scan.json").write_text("{}")
    assert targets.lost_manifests(plan) == [manifests[1]]


def test_patterns_match_names_and_nothing_else(plan):
    assert plan.tasks_of("dataset") == "dense"
    assert plan.tasks_of("evaluate") == "dense|binary"
    assert plan.tasks_of("evaluate_density") == "gluon|quark"
    assert re.fullmatch(any_of(["a.b", "c"]), "a.b")
    assert not re.fullmatch(any_of(["a.b", "c"]), "axb")
    assert any_of([]) == "none"


def test_any_change_of_size_or_time_of_a_source_is_a_change(content, tmp_path):
    content["samples"]["own"] = {"files": ["a1.root"], "schema": "simulated", "prepare": "cp {input} {output}"}
    content["conversion"]["route"] = "direct"
    inputs = Inputs(Plan.of(content))
    one, path = wildcards(sample="a-b", file="a1"), tmp_path / "a1.root"
    seen = [inputs.state_of_dxaod(one)]
    os.utime(path, ns=(0, 10**18))  # older than before
    seen.append(inputs.state_of_dxaod(one))
    path.write_bytes(b"longer")
    os.utime(path, ns=(0, 10**18))
    seen.append(inputs.state_of_dxaod(one))
    path.rename(tmp_path / "else.root")
    path.symlink_to("else.root")  # the same file by a link
    assert inputs.state_of_dxaod(one) == seen[-1]
    os.utime(tmp_path / "else.root", ns=(0, 10**18 + 1))
    seen.append(inputs.state_of_dxaod(one))
    assert len(set(seen)) == len(seen)
    assert inputs.state_of_hdf5_source(one) == seen[-1]
    # What another rule makes is newer when it is made again.
    prepared = wildcards(sample="own", file="a1")
    assert inputs.state_of_original(prepared) == seen[-1]
    assert inputs.state_of_dxaod(prepared) == inputs.state_of_dxaod(wildcards(sample="made", file="chunk0")) == ""
    content["conversion"]["route"] = "ntuple"
    assert Inputs(Plan.of(content)).state_of_hdf5_source(one) == ""


def test_another_scan_to_start_from_makes_a_training_stale_by_its_content_alone(content, plan, tmp_path):
    inputs = Inputs(plan)
    assert inputs.training_settings(wildcards(task="dense")) == plan.settings["train"]["dense"]
    before = inputs.training_settings(wildcards(task="binary"))
    scan = tmp_path / "results/tiny/scans/gluon/scan.json"
    scan.parent.mkdir(parents=True)
    scan.write_text("one")
    first = inputs.training_settings(wildcards(task="binary"))
    os.utime(scan, ns=(0, 10**18))
    assert inputs.training_settings(wildcards(task="binary")) == first != before
    scan.write_text("two")
    os.utime(scan, ns=(0, 10**17))
    assert inputs.training_settings(wildcards(task="binary")) not in (first, before)


@pytest.mark.parametrize("route", ["direct", "ntuple"])
def test_a_remote_file_is_a_parameter_and_no_input(content, route):
    url = "root://a.b//eos/x.root?authz=SECRET"
    content["samples"]["a-b"]["files"] = [url, "a1.root"]
    content["conversion"]["route"] = route
    plan = Plan.of(content)
    inputs, remote, local = Inputs(plan), wildcards(sample="a-b", file="x"), wildcards(sample="a-b", file="a1")
    assert inputs.original(remote) == inputs.dxaod(remote) == []
    assert inputs.remote_original(remote) == inputs.remote_dxaod(remote) == [url]
    assert inputs.state_of_dxaod(remote) == "root://a.b//eos/x.root", "a new token makes nothing stale"
    assert inputs.remote_original(local) == inputs.remote_dxaod(local) == inputs.remote_hdf5_source(local) == []
    assert (inputs.of_hdf5(remote), inputs.remote_hdf5_source(remote)) == (
        ([], [url]) if route == "direct" else ("results/tiny/ntuple/a-b/x.root", [])
    )
    assert all("://" not in str(path) for path in inputs.shown_dxaods(None))
    content["samples"]["a-b"]["prepare"] = "xrdcp {input} {output}"
    prepared = Inputs(Plan(load_merged(content), plan.config))
    assert prepared.remote_original(remote) == [url]
    assert prepared.remote_dxaod(remote) == prepared.remote_hdf5_source(remote) == []


OWN = """
from jetloom.models.dense import Dense
from jetloom.models.objectives.objective import Objective

class Other(Objective):
    "An objective that no page of the report shows."

class Mine(Dense):
    objective = Other()
"""


def test_an_objective_without_a_page_is_asked_for_none(content, tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    content["tasks"]["own"] = {"dataset": "dense", "model": "mine.py:Mine"}
    plan = Plan.of(content)
    asked = [path for path in targets.task_reports(plan) if "/own" in path]
    assert asked == ["results/tiny/plots/own/scan/learning_curves.png", "results/tiny/scans/own/best.zip"]
    assert "results/tiny/best/gluon/metrics.html" in targets.task_reports(plan)


def test_what_models_are_applied_to_has_a_job_a_file(content):
    content["tasks"]["dense"]["apply"] = {"samples": ["a-b"]}
    content["tasks"]["gluon"]["apply"] = {"samples": ["a-b"], "by": "class"}
    plan = Plan.of(content)
    assert targets.applied(plan) == [
        "results/tiny/applied/dense/a-b/a1.json", "results/tiny/applied/dense/a-b/a2.json",
        "results/tiny/applied/gluon/all.json",
    ]  # fmt: skip
    inputs = Inputs(plan)
    assert inputs.applied_files(wildcards(task="dense", piece="a-b/a2")) == ["results/tiny/trees/a-b/a2.h5"]
    assert plan.tasks_of("apply") == "dense|gluon"
