"""The whole configuration of an analysis."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from jetloom.config.cluster import Cluster
from jetloom.config.comparisons import Comparison
from jetloom.config.compressions import Compression
from jetloom.config.conversion import Conversion
from jetloom.config.limits import Luminosity, Seed, Shown
from jetloom.config.numbers import with_numbers
from jetloom.config.samples import Era, Sample
from jetloom.config.settings import Name, Settings
from jetloom.config.tasks.task import DATA_SETTINGS, Task
from jetloom.config.tasks.trees import Trees
from jetloom.errors import near_misses, shown


class Analysis(Settings):
    """An analysis: samples, their conversion, and the tasks that learn from them. Results go to results/<analysis>/."""

    analysis: Name = Field("demo", description="Name; all results lie under results/<analysis>/.")
    label: str = Field("", description="Label of the experiment in plots, e.g. 'ATLAS Simulation Work in Progress'.")
    seed: Seed = Field(1, description="Seed of everything random.")
    data: str = Field(".", description="Directory that relative file patterns of the samples start from.")
    luminosity: Luminosity | dict[Era, Luminosity] | None = Field(
        None,
        description="Integrated luminosity in 1/pb, or that of each era ({2017: 41480, 2018: 59830}): weights of "
        "simulated events are then numbers of events; otherwise cross-sections in pb.",
    )
    samples: dict[Name, Sample] = Field(min_length=1, description="The samples.")
    conversion: Conversion = Field(default_factory=Conversion, description="DxAOD to HDF5.")
    trees: Trees = Field(default_factory=Trees, description="Clustering trees, for tasks that read them.")
    diagnostics: Shown = Field(
        4000,
        description="Events of each sample that are drawn before and after cuts; 0: no figures of samples.",
    )
    tasks: dict[Name, Task] = Field(default_factory=dict, description="The tasks; none: convert only.")
    comparisons: dict[Name, Comparison] = Field(
        default_factory=dict, description="Several models on one test part, by name."
    )
    compressions: dict[Name, Compression] = Field(
        default_factory=dict, description="Variables in few bytes, none further off than its bound, by name."
    )
    bootstrap: Annotated[int, Field(ge=2, le=10_000)] = Field(
        200,
        description="Resamplings of the events behind the uncertainties of all figures of the test part. They are "
        "drawn once for all of them, from `seed` and the event.",
    )
    cluster: Cluster = Field(default_factory=Cluster, description="Requests and retries of jobs.")

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, given: Any) -> Any:
        samples = given.get("samples") if isinstance(given, dict) else None
        if not isinstance(samples, dict):
            return given
        found = {
            name: with_numbers(str(name), one) if isinstance(one, dict) and one.get("numbers") is not None else one
            for name, one in samples.items()
        }
        return {**given, "samples": found}

    @field_validator("tasks")
    @classmethod
    def _shared_datasets(cls, tasks: dict[str, Task]) -> dict[str, Task]:
        return {name: _borrowing(name, task, tasks) for name, task in tasks.items()}

    @model_validator(mode="after")
    def _known_tasks(self) -> Analysis:
        for name, task in self.tasks.items():
            for other in task.starts.values():
                self._same_dataset(f"tasks.{name}.{'unaries' if task.unaries else 'start'}", other, name)
            if task.start is not None and self.tasks[task.start].start is not None:
                raise ValueError(f"tasks.{name}.start: '{task.start}' goes on from a model itself")
            if task.control is not None:
                self._check_control(name, task.control)
        for name, comparison in self.comparisons.items():
            pairs = [task for ratio in comparison.ratios.values() for task in (ratio.signal, ratio.background)]
            for other in [*comparison.tasks, *pairs]:
                self._same_dataset(f"comparisons.{name}", other, comparison.tasks[0])
        return self

    def _check_control(self, name: str, control: str) -> None:
        where, task, way = f"tasks.{name}.control", self.tasks[name], [name]
        if control not in self.tasks:
            raise ValueError(f"{where}: no task '{control}'; {near_misses(control, self.tasks)}")
        other, region = self.tasks[control], control
        while control in self.tasks and control not in way:
            way.append(control)
            control = self.tasks[control].control or ""
        if control in way:
            circle = " -> ".join([*way[way.index(control) :], control])
            raise ValueError(f"{where}: a control region is another task's, and this is a circle: {circle}")
        for key in ("inputs", "reads", "collections"):
            theirs, ours = getattr(other, key), getattr(task, key)
            if theirs != ours:
                raise ValueError(
                    f"{where}: '{region}' has other {key}: {shown(theirs)} where '{name}' has {shown(ours)}"
                )
        if other.split.folds not in (0, task.split.folds):
            raise ValueError(f"{where}: '{region}' has {other.split.folds} folds and '{name}' {task.split.folds}")

    def _same_dataset(self, where: str, name: str, other: str) -> None:
        for task in (name, other):
            if task not in self.tasks:
                raise ValueError(f"{where}: no task '{task}'; {near_misses(task, self.tasks)}")
        if self.dataset_of(name) != self.dataset_of(other):
            raise ValueError(f"{where}: '{name}' and '{other}' do not share a dataset; see tasks.<name>.dataset")

    @model_validator(mode="after")
    def _known_samples(self) -> Analysis:
        for task_name, task in self.tasks.items():
            named = {f"labels.{key}.samples": label.samples for key, label in task.labels.items()}
            for where, samples in {"samples": task.samples, **named}.items():
                known = self.samples if where == "samples" else self.task_samples(task_name)
                for sample in samples:
                    if sample not in known:
                        advice = near_misses(sample, known)
                        raise ValueError(f"tasks.{task_name}.{where}: no sample '{sample}'; {advice}")
            for sample in task.apply.samples:
                if sample not in self.samples:
                    advice = near_misses(sample, self.samples)
                    raise ValueError(f"tasks.{task_name}.apply.samples: no sample '{sample}'; {advice}")
                if sample in self.task_samples(task_name):
                    _check_part(f"tasks.{task_name}.apply.part", sample, task)
        for name, compression in self.compressions.items():
            for sample in (compression.sample, *compression.others):
                if sample not in self.samples:
                    raise ValueError(f"compressions.{name}: no sample '{sample}'; {near_misses(sample, self.samples)}")
        return self

    @model_validator(mode="after")
    def _known_eras(self) -> Analysis:
        for name, sample in self.samples.items():
            where = f"samples.{name}.era"
            if isinstance(self.luminosity, dict) and not sample.is_data:
                if sample.era is None:
                    raise ValueError(f"{where}: is missing; luminosity has {', '.join(self.luminosity)}")
                if sample.era not in self.luminosity:
                    raise ValueError(
                        f"{where}: no luminosity of '{sample.era}'; {near_misses(sample.era, self.luminosity)}"
                    )
        for name, task in self.tasks.items():
            for key, values in task.conditions.items():
                for one in values:
                    if one not in (known := self.task_samples(name)):
                        raise ValueError(f"tasks.{name}.conditions.{key}: no sample '{one}'; {near_misses(one, known)}")
        return self

    def scale_of(self, sample: str) -> float:
        """Return what the weights of a sample sum up to: cross-section times luminosity, each 1 where not given."""
        luminosity, settings = self.luminosity, self.samples[sample]
        if isinstance(luminosity, dict):
            luminosity = luminosity.get(settings.era or "", 1.0)
        return settings.scale * (1.0 if luminosity is None else luminosity)

    def dataset_of(self, task: str) -> str:
        """Return the task whose dataset a task uses: its own name, unless it borrows another's."""
        return self.tasks[task].dataset or task

    def conversion_of(self, sample: str) -> Conversion:
        """Return how a sample is converted: its own cuts after those that all samples have."""
        own, common = self.samples[sample].select, self.conversion.select
        if not own.events and not own.jets:
            return self.conversion
        cuts = {"events": [*common.events, *own.events], "jets": [*common.jets, *own.jets]}
        return self.conversion.model_copy(update={"select": common.model_copy(update=cuts)})

    def task_samples(self, task: str) -> list[str]:
        """Return the names of the samples that take part in a task, in the order of the configuration."""
        chosen = self.tasks[task].samples
        return [name for name in self.samples if not chosen or name in chosen]


def _check_part(where: str, sample: str, task: Task) -> None:
    """Refuse to apply a model to what trained it, unless it is said which part is meant."""
    if task.split.folds == 0 and task.apply.part == "unseen":
        raise ValueError(f"{where}: sample '{sample}' trains: say 'test' for the events that did not, or 'all'")
    if task.split.folds and task.apply.part in ("test", "train"):
        raise ValueError(f"{where}: with folds each event is applied by the fold that never saw it: leave it out")


def _borrowing(name: str, task: Task, tasks: dict[str, Task]) -> Task:
    """Return a task that uses another's dataset the settings that shape it."""
    if task.dataset is None:
        return task
    owner = tasks.get(task.dataset)
    if owner is None:
        raise ValueError(f"{name}.dataset: no task '{task.dataset}'; {near_misses(task.dataset, tasks)}")
    if owner.dataset is not None:
        raise ValueError(f"{name}.dataset: '{task.dataset}' has no dataset of its own; name '{owner.dataset}'")
    plain = Task.model_construct()
    for key in sorted(DATA_SETTINGS):
        # A stored configuration has every key; one of a person must not say otherwise than the owner.
        if getattr(task, key) not in (getattr(owner, key), getattr(plain, key)):
            raise ValueError(f"{name}.{key}: is that of '{task.dataset}', whose dataset this task uses; take it out")
    return Task.model_validate({**dict(task), **{key: getattr(owner, key) for key in DATA_SETTINGS}})
