"""The table of stages and the rules are one."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake.resources import Resources

from jetloom import paths
from jetloom.cluster.attempts.asking import Asking, memory_per_cpu, tells_runtime
from jetloom.cluster.profiles.asked import request_of
from jetloom.config.cluster import Stages
from jetloom.config.load import load_analysis, load_merged
from jetloom.scan.attempts import ledger
from jetloom.scan.bundles.membership import scan_bundles
from jetloom.stages import NO_TASK, STAGES, jobs_of

CHECKOUT = Path(__file__).parents[1]
EXAMPLES = [CHECKOUT / "config" / "config.yaml", *sorted((CHECKOUT / "config" / "examples").glob("*.yaml"))]


def _rules() -> dict[str, str]:
    """The text of each rule, by its name."""
    text = "".join(path.read_text() for path in sorted((CHECKOUT / "rules").glob("*.smk")))
    blocks = re.split(r"^rule (\w+):\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(blocks[::2], blocks[1::2], strict=True))


def test_each_rule_is_a_stage_and_each_stage_a_rule():
    assert set(_rules()) == set(STAGES)


@pytest.mark.parametrize(("rule", "text"), _rules().items())
def test_a_rule_asks_by_its_own_name_and_logs_under_it(rule, text):
    assert re.findall(r"\basks\(\"(\w+)\"\)", text) == [rule]
    assert re.search(rf'    log:\n        "<logs>/{rule}[/.]', text)
    if "    benchmark:" in text:
        assert re.search(rf'    benchmark:\n        "<benchmarks>/{rule}/', text)


def test_the_requests_are_the_keys_of_the_configuration():
    assert {stage.request for stage in STAGES.values()} == set(Stages.model_fields)
    assert request_of("evaluate_density") == "evaluate"
    assert request_of("plot_best") == "plot"
    assert request_of("a rule of the user's") == "a rule of the user's"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_stages_of_the_examples(path):
    analysis = load_analysis(path)
    found = {(stage.rule, task) for stage, task in jobs_of(analysis)}
    rules = {rule for rule, _ in found}
    assert {task for _, task in found} <= {NO_TASK, *analysis.tasks}
    assert {(rule, task) for rule in ("train", "collect") for task in analysis.tasks} <= found
    for task in analysis.tasks:
        assert len({(rule, task) for rule in ("evaluate", "evaluate_density", "evaluate_regression")} & found) == 1
    assert ("compare" in rules) == bool(analysis.comparisons)
    assert ("simulate" in rules) == any(sample.simulate for sample in analysis.samples.values())


class Wildcards(dict):
    """Wildcards as Snakemake gives them: by name, and as attributes."""

    __getattr__ = dict.__getitem__


def test_the_memory_of_every_stage_grows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    analysis = load_merged(yaml.safe_load((CHECKOUT / "config" / "config.yaml").read_text()))
    bundles = {"quark_gluon": scan_bundles(analysis, "quark_gluon")}
    asks, (bundle, (training,)) = Asking(analysis, bundles), next(iter(bundles["quark_gluon"].items()))
    for rule in STAGES:
        wildcards = Wildcards(task="quark_gluon", bundle=bundle, **training._asdict())
        asked = asks(rule)
        first = asked["mem_mb"](wildcards), asked["allowed_job_duration"](wildcards)
        ledger.append(
            paths.attempts(analysis, rule, wildcards),
            ledger.Attempt(1, ledger.Cause.OUT_OF_MEMORY, memory_asked_mb=first[0]),
        )
        asks.forget()
        assert asked["mem_mb"](wildcards) == asked["htcondor_request_mem_mb"](wildcards) == 2 * first[0], rule
        assert asked["allowed_job_duration"](wildcards) == 60 * asked["runtime"](wildcards) == first[1], rule


@pytest.mark.parametrize(("threads", "per_cpu", "of_cpu"), [(1, 1500, 2000), (4, 1500, 1500), (4, 1, 500), (3, 1, 667)])
def test_memory_by_cpu_grows_and_the_ledger_is_told_the_whole(tmp_path, monkeypatch, threads, per_cpu, of_cpu):
    monkeypatch.chdir(tmp_path)
    content = yaml.safe_load((CHECKOUT / "config" / "config.yaml").read_text())
    content["tasks"]["quark_gluon"].setdefault("training", {})["threads"] = threads
    content["cluster"] = {"stages": {"train": {"memory": 2000}}}
    analysis = load_merged(content)
    found = scan_bundles(analysis, "quark_gluon")
    bundle, (training,) = next(iter(found.items()))
    wildcards = Wildcards(task="quark_gluon", bundle=bundle)
    asked = Asking(analysis, {"quark_gluon": found}, per_cpu)("train")
    assert asked["mem_mb_per_cpu"](wildcards) == of_cpu
    assert asked["mem_mb"](wildcards) == asked["htcondor_request_mem_mb"](wildcards) == threads * of_cpu
    path = paths.training(analysis, "quark_gluon", *training) / ledger.LEDGER
    ledger.append(path, ledger.Attempt(1, ledger.Cause.OUT_OF_MEMORY, memory_asked_mb=threads * of_cpu))
    again = Asking(analysis, {"quark_gluon": found}, per_cpu)("train")
    assert again["mem_mb_per_cpu"](wildcards) == 2 * of_cpu
    dataset = Asking(analysis, {}, per_cpu)("dataset")
    assert dataset["mem_mb_per_cpu"](Wildcards(task="quark_gluon")) == 2000
    assert "mem_mb_per_cpu" not in Asking(analysis, {})("dataset")
    told = Asking(analysis, {"quark_gluon": found}, told=True)("train")
    assert told["classad_MaxRuntime"](wildcards) == 60 * told["runtime"](wildcards)
    assert "classad_MaxRuntime" not in dataset


def test_the_profile_says_whether_memory_goes_by_cpu():
    def run(**resources):
        parsed = Resources.parse([f"{name}={value}" for name, value in resources.items()], allow_expressions=True)
        return SimpleNamespace(resource_settings=SimpleNamespace(default_resources=parsed))

    assert memory_per_cpu(run(mem_mb_per_cpu=1500, slurm_partition="main")) == 1500
    assert memory_per_cpu(run(mem_mb=1500)) == 0
    assert tells_runtime(run(classad_MaxRuntime=1, mem_mb=1500))
    assert not tells_runtime(run(mem_mb=1500))
    assert not tells_runtime(SimpleNamespace(resource_settings=SimpleNamespace(default_resources=None)))
    assert memory_per_cpu(run(mem_mb_per_cpu="max(1000, 2 * input.size_mb)")) == 1
    assert memory_per_cpu(SimpleNamespace(resource_settings=SimpleNamespace(default_resources=None))) == 0
