"""The whole chain on a small simulated analysis: results, repeated runs, edits of the scan, the report."""

from __future__ import annotations

import copy
import itertools
import json
import re
import shutil
import subprocess

import pandas as pd
import pytest
from small_analysis import TUTORIAL, Analysis

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

FIGURES = (
    "plots/quark_gluon/inputs/Width",
    "plots/quark_gluon/bookkeeping/cut_flow",
    "plots/quark_gluon/bookkeeping/weights",
    "plots/quark_gluon/bookkeeping/spectra",
    "plots/quark_gluon/bookkeeping/split",
    "plots/quark_gluon/scan/ten_best",
    "plots/quark_gluon/scan/parameters/by_units",
    "plots/quark_gluon/scan/correlations",
    "plots/quark_gluon/scan/learning_curves",
    "best/quark_gluon/scores",
    "best/quark_gluon/roc",
    "best/quark_gluon/confusion",
    "best/quark_gluon/calibration",
    "best/quark_gluon/performance/pt",
    "best/quark_gluon/performance/eta",
)


def planned(output: str) -> dict[str, int]:
    """Jobs by rule, from the table of a dry run."""
    table = re.search(r"^job +count\n-+ +-+\n(.*?)\ntotal", output, flags=re.DOTALL | re.MULTILINE)
    assert table is not None, output[-3000:]
    return {line.split()[0]: int(line.split()[1]) for line in table[1].splitlines()}


def test_the_scan_has_a_row_a_point(finished: Analysis) -> None:
    table = pd.read_csv(finished.results / "scans/quark_gluon/scan.csv")
    assert sorted(table["units"]) == [4, 8]
    assert list(table["rank"]) == [1, 2]
    assert (table["status"] == "trained").all()
    assert table["val_auc"].is_monotonic_decreasing
    # Two epochs, and few jets in the test part: which side of 0.5 they end on is for the seed to say.
    assert table["eval_auc"].between(0.3, 1.0).all()
    assert (finished.results / "scans/quark_gluon" / table["model"][0]).is_file()


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_there_as_png_and_pdf(finished: Analysis, figure: str) -> None:
    png = (finished.results / f"{figure}.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert len(png) > 10_000
    assert (finished.results / f"{figure}.pdf").read_bytes().startswith(b"%PDF")


def test_every_job_left_a_log_and_the_heavy_ones_a_benchmark(finished: Analysis) -> None:
    made = ("simulate", "ntuple", "hdf5", "dataset", "train", "collect", "evaluate")
    for stage in (*made, "plot_inputs", "plot_scan", "plot_best"):
        assert list((finished.results / "logs" / stage).rglob("*.log")), stage
    for stage in ("simulate", "ntuple", "hdf5", "dataset", "train", "evaluate"):
        assert list((finished.results / "benchmarks" / stage).rglob("*.tsv")), stage


def test_counts_add_up_from_dxaod_to_dataset(finished: Analysis) -> None:
    description = json.loads((finished.results / "datasets/quark_gluon/dataset.json").read_text())
    for sample in description["samples"].values():
        jets = [entry for entry in sample["counts"] if entry["level"] == "jets"]
        for before, after in itertools.pairwise(jets):
            assert after["before"] == before["after"]
    kept = sum(entry["jets"] for entry in description["summary"])
    assert kept == description["counts"][-1]["after"]
    assert description["samples"]["dijet"]["events"] == 300


def test_a_finished_run_has_nothing_to_do(finished: Analysis) -> None:
    assert "Nothing to be done" in finished.snakemake("-n").stdout
    assert "Nothing to be done" in finished.snakemake("-n").stdout


def test_a_result_that_was_taken_away_is_made_again_and_nothing_else(finished: Analysis) -> None:
    result = sorted((finished.results / "scans/quark_gluon").rglob("result.json"))[0]
    kept = result.rename(result.with_name("kept"))
    try:
        jobs = planned(finished.snakemake("-n").stdout)
        assert jobs["train"] == 1
        assert "dataset" not in jobs
        assert (
            "result.json was taken away: the next run makes it again"
            in finished.jetloom("status", "--config", str(finished.config)).stdout
        )
    finally:
        kept.rename(result)
    assert "Nothing to be done" in finished.snakemake("-n").stdout


def test_a_new_value_plans_the_new_point_only(finished: Analysis) -> None:
    before = finished.content
    edited = copy.deepcopy(before)
    edited["tasks"]["quark_gluon"]["scan"]["units"] = [4, 8, 16]
    try:
        finished.write(edited)
        jobs = planned(finished.snakemake("-n").stdout)
        assert jobs["train"] == 1
        assert set(jobs) == {"train", "collect", "plot_scan", "deploy", "evaluate", "plot_best", "runs", "all"}
    finally:
        finished.write(before)


def test_a_comment_a_title_and_a_default_written_out_train_nothing(finished: Analysis) -> None:
    before = finished.content
    edited = copy.deepcopy(before)
    edited["tasks"]["quark_gluon"]["parameters"]["hidden_layers"] = 2
    edited["tasks"]["quark_gluon"]["search"] = {"repetitions": 1}
    try:
        finished.write(edited)
        finished.config.write_text("# a comment\n" + finished.config.read_text())
        assert "Nothing to be done" in finished.snakemake("-n").stdout
    finally:
        finished.write(before)


def test_a_new_colour_draws_again_and_predicts_nothing(finished: Analysis) -> None:
    before = finished.content
    edited = copy.deepcopy(before)
    edited["tasks"]["quark_gluon"]["labels"]["gluon"] |= {"color": "#009E73", "title": "Gluons"}
    try:
        finished.write(edited)
        drawn = {"plot_inputs", "plot_scan", "plot_best"}
        diagnostics = {"plot_constituents", "plot_samples"}
        assert drawn <= set(planned(finished.snakemake("-n").stdout)) <= {*drawn, *diagnostics, "all"}
    finally:
        finished.write(before)


@pytest.mark.parametrize(
    ("edit", "first"),
    [
        ({"conversion": {"select": {"jets": ["pt > 30"]}}}, "ntuple"),
        ({"seed": 2}, "simulate"),
    ],
)
def test_other_settings_make_what_they_shape_stale(finished: Analysis, edit: dict, first: str) -> None:
    before = finished.content
    try:
        finished.write({**copy.deepcopy(before), **edit})
        jobs = planned(finished.snakemake("-n").stdout)
        assert jobs[first] == 3
        assert jobs["train"] == 2
    finally:
        finished.write(before)


def test_other_training_settings_train_again_and_convert_nothing(finished: Analysis) -> None:
    before = finished.content
    edited = copy.deepcopy(before)
    edited["tasks"]["quark_gluon"]["training"] = {"early_stopping": None}
    try:
        finished.write(edited)
        jobs = planned(finished.snakemake("-n").stdout)
        assert jobs["train"] == 2
        assert "hdf5" not in jobs
        assert "dataset" not in jobs
    finally:
        finished.write(before)


def test_a_dataset_made_again_equal_trains_nothing(finished: Analysis) -> None:
    results = {path: path.stat().st_mtime_ns for path in finished.results.glob("scans/*/*/r0/*") if path.is_file()}
    ran = finished.snakemake("--forcerun", "dataset")
    assert ran.returncode == 0, ran.stdout[-3000:]
    jobs = [path.read_text() for path in (finished.results / "logs/train/quark_gluon").glob("*.log")]
    assert [text.splitlines()[0].split(": ")[1] for text in jobs] == ["1 of 1 trainings have their result"] * 2
    assert results == {path: path.stat().st_mtime_ns for path in results}


def test_status_and_summary_tell_the_end(finished: Analysis) -> None:
    status = finished.jetloom("status", "--config", str(finished.config)).stdout
    assert "ntuple 2/2" in status
    assert "2 trainings: 2 done" in status
    summary = finished.jetloom("summary", "--config", str(finished.config)).stdout
    assert "best of 2 points by val_auc" in summary
    assert "train" in summary


def test_the_tutorial_is_what_is_run(finished: Analysis) -> None:
    """Its analysis is that of these tests (small_analysis); so are its commands, or they are run here."""
    commands = re.findall(r"^    ((?:jetloom|snakemake) .+)$", TUTORIAL, flags=re.MULTILINE)
    (finished.directory / "tutorial.yaml").write_text(finished.config.read_text())
    of_snakemake = [line.split() for line in commands if line.startswith("snakemake")]
    common = ["snakemake", "--profile", "local", "--configfile", "tutorial.yaml"]
    assert [line[: len(common)] for line in of_snakemake] == [common] * 4
    assert [line[len(common) :] for line in of_snakemake] == [["-n"], [], ["--report", "report.html"], ["-n"]]
    said = {}
    for words in (line.split() for line in commands if line.startswith("jetloom")):
        ran = finished.jetloom(*words[1:])
        assert ran.returncode == 0, ran.stdout
        said[words[1]] = ran.stdout
    assert "2 points" in said["check"]
    assert "2 trainings: 2 done" in said["status"]
    assert "best of 2 points by val_auc" in said["summary"]
    assert said["runs"].count("trained") == 2


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--dag", "dot"], "digraph"),
        (["--rulegraph", "dot"], "digraph"),
        (["--summary"], "scan.csv"),
    ],
)
def test_what_snakemake_shows(finished: Analysis, options: list[str], expected: str) -> None:
    shown = finished.snakemake(*options)
    assert shown.returncode == 0
    assert expected in shown.stdout


@pytest.fixture(scope="session")
def report(finished: Analysis) -> str:
    made = finished.snakemake("--report", "report.html")
    assert made.returncode == 0, made.stdout[-3000:]
    return (finished.directory / "report.html").read_text()


def test_the_report_is_one_page_with_all_figures(finished: Analysis, report: str) -> None:
    for category in ("1. Inputs", "2. Cut flow, weights and split", "3. Scan", "4. Best point"):
        assert category in report
    embedded = set(re.findall(r"data:image/png;[^,\"]*filename=([^;\"]+);base64,iVBOR", report))
    assert {f"{figure.rsplit('/', 1)[1]}.png" for figure in FIGURES} <= embedded
    # Nothing that the page shows is loaded from elsewhere.
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']https?://", report)


def test_the_report_opens_in_a_browser(finished: Analysis, report: str) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this machine; CI has one")
    profile = finished.directory / "browser"
    shown = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         f"--user-data-dir={profile}", "--virtual-time-budget=10000", "--dump-dom",
         f"file://{finished.directory / 'report.html'}"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    # The page is drawn by its own script: what it shows exists only if that ran.
    for words in ("4. Best point", "3. Scan", "Workflow", "jetloom"):
        assert words in shown.stdout, shown.stderr[-1000:]
