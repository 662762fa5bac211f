"""What the rules ask of the configuration: it is read and checked once, before any rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from jetloom import paths
from jetloom.config.analysis import Analysis
from jetloom.config.load import load_merged
from jetloom.config.schema import sample_schema
from jetloom.locations import Location
from jetloom.provenance import digest
from jetloom.scan.bundles import membership
from jetloom.scan.bundles.membership import Training
from jetloom.scan.config_copy import store
from jetloom.scan.points import space
from jetloom.scan.preflight import check_analysis
from jetloom.scan.staleness import settings_digests
from jetloom.stages import STAGES
from jetloom.training.callbacks.own import check_callbacks


class Plan:
    """An analysis as the rules see it.

    Parameters
    ----------
    analysis : Analysis
        The configuration, checked.
    config : Path
        A copy of it that never changes. Jobs read it: an edit of the configuration disturbs nothing that runs.
    """

    def __init__(self, analysis: Analysis, config: Path) -> None:
        self.analysis = analysis
        self.config = config
        self.root = str(paths.results(analysis))

    @classmethod
    def of(cls, merged: Mapping[str, Any]) -> Plan:
        """Return the plan of a configuration that Snakemake merged from files and command line.

        Raises
        ------
        ConfigurationError, MissingFileError
            If something in it is wrong.
        """
        analysis = load_merged(merged)
        check_analysis(analysis)
        check_callbacks(analysis)
        plan = cls(analysis, store(analysis, paths.results(analysis) / "config"))
        # All that can fail fails now, in one line, and not within a rule.
        for part in (plan.sources, plan.bundles, plan.settings, plan.schemas):
            assert isinstance(part, dict)
        return plan

    @cached_property
    def sources(self) -> dict[str, dict[str, Location]]:
        """The files of each sample by the names that their results get."""
        return {sample: paths.source_files(self.analysis, sample) for sample in self.analysis.samples}

    @cached_property
    def points(self) -> dict[str, list[str]]:
        """The names of the points of each task's scan."""
        return {name: [point.name for point in space.points(task)] for name, task in self.analysis.tasks.items()}

    @cached_property
    def settings(self) -> dict[str, dict[str, str]]:
        """What makes results stale, by stage."""
        return settings_digests(self.analysis)

    @cached_property
    def schemas(self) -> dict[str, str]:
        """A digest of the schema of each sample."""
        return {
            name: digest(sample_schema(sample).model_dump(mode="json"))
            for name, sample in self.analysis.samples.items()
        }

    @cached_property
    def datasets(self) -> dict[str, str]:
        """The task whose dataset each task uses."""
        return {task: self.analysis.dataset_of(task) for task in self.analysis.tasks}

    @cached_property
    def shown(self) -> dict[str, dict[str, Location]]:
        """The files of each sample whose events are drawn before and after cuts."""
        return {
            sample: paths.shown_files(paths.converted_files(self.analysis, sample)) for sample in self.analysis.samples
        }

    @cached_property
    def bundles(self) -> dict[str, dict[str, list[Training]]]:
        """The bundles of each task's scan: which trainings a job does."""
        most = self.analysis.cluster.points_per_job
        return {
            name: membership.bundles(membership.trainings(self.points[name], space.runs(task)), most)
            for name, task in self.analysis.tasks.items()
        }

    @property
    def uses_gpus(self) -> bool:
        """Whether a training may compute on a GPU."""
        return any(task.training.device != "cpu" for task in self.analysis.tasks.values())

    def manifests_of(self, task: str) -> list[str]:
        """Return the manifests of all bundles of a task's scan."""
        return [f"{self.root}/scans/{task}/bundles/{bundle}.json" for bundle in self.bundles[task]]

    def tasks_of(self, rule: str) -> str:
        """Return the tasks that a rule has jobs for, as a pattern."""
        return any_of(STAGES[rule].tasks(self.analysis))


def any_of(names: Iterable[str]) -> str:
    """Return a pattern that matches these names and no other text; that of none is ``none``."""
    return "|".join(map(re.escape, names)) or "none"
