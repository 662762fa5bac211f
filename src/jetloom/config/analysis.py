"""The whole configuration of an analysis."""

from __future__ import annotations

from pydantic import Field, NonNegativeInt, model_validator

from jetloom.config.cluster import Cluster
from jetloom.config.conversion import Conversion
from jetloom.config.samples import Sample
from jetloom.config.settings import Name, Settings
from jetloom.config.tasks import Task
from jetloom.errors import near_misses


class Analysis(Settings):
    """An analysis: samples, their conversion, and the tasks that learn from them. Results go to results/<analysis>/."""

    analysis: Name = Field("demo", description="Name; all results lie under results/<analysis>/.")
    label: str = Field("", description="Label of the experiment in plots, e.g. 'ATLAS Simulation Work in Progress'.")
    seed: NonNegativeInt = Field(1, description="Seed of everything random.")
    data: str = Field(".", description="Directory that relative file patterns of the samples start from.")
    samples: dict[Name, Sample] = Field(min_length=1, description="The samples.")
    conversion: Conversion = Field(default_factory=Conversion, description="DxAOD to HDF5.")
    tasks: dict[Name, Task] = Field(default_factory=dict, description="The tasks; none: convert only.")
    cluster: Cluster = Field(default_factory=Cluster, description="Requests and retries of jobs.")

    @model_validator(mode="after")
    def _known_samples(self) -> Analysis:
        for task_name, task in self.tasks.items():
            for sample in task.samples:
                if sample not in self.samples:
                    advice = near_misses(sample, self.samples)
                    raise ValueError(f"tasks.{task_name}.samples: no sample '{sample}'; {advice}")
        return self

    def task_samples(self, task: str) -> list[str]:
        """Give the names of the samples that take part in a task, in the order of the configuration."""
        chosen = self.tasks[task].samples
        return [name for name in self.samples if not chosen or name in chosen]
