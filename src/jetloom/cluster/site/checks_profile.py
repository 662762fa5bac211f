"""Whether a profile says what it means: keys that nobody knows, and those that make jobs fail or wait."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from jetloom.cluster.profiles.profile import executor_of
from jetloom.cluster.profiles.sources import Sources, shown
from jetloom.cluster.site.findings import Finding, ok, warning, wrong
from jetloom.errors import near_misses
from jetloom.stages import STAGES

RESOURCES = {
    "": "mem mem_mb mem_mib disk disk_mb disk_mib runtime tmpdir threads",
    "slurm": "slurm_partition slurm_account slurm_cluster cluster clusters slurm_extra constraint qos nodes tasks "
    "tasks_per_node tasks_per_gpu cpus_per_task cpus_per_gpu mem_mb_per_cpu mem_per_cpu mpi gpu gpu_model "
    "gpu_manufacturer gres training_slots",
    "htcondor": "getenv environment input max_materialize max_idle rank request_disk request_memory requirements "
    "request_gpus require_gpus gpus_minimum_capability gpus_minimum_memory gpus_minimum_runtime cuda_version "
    "max_retries allowed_execute_duration allowed_job_duration retry_until universe container_image job_wrapper "
    "preserve_relative_paths stream_output stream_error htcondor_request_mem_mb htcondor_request_disk_mb "
    "htcondor_gpus_min_mem_mb htcondor_transfer_input_files htcondor_transfer_output_files training_slots",
}
"""Resources that the plugins read, by executor; they pass over others in silence."""
WRITTEN = {
    "accounting_group": "write 'classad_AccountingGroup=GROUP.USER'",
    "accounting_group_user": "write 'classad_AcctGroupUser=USER'",
}
"""What the plugin reads in place of a command of HTCondor's submit files."""
FREE = ("htcondor_submit_", "classad_")
NOT_OPTIONS = {"__use_yte__", "__definitions__", "__variables__"}


def known_options() -> dict[str, list[str]]:
    """Return Snakemake's long options, those of its plugins included, with their choices."""
    from snakemake.cli import get_argument_parser

    return {
        option.removeprefix("--"): [str(choice) for choice in action.choices or []]
        for action in get_argument_parser()._actions
        for option in action.option_strings
        if option.startswith("--")
    }


def keys(sources: Sources, options: dict[str, list[str]]) -> Iterator[Finding]:
    """Check each key of each profile against the options of Snakemake."""
    bad = 0
    for file, content in zip(sources.files, sources.contents, strict=True):
        for key in content:
            if key not in options and key not in NOT_OPTIONS:
                bad += 1
                yield wrong("key", f"Snakemake has no option '{key}'",
                            f"{near_misses(str(key), options)} {sources.where(key, file=file)}")  # fmt: skip
    executor = executor_of(sources.merged)
    if (choices := options.get("executor")) and executor not in choices:
        bad += 1
        yield wrong("key", f"there is no executor '{executor}'",
                    f"{near_misses(executor, choices)} {sources.where('executor')}")  # fmt: skip
    if not bad:
        count = sum(len(content) for content in sources.contents)
        yield ok("keys", f"Snakemake knows all {count} keys of {', '.join(map(shown, sources.files))}")
    own = {key: value for content in sources.contents[sources.named :] for key, value in content.items()}
    for content in sources.contents[: sources.named]:
        for key in content.keys() & own.keys():
            if content[key] != own[key]:
                yield warning("key", f"'{key}' has no effect", f"{sources.where(key)} wins over every profile")


def resources(sources: Sources, executor: str = "") -> Iterator[Finding]:
    """Check the names of the resources; the plugins say nothing of those that they do not know."""
    executor = executor or executor_of(sources.merged)
    known = f"{RESOURCES['']} {RESOURCES.get(executor, '')}".split()
    default = sources.default_resources()
    for rule, given in {"": default, **sources.rules_with_resources()}.items():
        key = "set-resources" if rule else "default-resources"
        if rule and rule not in STAGES:
            yield warning(
                "resource", f"jetloom has no rule '{rule}'", f"{near_misses(rule, STAGES)} {sources.where(key, rule)}"
            )
        for name in given:
            if executor != "local" and name not in known and not name.startswith(FREE):
                advice = near_misses(name, known)
                if executor == "htcondor" and not advice.startswith("did"):
                    advice = WRITTEN.get(name, f"a command of submit files is written 'htcondor_submit_{name}'") + ";"
                kind = wrong if misspelt(name, known, executor) else warning
                yield kind("resource", f"the plugin does not read '{name}'", f"{advice} {sources.where(key, name)}")
    for key, name, old, new in sources.replaced():
        yield warning("resource", f"'{name}' of {shown(old)} is lost: {shown(new)} gives {key} anew, and Snakemake "
                      "takes the later one as a whole", f"repeat it; {sources.where(key)}")  # fmt: skip


def misspelt(name: str, known: Sequence[str], executor: str) -> bool:
    """Say whether a resource that a plugin does not read was meant for it, and is not one of a person's own."""
    own = name.startswith(f"{executor}_") or f"{executor}_{name}" in known
    return own or bool(difflib.get_close_matches(name, known, 1, cutoff=0.85))


def quirks(sources: Sources) -> Iterator[Finding]:
    """Check the keys without which jobs are lost, wait for hours, or are asked for too often."""
    merged, executor = sources.merged, executor_of(sources.merged)
    if executor == "local":
        if "cores" not in merged:
            yield warning("key", "no 'cores': Snakemake asks for it", f"cores: all; {sources.where('cores')}")
        return
    if "jobs" not in merged:
        yield warning("key", "no 'jobs': Snakemake asks for how many at a time", f"jobs: 100; {sources.where('jobs')}")
    if merged.get("retries") or merged.get("restart-times"):
        yield warning("key", "'retries' has no effect: jetloom counts attempts by their cause",
                      f"cluster.attempts in the configuration; {sources.where('retries')}")  # fmt: skip
    if int(merged.get("latency-wait", 5)) < 10:
        yield warning("key", "a shared file system may show a file later than jobs are over",
                      f"latency-wait: 60; {sources.where('latency-wait')}")  # fmt: skip
    yield from _slurm(sources) if executor == "slurm" else _condor(sources) if executor == "htcondor" else ()


def _slurm(sources: Sources) -> Iterator[Finding]:
    merged = sources.merged
    if "slurm-status-command" not in merged:
        yield warning("key", "accounting is asked for the state of jobs, which lags, and which not every site has",
                      f"slurm-status-command: squeue; {sources.where('slurm-status-command')}")  # fmt: skip
    if int(merged.get("slurm-init-seconds-before-status-checks", 40)) > 30:
        yield warning("key", "no job is seen to end in its first 40 s", "slurm-init-seconds-before-status-checks: 5; "
                      f"{sources.where('slurm-init-seconds-before-status-checks')}")  # fmt: skip


def _condor(sources: Sources) -> Iterator[Finding]:
    asked = sources.default_resources()
    if not (asked.get("getenv") or asked.get("environment") or asked.get("job_wrapper")):
        yield wrong("resource", "jobs get an empty environment, and Snakemake ends in one with KeyError: 'PATH'",
                    f"'- getenv=True'; {sources.where('default-resources')}")  # fmt: skip
    if int(sources.merged.get("htcondor-held-timeout", 14400)) != 0:
        yield warning("key", "a held job is waited on for hours",
                      f"htcondor-held-timeout: 0; {sources.where('htcondor-held-timeout')}")  # fmt: skip
    if "htcondor_submit_job_max_vacate_time" not in asked:
        yield warning("resource", "a removed or held job lives on for up to 10 minutes",
                      f"'- htcondor_submit_job_max_vacate_time=60'; {sources.where('default-resources')}")  # fmt: skip


def retries_in_rules(files: Iterable[Path]) -> Iterator[Finding]:
    """Look for rules that try again by themselves: they do inside the same allocation, with the memory of before."""
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if re.match(r"\s+retries\s*:", line):
                yield wrong("rules", "a rule's own 'retries' tries again inside the same allocation, with the memory "
                            "and time of before", f"take it out; {shown(file)}, line {number}")  # fmt: skip
