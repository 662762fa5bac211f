"""A small analysis, and ways to call Snakemake and jetloom on it as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]

SMALL = {
    "analysis": "small",
    "label": "jetloom test",
    "samples": {
        "dijet": {
            "title": "Dijet",
            "simulate": {"process": "dijet", "events": 300, "chunks": 2, "pt_hat_min": 60},
            "cross_section": 1000.0,
        },
        "ttbar": {"simulate": {"process": "ttbar", "events": 150}, "cross_section": 730.0},
    },
    "conversion": {"select": {"jets": ["pt > 25", "abs(eta) < 2.1"]}, "slots": {"constituents": 20}},
    "tasks": {
        "quark_gluon": {
            "title": "Quark against gluon",
            "labels": {
                "gluon": {"when": "PartonTruthLabelID == 21", "title": "Gluon"},
                "quark": {"when": "PartonTruthLabelID in (1, 2, 3, 4, 5)", "title": "Quark"},
            },
            "inputs": ["log(pt)", "Width", "NumTrkPt500"],
            "parameters": {"epochs": 2, "batch_size": 128},
            "scan": {"units": [4, 8]},
        }
    },
}


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
    analysis.write(yaml.safe_load(yaml.safe_dump(SMALL)))
    return analysis
