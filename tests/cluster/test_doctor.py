"""jetloom doctor: each finding with the line that mends it, on healthy and on sick sites."""

import os
import sys
from types import SimpleNamespace

import pytest
from sites import SILENT, Site, analysis, partition, profile

from jetloom.cli.site import doctor as verb
from jetloom.cluster.site import checks_condor, checks_machine, checks_profile, doctor, probe
from jetloom.cluster.site.findings import Level
from jetloom.cluster.site.site_slurm import minutes, parse_gres
from jetloom.errors import ConfigurationError, MissingFileError

SLURM = {
    "executor": "slurm", "jobs": 100, "latency-wait": 60, "slurm-status-command": "squeue",
    "slurm-init-seconds-before-status-checks": 5,
}  # fmt: skip
CONDOR = {
    "executor": "htcondor", "jobs": 100, "latency-wait": 60, "htcondor-held-timeout": 0,
    "default-resources": ["getenv=True", "htcondor_submit_job_max_vacate_time=60"],
}  # fmt: skip
OURS = ("rerun-incomplete", "show-failed-logs", "keep-going", "keep-incomplete")
KNOWN = ("default-resources", "set-resources", "retries", "cores", "slurm-qos", *OURS, *SLURM, *CONDOR)
OPTIONS: dict[str, list[str]] = {name: [] for name in KNOWN}


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("CONDOR_CONFIG", str(tmp_path / "condor_config"))
    monkeypatch.setattr(checks_profile, "known_options", lambda: OPTIONS)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(checks_machine, "private", lambda *_: ())
    found = Site(tmp_path)
    found.slurm()
    found.condor()
    return found


def look(names, settings=None, timeout=None):
    """The findings that are not ok, as lines; the probe's absence left out."""
    lines = [f.line() for f in doctor.examine(names, settings or analysis(), "my.yaml", timeout) if f.level != Level.OK]
    return [line for line in lines if "none was sent" not in line]


def slurm_with(site, **keys):
    return [profile(site.directory, "slurm", **SLURM), profile(site.directory, "own", **keys)]


def test_a_healthy_slurm_has_nothing_wrong(site):
    assert look(slurm_with(site, default_resources=["slurm_partition=main", "slurm_account=jetloom"])) == []


def test_a_probe_job_runs_where_the_others_will(site):
    run = 'PATH=/usr/bin:/bin CUDA_VISIBLE_DEVICES=1 /bin/sh -c "$last"'
    begin = 'case "$*" in *test-only*) exit 0;; esac\necho "$*" >> calls\nfor last; do :; done'
    site.command("sbatch", f"{begin}\n({run}) > /dev/null 2>&1 &\necho 7")
    site.command("squeue", "echo '7|RUNNING|None|n1'")
    names = slurm_with(site, default_resources=["slurm_partition=gpu", "slurm_account=jetloom"])
    findings = list(doctor.examine(names, analysis("gpu"), "my.yaml", 300.0))
    # There is no card on this machine, whatever the job was told of.
    (wrong,) = [f.line() for f in findings if f.level != Level.OK]
    assert "probe job (GPU): it has a GPU (CUDA_VISIBLE_DEVICES is '1') and cannot train on it" in wrong
    words = " ".join(f.line() for f in findings)
    assert "probe job (CPU): ran on" in words
    assert f"{sys.executable} imports jetloom there" in words
    calls = (site.directory / "calls").read_text().splitlines()
    assert all("--partition=gpu --account=jetloom" in call for call in calls)
    assert ["--gpus=1" in call for call in calls] == [False, True]
    assert not list(site.directory.glob(".jetloom-doctor*"))


def test_a_directory_that_jobs_do_not_see(site, monkeypatch):
    site.command("sbatch", 'case "$*" in *test-only*) exit 0;; esac\necho 7')
    site.says("scontrol", job="JobId=7 JobState=FAILED Reason=NonZeroExitCode BatchHost=n1 StdOut=/nowhere\n",
              partition=partition("main", default="YES") + "\n", config="MinJobAge = 300 sec\n")  # fmt: skip
    (line,) = look([profile(site.directory, "slurm", **SLURM)], timeout=0.1)
    assert "WRONG    probe job (CPU): job 7 is over (Slurm: FAILED" in line
    assert "on n1) and left no file in" in line
    assert "start in one on a shared file system" in line


def test_a_probe_job_that_waits_is_no_error(site):
    site.command("sbatch", 'case "$*" in *test-only*) exit 0;; esac\necho 7')
    site.command("squeue", "echo '7|PENDING|Priority|'")
    (line,) = look([profile(site.directory, "slurm", **SLURM)], timeout=0.1)
    assert line.startswith("warning  probe job (CPU): no answer in 0 s, job 7 still waits (Priority)")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            "n1\n{now}\n\nNo module named 'jetloom'\n",
            "WRONG    probe job (GPU): this Python cannot import jetloom there",
        ),
        ("n1\n{late}\n0\nimported\n", "warning  probe job (GPU): the clock of n1 is 100 s off"),
        ("n1\n{now}\n10000\nimported\n", "WRONG    probe job (GPU): it asked for a GPU and sees none"),
        (
            "n1\n{now}\n0\nimported\nno driver\n",
            "WRONG    probe job (GPU): it has a GPU (CUDA_VISIBLE_DEVICES is '0') and cannot train on it: no driver",
        ),
        (
            "n1\n{now}\n0\nimported\ntrained a step on the GPU\n",
            "ok       probe job (GPU): it trained a step on the GPU",
        ),
    ],
)
def test_what_a_probe_job_saw(tmp_path, answer, words):
    asked = SimpleNamespace(gpus=1)
    sent = probe.Probe(asked, "gpu", tmp_path, "7", sent=1000.0, seen=1005.0)
    sent.answer.write_text(answer.format(now=1003.0, late=1105.0))
    assert any(f.line().startswith(words) for f in probe._read(sent))


def test_no_slurm_on_this_machine(site):
    site.without("sbatch", "squeue", "scontrol", "sinfo", "scancel")
    (line,) = look([profile(site.directory, "slurm", **SLURM)])
    assert line.startswith("WRONG    commands: no Slurm on this machine: no sbatch, squeue")


def test_a_scheduler_that_does_not_answer(site):
    site.command("sinfo", SILENT)
    (line,) = look([profile(site.directory, "slurm", **SLURM)])
    assert line.startswith("WRONG    scheduler: Slurm does not answer (sinfo --noheader")


def test_without_accounting_squeue_is_enough(site):
    site.command("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1")
    (line,) = look([profile(site.directory, "slurm", **SLURM)])
    assert line.startswith("warning  accounting: it does not answer: how much memory")
    (line,) = look(slurm_with(site, slurm_status_command="sacct"))
    assert line.startswith("WRONG    accounting: it does not answer (Slurm accounting storage is disabled)")
    assert "slurm-status-command: squeue; own.yaml, line 1, slurm-status-command" in line


@pytest.mark.parametrize(("accounting", "level"), [(True, "warning"), (False, "WRONG")])
def test_a_controller_that_forgets_jobs_too_early(site, accounting, level):
    site.slurm(settings={"MinJobAge": "60 sec"})
    if not accounting:
        site.without("sacct")
    line = look([profile(site.directory, "slurm", **SLURM)])[-1]
    assert line.startswith(
        f"{level:<8} job age: squeue forgets jobs 60 s after their end (MinJobAge), 120 s are needed"
    )


def test_a_wrong_partition(site):
    (line,) = look(slurm_with(site, jobs=5, default_resources=["slurm_partition=mian"]))
    assert line.startswith("WRONG    partition: no partition 'mian' for ntuple, hdf5,")
    assert line.endswith("did you mean 'main'?; own.yaml, line 3, default-resources")


def test_a_partition_of_one_rule(site):
    names = slurm_with(site, set_resources={"train": {"slurm_partition": "gpus"}})
    (line,) = look(names)
    assert "no partition 'gpus' for train; did you mean 'gpu'?; own.yaml, line 3, set-resources" in line


@pytest.mark.parametrize(
    ("partitions", "nodes", "words"),
    [
        ([partition("main")], None, "WRONG    partition: no partition is named, and there is no default one"),
        ([partition("main", "YES", state="DOWN")], None, "WRONG    partition: main takes no jobs now"),
        (None, ["n1|main|down*|16000|8|(null)"], "warning  partition: main has no usable node now (1 down*)"),
    ],
)
def test_partitions_that_take_no_jobs(site, partitions, nodes, words):
    site.slurm(partitions=partitions, nodes=nodes)
    assert look([profile(site.directory, "slurm", **SLURM)])[0].startswith(words)


def test_requests_above_the_limits_of_a_partition(site):
    site.slurm(partitions=[partition("main", "YES", time="02:00:00", memory="4000")])
    stages = {"train": {"minutes": 600}, "convert": {"memory": 8000}}
    lines = look([profile(site.directory, "slurm", **SLURM)], analysis(stages=stages))
    words = "limits: train asks for 600 minutes, main allows 120; cluster.stages.train.minutes: 120 in my.yaml"
    assert any(f"WRONG    {words}" in line for line in lines)
    assert any("WRONG    limits: ntuple asks for 8000 MB, main allows 4000" in line for line in lines)


def test_growth_above_the_limits_of_a_partition(site):
    site.slurm(partitions=[partition("main", "YES", time="12:00:00")])
    found = doctor.examine([profile(site.directory, "slurm", **SLURM)], analysis(memory_limit=20000), "my.yaml", None)
    assert [finding.words for finding in found if "may grow" in finding.words] == [
        "jobs may grow to 1440 minutes: that ends at 720, the most in main; a training goes on from its checkpoint",
        "jobs may grow to 20000 MB: that ends at 16000, the most in main",
    ]


def test_a_gpu_where_none_is(site):
    (line,) = look([profile(site.directory, "slurm", **SLURM)], analysis("gpu"))
    assert line.startswith("WRONG    GPU: train of flavour asks for 1 GPU, partition main has none; these have: gpu")
    assert "'train:slurm_partition=gpu' under set-resources" in line
    assert look(slurm_with(site, set_resources=["train:slurm_partition=gpu"]), analysis("gpu")) == []


@pytest.mark.parametrize(
    ("gpus", "resources", "words"),
    [
        (3, [], "no node has more than 2: cluster.gpus in my.yaml"),
        (1, ["train:gpu_model=h100"], "this Slurm has gpu:a100:2(S:0-1); own.yaml, line 3, set-resources"),
        (
            1,
            ["train:gpu=0", "train:gres=gpu:h100:1"],
            "this Slurm has gpu:a100:2(S:0-1); own.yaml, line 4, set-resources",
        ),
    ],
)
def test_more_or_other_gpus_than_there_are(site, gpus, resources, words):
    names = slurm_with(site, set_resources=["train:slurm_partition=gpu", *resources])
    (line,) = look(names, analysis("gpu", gpus))
    assert line.startswith("WRONG    GPU: train of flavour asks for")
    assert line.endswith(words)


def test_no_gpu_anywhere_and_an_old_way_to_ask(site):
    site.slurm(nodes=["n1|main|idle|16000|8|(null)"])
    (line,) = look([profile(site.directory, "slurm", **SLURM)], analysis("gpu"))
    assert line.endswith("this Slurm has none: tasks.flavour.training.device: cpu in my.yaml")
    site.slurm(nodes=["n1|main|idle|16000|8|gpu:1"], settings={"SelectType": "select/cons_res"})
    (line,) = look([profile(site.directory, "slurm", **SLURM)], analysis("gpu"))
    assert "does not know --gpus; 'gpu=0' and 'gres=gpu:1' for train under set-resources in slurm.yaml" in line


def test_a_wrong_account(site):
    (line,) = look(slurm_with(site, default_resources=["slurm_account=jetlom"]))
    assert line.startswith("WRONG    account: 'jetlom' is no account of")
    assert line.endswith("did you mean 'jetloom'?; own.yaml, line 2, default-resources")
    site.slurm(partitions=[partition("main", "YES", accounts="theory")])
    (line,) = look(slurm_with(site, default_resources=["slurm_account=jetloom"]))
    assert "partition main does not take 'jetloom', only theory" in line


def test_no_account_where_one_is_needed(site):
    site.slurm(settings={"AccountingStorageEnforce": "associations,limits"}, accounts="")
    site.command("sshare")
    assert "has no account here" in look([profile(site.directory, "slurm", **SLURM)])[0]


@pytest.mark.parametrize(("enforced", "level"), [("none", "warning"), ("associations,limits,qos", "WRONG")])
def test_a_wrong_qos(site, enforced, level):
    site.slurm(settings={"AccountingStorageEnforce": enforced})
    (line,) = look(slurm_with(site, slurm_qos="lnog"))
    assert line == f"{level:<8} QOS: there is no QOS 'lnog'; did you mean 'long'?; own.yaml, line 1, slurm-qos"
    (line,) = look(slurm_with(site, slurm_qos="long"), analysis(stages={"train": {"minutes": 300}}))
    assert "WRONG    QOS: 'long' allows 120 minutes, 300 are asked for" in line


def test_slurm_itself_is_asked_about_the_rest(site):
    site.command("sbatch", "echo 'allocation failure: Invalid feature specification' >&2; exit 1")
    line = look(slurm_with(site, default_resources=["constraint=haswel"]))[0]
    assert line.startswith("WRONG    trial: Slurm would not take a job of ntuple: allocation failure: Invalid feature")
    assert "--constraint=haswel" in line


def test_a_misspelt_key(site):
    (line,) = look(slurm_with(site, jobs=5, latencywait=3))
    assert line.startswith("WRONG    key: Snakemake has no option 'latencywait'; did you mean 'latency-wait'?")
    assert line.endswith("own.yaml, line 2, latencywait")


def test_snakemake_knows_the_keys_of_our_profiles():
    options = checks_profile.known_options()
    assert {"slurm-status-command", "htcondor-held-timeout", "set-resources"} <= set(options)
    assert {"slurm", "htcondor", "local"} <= set(options["executor"])


def test_resources_that_no_plugin_reads(site):
    given = ["slurm_partiton=main", "licences_of_mine=1"]
    lines = look(slurm_with(site, default_resources=given, set_resources=["trian:gpu=1"]))
    assert lines[0] == (
        "WRONG    resource: the plugin does not read 'slurm_partiton'; "
        "did you mean 'slurm_partition' or 'slurm_account'? own.yaml, line 2, default-resources"
    )
    assert lines[1].startswith("warning  resource: the plugin does not read 'licences_of_mine'; ")
    assert lines[2:] == [
        "warning  resource: jetloom has no rule 'trian'; did you mean 'train'? own.yaml, line 5, set-resources",
    ]


def test_keys_without_which_jobs_are_lost(site):
    (line,) = look([profile(site.directory, "bare", executor="slurm", jobs=1, latency_wait=60,
                            slurm_init_seconds_before_status_checks=5)])  # fmt: skip
    assert "slurm-status-command: squeue; slurm-status-command in bare.yaml" in line
    lines = look(slurm_with(site, retries=3, keep_going=False, latency_wait=1))
    assert [line.split(";")[0] for line in lines] == [
        "warning  key: 'keep-going' has no effect",
        "warning  key: 'retries' has no effect: jetloom counts attempts by their cause",
        "warning  key: a shared file system may show a file later than jobs are over",
    ]


def test_a_later_profile_takes_resources_away(site):
    names = [profile(site.directory, "condor", **CONDOR), profile(site.directory, "own", default_resources=["rank=1"])]
    lines = look(names)
    assert any("'getenv' of condor.yaml is lost: own.yaml gives default-resources anew" in line for line in lines)
    assert any(line.startswith("WRONG    resource: jobs get an empty environment") for line in lines)


def test_a_rule_that_tries_again_by_itself(tmp_path):
    (tmp_path / "own.smk").write_text("rule a:\n    retries: 3\n")
    (finding,) = checks_profile.retries_in_rules([tmp_path / "own.smk"])
    assert finding.level == Level.WRONG
    assert finding.mend.endswith("own.smk, line 2")


def test_a_healthy_pool(site):
    assert look([profile(site.directory, "condor", **CONDOR)], analysis("gpu")) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda site: site.without("condor_q"), "WRONG    commands: no HTCondor on this machine: no condor_q"),
        (lambda site: site.command("condor_q", "echo lost >&2; exit 1"), "WRONG    queue: no schedd answers (lost)"),
        (lambda site: site.condor("1 1000 0\\n"), "WRONG    GPU: train of flavour asks for 1, no slot of the pool"),
        (lambda site: site.condor("1 1000 2\\n"), "WRONG    limits: ntuple asks for 2000 MB, no slot has more"),
        (lambda site: site.condor(""), "warning  pool: it shows no slots now"),
        (lambda site: site.command("condor_history", "exit 1"), "warning  history: condor_history does not answer"),
        (
            lambda site: site.says("condor_config_val", GETENV="false\n", MAX_JOBS="10000\n"),
            "WRONG    environment: this pool forbids getenv=True",
        ),
        (
            lambda site: site.says("condor_config_val", GETENV="true\n", MAX_JOBS_PER="50\n"),
            "warning  limits: 100 jobs at a time are wanted, this queue takes 50 (MAX_JOBS_PER_OWNER)",
        ),
    ],
)  # fmt: skip
def test_a_sick_pool(site, change, words):
    change(site)
    lines = look([profile(site.directory, "condor", **CONDOR)], analysis("gpu"))
    assert any(line.startswith(words) for line in lines), lines


def test_root_and_a_missing_configuration_of_condor(site, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert [f.words for f in checks_condor.commands()][-1] == "you are root, and HTCondor refuses jobs of root"
    monkeypatch.setenv("CONDOR_CONFIG", "/dev/null")
    site.command("condor_q", "exit 1")
    lines = look([profile(site.directory, "condor", **CONDOR)])
    assert any(line.startswith("WRONG    queue: HTCondor finds no configuration; set CONDOR_CONFIG") for line in lines)


def test_this_machine(site, monkeypatch):
    names = [profile(site.directory, "local", cores=4)]
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)))
    for memory, words in ((10000, []), (5000, ["warning  memory: 4 jobs at a time may need 8000 MB"]),
                          (1000, ["WRONG    memory: ntuple asks for 2000 MB, this machine has 1000"])):  # fmt: skip
        monkeypatch.setattr(checks_machine, "machine_memory", lambda memory=memory: memory)
        found = look(names)
        assert len(found) == len(words)
        assert all(line.startswith(start) for line, start in zip(found, words, strict=True))


def test_directories(tmp_path, monkeypatch):
    (finding,) = checks_machine.directory(tmp_path)
    assert finding.level == Level.OK
    monkeypatch.setattr(checks_machine, "LITTLE", 1e18)
    assert [f.level for f in checks_machine.directory(tmp_path)] == [Level.WARNING]
    (finding,) = checks_machine.directory(type(tmp_path)("/proc"))
    assert finding.words.startswith("/proc cannot be written")


def test_a_directory_of_this_machine_alone(tmp_path):
    here = os.uname().nodename
    assert list(checks_machine.private(tmp_path, {here})) == []
    (finding,) = checks_machine.private(type(tmp_path)("/dev/shm"), {here, "n2"})
    assert "/dev/shm (tmpfs) is this machine's own, jobs on others do not see it" in finding.words


def test_the_verb_ends_with_code_2_if_something_is_wrong(site, capsys, monkeypatch):
    monkeypatch.setattr("jetloom.config.load.load_analysis", lambda _: analysis())
    names = slurm_with(site, default_resources=["slurm_partition=main"])
    arguments = SimpleNamespace(profile=names, config="my.yaml", no_probe=True, timeout=1, write=None)
    verb.run(arguments)
    assert "nothing is wrong" in capsys.readouterr().out
    site.slurm(partitions=[partition("other", "YES")])
    with pytest.raises(ConfigurationError, match="1 thing is wrong"):
        verb.run(arguments)
    with pytest.raises(MissingFileError, match="there is no such profile"):
        verb.run(SimpleNamespace(**{**vars(arguments), "profile": ["nosuch"]}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("UNLIMITED", float("inf")), ("30", 30), ("10:00", 10), ("02:00:00", 120), ("1-00:00:00", 1440), ("2-12", 3600)],
)
def test_time_limits(text, expected):
    assert minutes(text) == expected


def test_generic_resources():
    assert parse_gres("gpu:a100:4(S:0-1),gpu:2,nvme:1") == [("gpu", "a100", 4), ("gpu", "", 2), ("nvme", "", 1)]
    assert parse_gres("(null)") == []
