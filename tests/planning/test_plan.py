"""The plan of an analysis, without Snakemake."""

from __future__ import annotations

import re
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
    found = inputs.results_of_scan(wildcards(task="dense"))
    assert len(found) == len(set(found)) == 4
    assert all(re.fullmatch(r"results/tiny/scans/dense/p[0-9a-f]{12}/r[01]/result\.json", path) for path in found)
    assert sorted(inputs.starting_scans(wildcards(task="binary"))) == [
        "results/tiny/scans/gluon/scan.json", "results/tiny/scans/quark/scan.json",
    ]  # fmt: skip
    assert inputs.starting_scans(wildcards(task="dense")) == []


def test_a_comparison_needs_the_models_of_its_ratios_too(plan):
    found = Inputs(plan).compared_predictions(wildcards(comparison="both"))
    assert found == [f"results/tiny/best/{task}/predictions.h5" for task in ("dense", "quark", "gluon")]


def test_all_asks_for_each_kind_of_result(plan):
    assert "results/tiny/hdf5/a-b/a2.h5" in targets.hdf5(plan)
    assert targets.trees(plan) == [f"results/tiny/trees/made/chunk{i}.h5" for i in (0, 1)]
    assert targets.densities(plan) == [
        "results/tiny/best/gluon/sampled.h5", "results/tiny/comparisons/both/reweighting/of_densities/weights.h5",
    ]  # fmt: skip
    assert "results/tiny/plots/dense/trees/binning.png" in targets.data_reports(plan)
    assert targets.runs(plan) == ["results/tiny/runs.html"]
    assert len(targets.task_reports(plan)) == 3 * 4


def test_patterns_match_names_and_nothing_else(plan):
    assert plan.tasks_of("dataset") == "dense"
    assert plan.tasks_of("evaluate") == "dense|binary"
    assert plan.tasks_of("evaluate_density") == "gluon|quark"
    assert re.fullmatch(any_of(["a.b", "c"]), "a.b")
    assert not re.fullmatch(any_of(["a.b", "c"]), "axb")
    assert any_of([]) == "none"
