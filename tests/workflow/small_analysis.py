"""A small analysis, and ways to call Snakemake and jetloom on it as a user does."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]

TUTORIAL = (CHECKOUT / "docs" / "tutorial.md").read_text(encoding="utf-8")
CONFIGURATION = re.search(r"```yaml\n(.*?)```", TUTORIAL, flags=re.DOTALL)
assert CONFIGURATION is not None
SMALL = yaml.safe_load(CONFIGURATION[1])
"""The analysis of the tutorial: what a newcomer types is what is tested."""


@dataclass
class Analysis:
    """A directory with a configuration, and a way to call Snakemake on it."""

    directory: Path
    content: dict

    @property
    def config(self) -> Path:
        return self.directory / "analysis.yaml"

    @property
    def results(self) -> Path:
        return self.directory / "results" / self.content["analysis"]

    def write(self, content: dict) -> None:
        self.content = content
        self.config.write_text(yaml.safe_dump(content))

    def snakemake(self, *options: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Call Snakemake as a user does; standard output and error together."""
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(CHECKOUT / "Snakefile")]
        command += ["--profile", str(CHECKOUT / "profiles" / "local"), "--configfile", str(self.config)]
        command += ["--directory", str(self.directory), "--cores", "2", *options]
        return self.call(command, timeout)

    def jetloom(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.call([sys.executable, "-m", "jetloom.cli.main", *options], 300)

    def call(self, command: list[str], timeout: float) -> subprocess.CompletedProcess[str]:
        # The jobs call `jetloom` by its name, which lies beside the interpreter.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            command, cwd=self.directory, env={**os.environ, "PATH": path}, text=True, timeout=timeout,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip


def small_analysis(directory: Path) -> Analysis:
    analysis = Analysis(directory, {})
    analysis.write(copy.deepcopy(SMALL))
    return analysis
