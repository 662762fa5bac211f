"""What people do: two drivers, an edit while it runs, scancel, hold, many points in one job."""

import os
import re
import signal
from dataclasses import replace
from shutil import which

from harness import SCAN_TARGET, table, wait_for
from slurm_tools import (
    both_in_the_middle,
    check_went_on,
    environment,
    lines_of,
    node,
    queue,
    saved,
    tool,
    trainer,
)

HELD = ["--set-resources", "train:slurm_extra='--hold'", "--", SCAN_TARGET]


def test_an_undisturbed_scan_that_a_second_driver_and_an_edit_do_not_disturb(scan, oracle):
    driver = scan.start()
    training = next(iter(wait_for(scan.in_the_middle, what="a training")))
    assert "CUDA_VISIBLE_DEVICES" not in environment(trainer(training))
    said = scan.finish(scan.start(), code=1)
    assert "is driven by snakemake on" in said
    assert driver.poll() is None
    scan.edit(lambda content: content["tasks"]["quark_gluon"]["scan"].update(units=[4, 8, 16]))
    scan.finish(driver)
    oracle(scan)
    # The next run trains the new point only.
    before = {training: lines_of(training) for training in scan.trainings()}
    rows = table(scan.directory / SCAN_TARGET).set_index("point")
    scan.finish(scan.start())
    assert before == {training: lines_of(training) for training in before}
    assert sorted(scan.causes().values()) == [["done"]] * 3
    again = table(scan.directory / SCAN_TARGET).set_index("point")
    columns = [name for name in rows.columns if name != "rank"]
    assert again.loc[rows.index, columns].equals(rows[columns])


def test_a_cancelled_job_is_not_tried_again_and_a_held_one_waits(scan, oracle):
    driver = scan.start()
    running = both_in_the_middle(scan)
    cancelled, other = running
    tool("scancel", running[cancelled].job)
    scan.finish(driver, code=1)
    stopped = saved(cancelled)
    assert [line.cause for line in lines_of(cancelled)] == ["cancelled"]
    assert [line.cause for line in lines_of(other)] == ["done"]
    assert not queue(scan)
    # A new run is a new start: it tries the cancelled point again. While the job is held the driver waits; cancelled
    # then, it is not tried again either.
    driver = scan.start(*HELD)
    (job,) = wait_for(lambda: queue(scan), what="the held job")
    assert queue(scan) == {job: "PENDING JobHeldUser"}
    tool("scancel", job)
    scan.finish(driver, code=1)
    assert [line.cause for line in lines_of(cancelled)] == ["cancelled", "cancelled"]
    driver = scan.start(*HELD)
    (job,) = wait_for(lambda: queue(scan), what="the held job")
    tool("scontrol", "release", job)
    scan.finish(driver)
    oracle(scan, ["cancelled", "cancelled"])
    check_went_on(scan, cancelled, stopped)
    assert [line.job for line in lines_of(cancelled)][-1] == job


def test_two_points_in_one_job_one_of_which_is_killed(scan, oracle):
    scan.edit(lambda content: content["cluster"].update(points_per_job=2))
    driver = scan.start()
    (first,) = wait_for(lambda: scan.in_the_middle(), what="the first of the two")
    (job,) = queue(scan)
    asked = tool("scontrol", "-o", "show", "job", job)
    assert "MinMemoryNode=1200M" in asked
    assert "TimeLimit=00:20:00" in asked
    assert len(scan.running()) == 1, "they run one after the other"
    stopped = saved(first)
    os.kill(trainer(first), signal.SIGKILL)
    scan.finish(driver)
    oracle(scan, ["bug"])
    (other,) = set(scan.trainings()) - {first}
    assert [line.cause for line in lines_of(other)] == ["done"], "the other one is not disturbed"
    assert lines_of(other)[0].job == job
    assert saved(first)[0] >= stopped[0]
    assert len({line.job for line in lines_of(first)}) == 2


def test_an_array_of_points_and_a_silent_squeue(scan, oracle, tmp_path):
    silent, shim = tmp_path / "silent", tmp_path / "bin" / "squeue"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\n[ -e {silent} ] && echo asked >> {silent} && exit 1\nexec {which("squeue")} "$@"\n')
    shim.chmod(0o755)
    scan.cluster = replace(scan.cluster, environment={"PATH": str(shim.parent)})
    driver = scan.start("--slurm-array-jobs", "train", "--", SCAN_TARGET)
    running = both_in_the_middle(scan, 1)
    silent.touch()
    # More often than the plugin is patient.
    wait_for(lambda: silent.read_text().count("asked") >= 12, what="questions to a silent scheduler")
    silent.unlink()
    scan.finish(driver)
    oracle(scan)
    jobs = sorted(attempt.job for attempt in running.values())
    assert [re.fullmatch(r"(\d+)_[12]", job)[1] for job in jobs] == [jobs[0].split("_")[0]] * 2


def test_a_profile_that_the_doctor_wrote_works_as_it_is_and_so_do_its_lines(scan):
    config, written = ("--config", str(scan.config)), scan.directory / "my_site.yaml"
    said = scan.jetloom("doctor", "--profile", "slurm", *config, "--write", str(written)).stdout
    assert "probe job (CPU): ran on" in said
    assert said.endswith("nothing is wrong\n"), said
    # Each line that is there to be chosen, with the names that this Slurm has.
    tool("scontrol", "update", f"nodename={node()}", "availablefeatures=cpu", "activefeatures=cpu")
    account = tool("sacctmgr", "-nP", "show", "account", "format=account").split()[-1]
    lines = written.read_text().replace("PROJECT", account)
    begin, end = lines.index("# default-resources:"), lines.index("# Modules")
    chosen = re.sub(r"^( *)# (?=default-|set-|- | )", r"\1", lines[begin:end], flags=re.MULTILINE)
    every = scan.directory / "lines.yaml"
    every.write_text(lines[:begin] + chosen + lines[end:].replace("# slurm-array-jobs", "slurm-array-jobs"))
    said = scan.jetloom("doctor", "--profile", "slurm", "--profile", str(every), *config).stdout
    assert re.findall(r"^WRONG.*", said, re.MULTILINE) == re.findall(
        r"^WRONG .*no driver of a GPU.*", said, re.MULTILINE
    )
    assert "probe job (GPU): it has a GPU (CUDA_VISIBLE_DEVICES is '0')" in said, "granted by --gres, without a driver"
    asked = ["-X", "-nP", "--name=jetloom-doctor", "-o", "Account,QOS,Constraints,Comment,State"]
    assert tool("sacct", *asked).splitlines()[-1] == f"{account}|normal|cpu|jetloom|COMPLETED"
