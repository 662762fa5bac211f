"""The quick look before the first submission: one line and exit code 2, or silence."""

import os
import sys
import time
from types import SimpleNamespace

import pytest
from sites import SILENT, Site, analysis, examined, partition, profile
from snakemake_interface_executor_plugins.settings import ExecMode

from jetloom.cluster.driving import plugins
from jetloom.cluster.profiles.sources import Sources
from jetloom.cluster.site import checks_machine, preflight


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("CONDOR_CONFIG", str(tmp_path / "condor_config"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(checks_machine, "private", lambda *_: ())
    found = Site(tmp_path)
    found.slurm()
    found.condor()
    return found


def error(site, executor="slurm", settings=None, facts=None, **keys):
    """The line of the first error; "" if there is none."""
    found = preflight.first_error(executor, examined([profile(site.directory, "own", **keys)], settings), facts)
    return found.line() if found else ""


def test_a_healthy_site_is_looked_at_in_silence_and_quickly(site):
    began = time.monotonic()
    assert error(site, default_resources=["slurm_partition=main", "slurm_account=jetloom"]) == ""
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"default_resources": ["slurm_partiton=main"]},
         "resource: the plugin does not read 'slurm_partiton'"),
        ({"default_resources": ["gpus=1"]}, "resource: the plugin does not read 'gpus'"),
        ({"default_resources": ["slurm_partition=mian"]}, "partition: no partition 'mian' for"),
        ({"default_resources": ["slurm_account=jetlom"]}, "account: 'jetlom' is no account of"),
        ({}, "GPU: train of flavour asks for 1 GPU, partition main has none"),
    ],
)  # fmt: skip
def test_what_a_profile_gets_wrong(site, keys, expected):
    assert error(site, settings=analysis("gpu"), **keys).startswith(expected)


def test_no_scheduler_on_this_machine(site):
    site.without("sbatch", "sinfo", "condor_q")
    assert error(site).startswith("commands: no Slurm on this machine: no sbatch, sinfo on the PATH")
    assert error(site, "htcondor").startswith("commands: no HTCondor on this machine: no condor_q on the PATH")


def test_a_silent_scheduler_is_waited_for_by_the_run(site):
    site.command("sinfo", SILENT)
    site.command("condor_q", "echo 'Failed to connect' >&2; exit 1")
    assert error(site, default_resources=["slurm_partition=mian"]) == ""
    assert error(site, "htcondor") == ""


def test_a_pool_that_forbids_the_environment_is_found_before_the_first_job(site):
    keys = {"default_resources": ["getenv=True"]}
    assert error(site, "htcondor", **keys) == ""
    site.says("condor_config_val", GETENV="false\n", MAX_JOBS="100000\n")
    line = error(site, "htcondor", **keys)
    assert line.startswith("environment: this pool forbids getenv=True (SUBMIT_ALLOW_GETENV); 'environment=PATH=...'")


def test_a_time_limit_that_lets_jobs_wait_for_ever(site):
    site.slurm(partitions=[partition("main", "YES", time="01:00:00")])
    assert error(site).startswith(
        "limits: train asks for 120 minutes, main allows 60; cluster.stages.train.minutes: 60"
    )


def test_no_accounting_matters_only_to_those_who_ask_it(site):
    site.command("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1")
    assert error(site, facts={"slurm-status-command": "squeue"}) == ""
    line = error(site, facts={"slurm-status-command": "sacct"})
    assert line.startswith("accounting: it does not answer (Slurm accounting storage is disabled)")
    assert "slurm-status-command: squeue" in line


def test_gpus_of_a_pool(site):
    assert error(site, "htcondor", analysis("gpu")) == ""
    site.command("condor_status")
    assert error(site, "htcondor", analysis("gpu")).endswith("tasks.flavour.training.device: cpu in my.yaml")


def test_root_and_a_missing_configuration_of_condor(site, monkeypatch):
    site.command("condor_q", "exit 1")
    site.command("condor_config_val", "echo 'Neither the environment variable CONDOR_CONFIG' >&2; exit 1")
    assert error(site, "htcondor").startswith("queue: HTCondor finds no configuration; set CONDOR_CONFIG")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert error(site, "htcondor").startswith("user: you are root, and HTCondor refuses jobs of root")


def test_a_directory_that_cannot_be_written(site, monkeypatch):
    monkeypatch.chdir("/proc")
    assert error(site).startswith("directory: /proc cannot be written")


def test_a_directory_that_no_job_can_see(site, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(site.directory / "bin"))
    monkeypatch.chdir("/dev/shm")
    assert "/dev/shm (tmpfs) is this machine's own, jobs on others do not see it" in error(site)


def test_profiles_of_a_command_line(monkeypatch):
    assert preflight.profiles_of(["-n", "--profile", "slurm", "--profile=own", "all"]) == ["slurm", "own"]
    monkeypatch.setenv("SNAKEMAKE_PROFILE", "condor")
    assert preflight.profiles_of(["all"]) == ["condor"]


class Rule:
    def __init__(self, name):
        self.name = name


ASKS = SimpleNamespace(cut=lambda wildcards, minutes: minutes, forget=lambda: None)
"""Asks for one training a job."""


def workflow(**changes):
    """A run of Snakemake with one training to do."""
    job = SimpleNamespace(
        rule=Rule("train"), wildcards_dict={"task": "flavour"}, wildcards=None, threads=1,
        resources={"mem_mb": 2000, "runtime": 60, "gpu": 0, "slurm_partition": "mian"},
    )  # fmt: skip
    return SimpleNamespace(
        **{
            "exec_mode": ExecMode.DEFAULT,
            "executor_plugin": SimpleNamespace(name="slurm"),
            "executor_settings": SimpleNamespace(status_command="squeue"),
            "dag": SimpleNamespace(needrun_jobs=lambda: iter([job])),
            "is_local": lambda rule: False,
            "configfiles": ["my.yaml"],
            **changes,
        }
    )


def test_a_run_of_snakemake_ends_with_one_line_and_code_2(site, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["snakemake", "--profile", profile(site.directory, "own", jobs=3)])
    with pytest.raises(SystemExit) as ended:
        preflight.look_before_submission(workflow(), ASKS)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("jetloom: error: partition: no partition 'mian' for train; did you mean 'main'?")


def test_jobs_of_a_run_and_those_who_know_better_are_not_looked_at(site, monkeypatch):
    preflight.look_before_submission(workflow(exec_mode=ExecMode.REMOTE), ASKS)
    preflight.look_before_submission(workflow(is_local=lambda rule: True), ASKS)
    monkeypatch.setenv(preflight.WITHOUT, "1")
    preflight.look_before_submission(workflow(), ASKS)


def test_the_slurm_plugin_guesses_no_account_where_it_cannot(site, monkeypatch):
    plugin = SimpleNamespace(get_account=lambda logger: "guessed")
    monkeypatch.setitem(sys.modules, "snakemake_executor_plugin_slurm", plugin)
    plugins.guess_no_account()
    plugins.guess_no_account()
    assert plugin.get_account(None) == "guessed"
    site.without("sacct")
    assert plugin.get_account(None) is None


OPTIONS = [["--default-resources", "slurm_partition=gone", "--jobs", "5"], ["--slurm-qos=gone"]]


@pytest.mark.parametrize("words", OPTIONS)
def test_what_stood_on_the_command_line_is_named_as_that(tmp_path, words):
    profile = tmp_path / "mine.yaml"
    profile.write_text("executor: slurm\ndefault-resources:\n  - slurm_partition=main\nslurm-qos: normal\n")
    sources = Sources.read([str(profile)], ["--profile", str(profile), *words, "--", "results/x"])
    key = words[0].removeprefix("--").split("=")[0]
    assert sources.where(key) == f"--{key} on the command line"
    if key == "default-resources":
        assert sources.default_resources() == {"slurm_partition": "gone"}
        assert sources.where_resource("train", "slurm_partition") == "--default-resources on the command line"
    else:
        assert sources.merged["slurm-qos"] == "gone"
        assert "line 2, default-resources" in sources.where("default-resources")
    assert sources.site.endswith("mine.yaml")
