"""The rules themselves: style, speed at scale, and the errors that come before any job."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from small_analysis import CHECKOUT, Analysis

import dxaod_files

RULES = sorted((CHECKOUT / "rules").glob("*.smk"))


def rules() -> list[tuple[str, str]]:
    found = []
    for path in RULES:
        for block in re.split(r"^(?=rule )", path.read_text(), flags=re.MULTILINE)[1:]:
            found.append((block.split()[1].rstrip(":"), block))
    return found


@pytest.mark.parametrize(("name", "text"), rules())
def test_a_rule_has_a_log_and_calls_one_verb(name: str, text: str) -> None:
    assert "    log:\n" in text
    assert "    shell:\n" in text
    assert "run:" not in text.replace("{run}", "")
    assert "script:" not in text
    assert len(re.findall(r'"(?:exec )?jetloom [a-z_0-9]+', text)) == 1


def test_the_linter_is_content() -> None:
    linted = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stderr
    assert "good condition" in linted.stderr + linted.stdout


def test_reading_ten_thousand_points_takes_less_than_a_second(fresh: Analysis) -> None:
    task = fresh.content["tasks"]["quark_gluon"]
    task["parameters"] = {"epochs": 2}
    task["scan"] = {"units": list(range(1, 101)), "batch_size": list(range(1, 101))}
    fresh.write(fresh.content)
    from jetloom.config.load import load_analysis
    from jetloom.scan.points.space import points
    from jetloom.scan.staleness import settings_digests

    started = time.process_time()
    sum(number * number for number in range(2_000_000))
    unit = time.process_time() - started  # 0.12 s where nothing else runs
    started = time.process_time()
    analysis = load_analysis(fresh.config)
    found = points(analysis.tasks["quark_gluon"])
    settings_digests(analysis)
    assert len(found) == 10_000
    assert time.process_time() - started < max(1.0, 8 * unit)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"taskz": {}}, r"taskz: unknown key 'taskz'; did you mean 'tasks'\?"),
        ({"seed": "one"}, r"seed: .*integer.*'one'"),
        (
            {"samples": {"real": {"files": ["nothing_*.root"]}}},
            r"samples.real.files: the pattern 'nothing_\*.root' matches",
        ),
        ({"samples": {"real": {"files": ["x.root"], "schema": "physlight"}}}, r"physlight|matches nothing"),
    ],
)
def test_a_wrong_configuration_is_one_line_before_any_job(fresh: Analysis, change: dict, message: str) -> None:
    fresh.write({**fresh.content, **change})
    ran = fresh.snakemake("-n")
    assert ran.returncode != 0
    lines = [line for line in ran.stdout.splitlines() if "error:" in line]
    assert len(lines) == 1, ran.stdout
    assert re.search(message, lines[0])
    assert "Traceback" not in ran.stdout


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("scan", {"unitz": [1, 2]}, r"no parameter 'unitz'; did you mean 'units'\?"),
        ("scan", {"units": 5}, r"'units' must be a list"),
        ("scan", {"units": ["many"]}, r"scan.units"),
        ("search", {"rank_by": "val_auk"}, r"search.rank_by: .*no metric 'val_auk'; did you mean 'val_auc'"),
        ("inputs", ["log(pt)", "Widht"], r"tasks.quark_gluon.inputs: 'Widht': .*did you mean 'Width'"),
        ("model", "dens", r"no model 'dens'; did you mean 'dense'\?"),
        (
            "training",
            {"early_stopping": {"monitor": "val_los"}},
            r"early_stopping.monitor: .*no metric 'val_los'; did you mean 'val_loss'",
        ),
    ],
)
def test_a_wrong_task_is_one_line_before_any_job(fresh: Analysis, key: str, value: object, message: str) -> None:
    fresh.content["tasks"]["quark_gluon"][key] = value
    fresh.write(fresh.content)
    ran = fresh.snakemake("-n")
    assert ran.returncode != 0
    lines = [line for line in ran.stdout.splitlines() if "error:" in line]
    assert len(lines) == 1, ran.stdout
    assert re.search(message, lines[0])


def test_a_shared_dataset_is_built_and_drawn_once(fresh: Analysis) -> None:
    tasks = fresh.content["tasks"]
    tasks["other"] = {"dataset": "quark_gluon", "parameters": {"epochs": 2}, "scan": {"units": [2, 3, 5]}}
    fresh.write(fresh.content)
    shown = fresh.snakemake("-n", "--quiet", "rules")
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", shown.stdout, re.MULTILINE))
    assert (jobs["dataset"], jobs["plot_inputs"], jobs["train"]) == ("1", "1", "5"), shown.stdout
    assert jobs["collect"] == jobs["evaluate"] == jobs["deploy"] == "2"
    results = fresh.results.relative_to(fresh.directory)
    for own in (f"{results}/datasets/other/dataset.json", f"{results}/plots/other/inputs"):
        assert fresh.snakemake("-n", own).returncode != 0
    asked = fresh.jetloom("dataset", "--config", str(fresh.config), "--task", "other")
    assert asked.returncode != 0
    assert "'other' uses the dataset of 'quark_gluon'; say --task quark_gluon" in asked.stdout
    assert (
        "other (dataset of quark_gluon): 3 trainings" in fresh.jetloom("status", "--config", str(fresh.config)).stdout
    )


def test_a_comparison_comes_after_the_best_points_it_compares(fresh: Analysis) -> None:
    fresh.content["tasks"]["trees"] = {"dataset": "quark_gluon", "model": "bdt", "parameters": {"n_trees": 5}}
    fresh.content["comparisons"] = {"baselines": {"tasks": ["quark_gluon", "trees"]}}
    fresh.write(fresh.content)
    shown = fresh.snakemake("-n", "--quiet", "rules")
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", shown.stdout, re.MULTILINE))
    assert (jobs["compare"], jobs["evaluate"], jobs["train"]) == ("1", "2", "3"), shown.stdout


def test_an_analysis_does_not_inherit_the_demonstration(fresh: Analysis) -> None:
    fresh.content["samples"] = {"only": {"simulate": {"process": "dijet", "events": 10}}}
    fresh.write(fresh.content)
    shown = fresh.snakemake("-n", "--quiet", "rules")
    assert "ttbar" not in shown.stdout


def test_a_bad_file_fails_with_its_name_and_leaves_nothing(fresh: Analysis, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "junk.root").write_bytes(b"no ROOT file at all" * 100)
    fresh.write({
        "analysis": "small",
        "data": str(tmp_path / "data"),
        "samples": {"real": {"files": ["*.root"], "schema": "physlite"}},
    })  # fmt: skip
    ran = fresh.snakemake()
    assert ran.returncode != 0
    assert "junk.root" in ran.stdout
    assert "jetloom ntuple: error:" in ran.stdout
    left = [path for kind in ("ntuple", "hdf5") for path in (fresh.results / kind).rglob("*") if path.is_file()]
    assert left == []


def test_an_input_that_is_replaced_by_an_older_file_is_converted_again(fresh: Analysis) -> None:
    source = dxaod_files.write(fresh.directory / "x.root", dxaod_files.content())
    fresh.write({
        "analysis": "small", "samples": {"a": {"files": ["x.root"]}}, "diagnostics": 0,
        "conversion": {"route": "direct"},
    })  # fmt: skip
    assert fresh.snakemake().returncode == 0
    dxaod_files.write(source, dxaod_files.content(seed=2))
    os.utime(source, (10**9, 10**9))
    shown = fresh.snakemake("-n").stdout
    assert re.search(r"^hdf5 +1$", shown, re.MULTILINE)
    assert "Params have changed" in shown


def test_a_remote_file_is_named_to_the_verb_and_is_no_input(fresh: Analysis) -> None:
    url = "root://site.example.org//data/DAOD.1.pool.root.1?authz=a&b"
    dxaod_files.write(fresh.directory / "x.root", dxaod_files.content())
    samples = {"far": {"files": [url]}, "near": {"files": ["x.root"]}}
    for route, verb in (("direct", "hdf5"), ("ntuple", "ntuple")):
        fresh.write({"analysis": "small", "samples": samples, "conversion": {"route": route}})
        shown = fresh.snakemake("-n", "-p")
        assert shown.returncode == 0, shown.stdout
        commands = [" ".join(line.split()) for line in shown.stdout.splitlines() if f"jetloom {verb} " in line]
        assert any(f"--sample far '{url}' --output" in line for line in commands), commands
        assert any("--sample near x.root --output" in line for line in commands), commands


def test_a_second_invocation_is_refused(fresh: Analysis) -> None:
    slow = yaml.safe_load(yaml.safe_dump(fresh.content))
    slow["samples"] = {"dijet": {"simulate": {"process": "dijet", "events": 100_000}}}
    fresh.write(slow)
    command = [sys.executable, "-m", "snakemake", "-s", str(CHECKOUT / "Snakefile"), "--configfile", str(fresh.config)]
    command += ["--directory", str(fresh.directory), "--cores", "1"]
    with subprocess.Popen(
        command, cwd=fresh.directory, text=True, stderr=subprocess.PIPE, start_new_session=True
    ) as first:
        try:
            assert first.stderr is not None
            # The lock is taken before the first job is announced.
            assert any("Simulating" in line for line in first.stderr)
            second = fresh.snakemake()
        finally:
            os.killpg(first.pid, signal.SIGKILL)
            first.communicate()
    assert second.returncode != 0
    assert "lock" in second.stdout.lower()
