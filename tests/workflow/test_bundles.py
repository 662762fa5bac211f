"""A scan in one job on this machine: whatever befalls a training, the others are as if it had not been."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from small_analysis import Analysis

from jetloom.scan.attempts import ledger

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

SCAN = "results/small/scans/quark_gluon/scan.csv"
UNEQUAL = ["attempts", "wall_time_s", "peak_memory_mb", "host"]
TROUBLE = '''
"""Does what a file tells it to, once, after the first epoch: it takes the place of a kernel, a user or a scheduler."""

import os
import signal
import time
from pathlib import Path

from jetloom.training.callbacks.callback import Callback
from jetloom.training.callbacks.decision import Decision


def no_memory(*_):
    raise MemoryError


def hear_of_it(number):
    """Send the parent a signal, and go on once it has come to be told here: a training may else end before."""
    heard, before = [], signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *what: (before(*what), heard.append(what)))
    os.kill(os.getppid(), number)
    while not heard:
        time.sleep(0.01)


class Trouble(Callback):
    def after_validation(self, row, context):
        for place in sorted(Path("trouble").glob("*")):
            try:
                place.unlink()
            except FileNotFoundError:
                continue
            what = place.suffix
            if what == ".kill":
                os.kill(os.getpid(), signal.SIGKILL)
            elif what == ".kill_parent":
                hear_of_it(signal.SIGKILL)
            elif what == ".stop_parent":
                hear_of_it(signal.SIGTERM)
            elif what == ".memory":
                signal.signal(signal.SIGALRM, no_memory)
                signal.setitimer(signal.ITIMER_REAL, 0.005)  # in the training, not in here
            elif what == ".bug":
                raise ValueError("a mistake")
            break
        return Decision()
'''


def content_of(finished: Analysis) -> dict:
    """Return four trainings, of which one diverges."""
    content = copy.deepcopy(finished.content)
    task = content["tasks"]["quark_gluon"]
    task["scan"] = {"units": [4, 8], "weight_decay": [0.0, 1e6]}
    task["parameters"] = {"epochs": 3, "batch_size": 16}
    task["training"] = {"callbacks": ["trouble.py:Trouble"], "early_stopping": None}
    content["cluster"] = {"points_per_job": 4, "pause": 0.1}
    return content


def copied(finished: Analysis, directory: Path, content: dict) -> Analysis:
    """Return an analysis with the dataset of the finished one, and no training."""
    directory.mkdir()
    shutil.copytree(
        finished.directory, directory, dirs_exist_ok=True, ignore=shutil.ignore_patterns("scans", "report*")
    )
    shutil.rmtree(directory / "results" / "small" / "logs" / "train")
    (directory / "trouble.py").write_text(TROUBLE)
    analysis = Analysis(directory, {})
    analysis.write(content)
    return analysis


def rows(analysis: Analysis) -> pd.DataFrame:
    return pd.read_csv(analysis.directory / SCAN).drop(columns=UNEQUAL)


def causes(analysis: Analysis) -> dict[str, list[str]]:
    return {
        path.parents[1].name: [line.cause for line in ledger.read(path)]
        for path in sorted(analysis.results.glob("scans/quark_gluon/*/r0/attempts.csv"))
    }


def trouble(analysis: Analysis, *kinds: str) -> None:
    """Have these things happen, each once, to the trainings in their order."""
    for index, kind in enumerate(kinds):
        place = analysis.directory / "trouble" / f"{index}.{kind}"
        place.parent.mkdir(exist_ok=True)
        place.touch()


@pytest.fixture(scope="module")
def undisturbed(finished: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The scan with one training a job."""
    content = content_of(finished)
    content["cluster"]["points_per_job"] = 1
    analysis = copied(finished, tmp_path_factory.mktemp("bundles") / "undisturbed", content)
    ran = analysis.snakemake(SCAN)
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert len(list((analysis.results / "scans/quark_gluon/bundles").iterdir())) == 4
    return analysis


def test_trainings_in_one_job_harm_no_other_whatever_befalls_them(
    finished: Analysis, undisturbed: Analysis, tmp_path: Path
) -> None:
    disturbed = copied(finished, tmp_path / "disturbed", content_of(finished))
    trouble(disturbed, "kill", "memory", "kill_parent", "stop_parent")
    ran = disturbed.snakemake(SCAN)
    assert ran.returncode == 0, ran.stdout[-6000:]
    pd.testing.assert_frame_equal(rows(disturbed), rows(undisturbed), check_exact=True)
    assert not list((disturbed.directory / "trouble").iterdir())
    found = causes(disturbed)
    assert sorted(lines[-1] for lines in found.values()) == ["diverged", "diverged", "done", "done"]
    failed = sorted(cause for lines in found.values() for cause in lines[:-1])
    assert failed == ["bug", "out of memory", "preempted", "preempted"], found
    memory = [line.memory_asked_mb for path in disturbed.results.rglob("attempts.csv") for line in ledger.read(path)]
    assert set(memory) == {2000, 4000}
    assert not list(disturbed.results.rglob(ledger.OPEN))
    assert "Nothing to be done" in disturbed.snakemake("-n", SCAN).stdout
    check_an_edit_and_a_result_that_was_taken_away(disturbed)


def check_an_edit_and_a_result_that_was_taken_away(analysis: Analysis) -> None:
    """See that a bundle that is made again trains what it lacks, and nothing else."""
    before, lines = rows(analysis).set_index("point"), causes(analysis)
    manifest = analysis.results / "scans/quark_gluon/bundles/b0-0.json"
    results = json.loads(manifest.read_text())["results"]
    taken = sorted(lines)[0]
    (analysis.results / "scans/quark_gluon" / taken / "r0/result.json").unlink()
    analysis.content["tasks"]["quark_gluon"]["scan"]["units"] = [4, 8, 16]
    analysis.content["cluster"]["points_per_job"] = 6
    analysis.write(analysis.content)
    shown = analysis.snakemake("-n", SCAN).stdout
    assert "train          1" in shown, shown[-3000:]
    ran = analysis.snakemake(SCAN)
    assert ran.returncode == 0, ran.stdout[-3000:]
    after = causes(analysis)
    assert len(after) == 6
    assert {name: after[name] for name in lines} == lines, (
        "what has its result, or a finished checkpoint, has no attempt"
    )
    columns = [name for name in before.columns if name != "rank"]
    assert rows(analysis).set_index("point").loc[before.index, columns].equals(before[columns])
    again = json.loads(manifest.read_text())["results"]
    assert {name for name in results if again[name] != results[name]} == {f"{taken}-r0"}
    assert "Nothing to be done" in analysis.snakemake("-n", SCAN).stdout


def test_what_is_given_up_is_a_row_or_the_end(finished: Analysis, undisturbed: Analysis, tmp_path: Path) -> None:
    content = content_of(finished)
    analysis = copied(finished, tmp_path / "given_up", content)
    trouble(analysis, "bug")
    ran = analysis.snakemake(SCAN)
    assert ran.returncode == 1
    (lost,) = (name for name, lines in causes(analysis).items() if lines == ["configuration"])
    assert sorted(lines[-1] for lines in causes(analysis).values())[1:] == ["diverged", "diverged", "done"]
    assert f"{lost}-r0: configuration: not tried again" in ran.stdout
    assert "ValueError: a mistake" in (analysis.results / f"logs/train/quark_gluon/{lost}/r0.log").read_text()
    analysis.content["cluster"] |= {"tolerance": 0.25}
    analysis.write(analysis.content)
    trouble(analysis, "bug")
    ran = analysis.snakemake(SCAN)
    assert ran.returncode == 0, ran.stdout[-3000:]
    found = rows(analysis).set_index("point")
    assert found.loc[lost, "status"] == "failed"
    assert found.loc[lost, "reason"].startswith("configuration: not tried again; ")
    others = rows(undisturbed).set_index("point").drop(index=lost)
    assert found.loc[others.index, "val_loss"].equals(others["val_loss"])
    assert "Nothing to be done" in analysis.snakemake("-n", SCAN).stdout
