"""Profiles that the doctor writes from what a site says of itself, held against the same site."""

import os

import pytest
import yaml
from sites import SILENT, Site, analysis, partition, profile

from jetloom.cluster.site import checks_machine, checks_profile, doctor
from jetloom.cluster.site.findings import Level
from jetloom.errors import ConfigurationError, JetloomError

SLURM = {
    "executor": "slurm", "jobs": 100, "latency-wait": 60, "slurm-status-command": "squeue",
    "slurm-init-seconds-before-status-checks": 5,
}  # fmt: skip
CONDOR = {
    "executor": "htcondor", "jobs": 100, "latency-wait": 60, "htcondor-held-timeout": 0,
    "default-resources": ["getenv=True", "htcondor_submit_job_max_vacate_time=60"],
}  # fmt: skip
OURS = ("rerun-incomplete", "show-failed-logs", "keep-going", "keep-incomplete")
KNOWN = {name: [] for name in (*SLURM, *CONDOR, *OURS, "default-resources", "set-resources", "slurm-requeue", "cores")}


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("CONDOR_CONFIG", str(tmp_path / "condor_config"))
    monkeypatch.setattr(checks_profile, "known_options", lambda: KNOWN)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(checks_machine, "private", lambda *_: ())
    found = Site(tmp_path)
    found.slurm()
    found.condor()
    return found


def written(site, keys, settings=None):
    """Write a profile of a site; give what it holds, after the doctor has found nothing wrong with it."""
    base, own = profile(site.directory, "base", **keys), site.directory / "own.yaml"
    own.unlink(missing_ok=True)
    settings = settings or analysis()
    doctor.write(own, [base], settings, "my.yaml")
    findings = list(doctor.examine([base, str(own)], settings, "my.yaml", None))
    assert [finding.line() for finding in findings if finding.level == Level.WRONG] == []
    content = yaml.safe_load(own.read_text())
    assert content.pop("executor") == keys["executor"]
    return content


def test_a_slurm_that_needs_nothing_gets_lines_to_choose_from(site):
    assert written(site, SLURM) == {}
    text = (site.directory / "own.yaml").read_text()
    for line in ("slurm_account=", "qos=", "constraint=", "mem_mb_per_cpu=", "gres:", "slurm-array-jobs", "--comment"):
        assert line in text
    assert "normal, long" in text, "the QOS that there are"


def test_where_the_default_partition_is_too_short_another_one_is_named(site):
    partitions = [
        partition("main", default="YES", time="00:30:00"),
        partition("gpu", time="12:00:00"),
        partition("long", time="7-00:00:00"),
    ]
    nodes = ["n1|main|idle|16000|8|(null)", "n2|gpu|mixed|32000|8|gpu:a100:2", "n3|long|idle|16000|8|(null)"]
    site.slurm(partitions, nodes)
    assert written(site, SLURM) == {"default-resources": ['slurm_partition="long"']}


def test_trainings_on_cards_go_where_there_are_some(site):
    on_cards = written(site, SLURM, analysis(device="gpu"))
    assert on_cards == {"set-resources": {"train": {"slurm_partition": '"gpu"'}}}


def test_an_account_is_named_where_none_is_no_job(site):
    site.slurm(settings={"AccountingStorageEnforce": "associations,limits"}, accounts="atlas|normal\ncms|normal\n")
    assert written(site, SLURM)["default-resources"] == ['slurm_account="atlas"']


def test_what_else_a_slurm_wants(site):
    site.slurm(settings={"MinJobAge": "60 sec", "JobRequeue": "0"})
    assert written(site, SLURM) == {"slurm-status-command": "sacct", "slurm-requeue": False}


def test_memory_goes_by_cpu_where_it_must_not_go_by_job(site):
    site.command(
        "sbatch", 'case "$*" in *--mem=*) echo "sbatch: error: --mem is not allowed" >&2; exit 1;; esac\nexit 0'
    )
    base, own = profile(site.directory, "base", **SLURM), site.directory / "own.yaml"
    doctor.write(own, [base], analysis(), "my.yaml")
    assert yaml.safe_load(own.read_text())["default-resources"] == ["mem_mb_per_cpu=1000"]


def test_a_pool_gets_its_environment_as_it_allows(site):
    assert written(site, CONDOR)["default-resources"] == ["getenv=True", "htcondor_submit_job_max_vacate_time=60"]
    site.says("condor_config_val", HOST="127.0.0.1\n", GETENV="false\n", MAX_JOBS="50\n")
    found = written(site, CONDOR)
    assert found["default-resources"][0].startswith('environment="PATH=')
    assert found["jobs"] == 50


def test_nothing_is_written_over_nor_of_a_site_that_does_not_answer(site):
    base, own = profile(site.directory, "base", **SLURM), site.directory / "own.yaml"
    own.write_text("mine")
    with pytest.raises(ConfigurationError, match="is there already"):
        doctor.write(own, [base], analysis(), "my.yaml")
    assert own.read_text() == "mine"
    own.unlink()
    site.command("sinfo", SILENT)
    with pytest.raises(JetloomError, match="Unable to contact"):
        doctor.write(own, [base], analysis(), "my.yaml")
    with pytest.raises(ConfigurationError, match="nothing to write for 'local'"):
        doctor.write(own, [profile(site.directory, "local", cores=2)], analysis(), "my.yaml")
    assert not own.exists()
