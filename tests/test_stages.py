"""The table of stages and the rules are one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from jetloom import paths
from jetloom.cluster.attempts.asking import Asking
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
