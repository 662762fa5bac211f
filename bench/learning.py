"""Learning curves: the area under the ROC curve against the number of jets that a model trains on.

``python -m bench learning`` makes the jets of ``config/examples/zjet.yaml``, without multiple interactions and with
them, trains each model of that example, and a particle-flow network, on the same jets several times, and draws
``docs/images/learning.png``. It takes hours; what is done is kept in ``bench/results/learning``, and another call goes
on from there. All sizes have the same validation and test parts.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.measurement import CHECKOUT, Measurement, run
from bench.subsets import subset

if TYPE_CHECKING:
    from jetloom.config.analysis import Analysis
    from jetloom.config.tasks.task import Task

EXAMPLE = CHECKOUT / "config" / "examples" / "zjet.yaml"
RESULTS = CHECKOUT / "bench" / "results" / "learning"
FIGURE = CHECKOUT / "docs" / "images" / "learning.png"
PEER = f"{CHECKOUT / 'bench' / 'particle_flow.py'}:ParticleFlow"

SIZES, COMPARED, SEEDS, AT_ONCE = (1000, 4000, 16000, 30000), 16000, 3, 2

JETS_A_BATCH = 160
"""Of so many jets that train, JUNIPR has one in a batch."""

BY_AREA = {"early_stopping": {"monitor": "val_auc", "patience": 8}, "select": {"monitor": "val_auc"}}
"""How classifiers are trained here: the area chooses the epoch, as it ranks; the loss may grow while it rises."""

EVENTS = {"without multiple interactions": 300_000, "with multiple interactions": 150_000}
"""Events of each process. Of the first sample each size is trained on, of the second :data:`COMPARED` jets."""


class Kind(NamedTuple):
    """A model of the curves: its title, and the task of the example whose recipe it has; None for the peer."""

    title: str
    task: str | None


KINDS = {
    "dense": Kind("Dense network, 9 variables", "quark_gluon"),
    "bdt": Kind("Boosted trees, 9 variables", "quark_gluon_bdt"),
    "particle_flow": Kind("Particle-flow network", None),
    "junipr_binary": Kind("Binary JUNIPR", "junipr_binary"),
}


class Training(NamedTuple):
    """One training: which sample, how many jets, which model, which repetition, and the area that it came to."""

    sample: str
    jets: int
    kind: str
    repetition: int
    auc: float


def measure(directory: Path) -> Iterator[Measurement]:  # noqa: ARG001 - what takes hours is not thrown away
    """Measure all curves; give binary JUNIPR beside the particle-flow network at the size of the goal."""
    found = []
    for sample, events in EVENTS.items():
        dataset = make_dataset(RESULTS / sample.split(maxsplit=1)[0], sample, events)
        sizes = SIZES if sample == next(iter(EVENTS)) else (COMPARED,)
        found += curves(dataset, sample, sizes)
        count = constituents_auc(dataset)
        ours, peer = (areas(found, sample, COMPARED, kind) for kind in ("junipr_binary", "particle_flow"))
        yield Measurement(
            f"binary JUNIPR, {COMPARED} jets {sample}: area under the ROC curve, mean of {len(ours)}",
            float(ours.mean()), "", f"particle-flow network {peer.mean():.4f}, number of constituents {count:.4f}",
            float(ours.mean() / peer.mean()), ">= 0.88, not below the particle-flow network",
        )  # fmt: skip
        if sample == next(iter(EVENTS)):
            draw(found, sample, count)
    write(found)


def make_dataset(directory: Path, sample: str, events: int) -> Path:
    """Simulate the jets and build the dataset, as the example says; give the dataset's directory."""
    import yaml

    config = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    for one in config["samples"].values():
        one["simulate"] |= {"events": events, "multiple_interactions": sample.startswith("with ")}
    # The particle-flow network turns the trees, which lie around the axis of the jet, back into the lab.
    config["tasks"]["quark_gluon"]["spectators"] = ["pt", "eta"]
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "config.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    dataset = directory / "results" / config["analysis"] / "datasets" / "quark_gluon"
    run(["snakemake", "--snakefile", CHECKOUT / "Snakefile", "--profile", CHECKOUT / "profiles" / "local",
         "--configfile", path, "--directory", directory, dataset.relative_to(directory) / "dataset.json"],
        cwd=CHECKOUT)  # fmt: skip
    return dataset


def curves(dataset: Path, sample: str, sizes: tuple[int, ...]) -> list[Training]:
    """Train all models on all sizes, some at a time."""
    asked = []
    for jets in sizes:
        part = RESULTS / "parts" / sample.split(maxsplit=1)[0] / str(jets)
        if not (part / "dataset.json").is_file():
            subset(dataset, part, jets)
        asked += [(part, sample, kind, repetition) for kind in KINDS for repetition in range(SEEDS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda one: _trained(*one), asked))


def _trained(part: Path, sample: str, kind: str, repetition: int) -> Training:
    """Train in a process of its own, unless it is done; the seed depends on the repetition alone."""
    directory = part / kind / f"r{repetition}"
    if not (directory / "result.json").is_file():
        run([sys.executable, "-m", "bench.learning", part, kind, str(repetition)], cwd=CHECKOUT)
    result = json.loads((directory / "result.json").read_text(encoding="utf-8"))
    return Training(sample, int(part.name), kind, repetition, result["metrics"]["eval_auc"])


def train(part: Path, kind: str, repetition: int) -> None:
    """Train one model on a dataset, and the densities that it starts from, each with the recipe of the example."""
    from jetloom.config.load import load_analysis
    from jetloom.config.tasks.task import Task
    from jetloom.models.registry import find_model, resolve_parameters

    directory, name = part / kind / f"r{repetition}", KINDS[kind].task
    if name is None:
        parameters = resolve_parameters(find_model(PEER), {"epochs": 50, "batch_size": 100})
        task = Task.model_validate({"dataset": "quark_gluon", "model": PEER, "training": {"backend": "jax"} | BY_AREA})
        _train(task, parameters, part, directory, repetition, {})
    else:
        _train_task(load_analysis(EXAMPLE), name, part, directory, repetition)


def _train_task(analysis: Analysis, name: str, part: Path, directory: Path, repetition: int) -> Path:
    """Train a task of the example after those that it starts from; return the file of its model."""
    from jetloom.config.tasks.task import Task
    from jetloom.data.dataset import Dataset
    from jetloom.models.registry import find_model
    from jetloom.scan.points.space import points

    task = analysis.tasks[name]
    model = find_model(task.model)
    if (directory / "result.json").is_file():
        return directory / model.file
    start = {
        which: _train_task(analysis, density, part, directory.parents[1] / density / f"r{repetition}", repetition)
        for which, density in task.starts.items()
    }
    training = task.training.model_dump(mode="json")
    if model.objective.kind == "classifier":
        training |= BY_AREA
    # The last point of a scan has its largest sizes and rates; JUNIPR needs updates, so few jets come in small batches.
    parameters = dict(points(task)[-1].parameters)
    if model.enough_updates:
        summary = Dataset.open(part).description["summary"]
        jets = sum(entry["jets"] for entry in summary if entry["part"] == "train")
        parameters["batch_size"] = int(np.clip(jets // JETS_A_BATCH, 10, parameters["batch_size"]))
    _train(Task.model_validate(task.model_dump(mode="json") | {"training": training}), parameters, part, directory,
           repetition, start)  # fmt: skip
    return directory / model.file


def _train(
    task: Task, parameters: dict[str, Any], part: Path, directory: Path, repetition: int, start: dict[str, Path]
) -> None:
    from jetloom.data.dataset import Dataset
    from jetloom.training.point import train_point
    from jetloom.training.request import Request

    train_point(Request(task, parameters, Dataset.open(part), directory, 1, repetition, None, start=start))


def constituents_auc(dataset: Path) -> float:
    """Return the area of the number of constituents alone on the test part."""
    from jetloom.data.dataset import Dataset
    from jetloom.statistics.classification import auc

    opened = Dataset.open(dataset)
    view = opened.view()
    rows = np.concatenate(list(view.jet_rows("test")))
    rows = rows[rows["label"] >= 0]
    few = -rows["n_branchings"].astype(np.float64)
    shares = 1 / (1 + np.exp(-(few - few.mean()) / 20))
    return auc(rows["label"], np.stack([1 - shares, shares], axis=1), rows[view.weight])


def areas(found: list[Training], sample: str, jets: int, kind: str) -> npt.NDArray[np.float64]:
    """Return the areas of one model's repetitions."""
    return np.array([one.auc for one in found if (one.sample, one.jets, one.kind) == (sample, jets, kind)])


def write(found: list[Training]) -> None:
    """Write all trainings as a table."""
    with (RESULTS / "learning.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Training._fields)
        writer.writerows(found)


def draw(found: list[Training], sample: str, count: float) -> None:
    """Draw means over the repetitions, with the standard deviation of one training as bars."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.6), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for place, (kind, (title, *_)) in enumerate(KINDS.items()):
        sizes = sorted({one.jets for one in found if (one.sample, one.kind) == (sample, kind)})
        every = [areas(found, sample, jets, kind) for jets in sizes]
        shifted = np.array(sizes) * 1.03 ** (place - 1.5)
        spread = [values.std(ddof=1) if len(values) > 1 else 0.0 for values in every]
        axes.errorbar(shifted, [values.mean() for values in every], spread, fmt="os^D"[place] + "-", label=title)
    axes.axhline(count, color="grey", linestyle=":", label="Number of constituents")
    axes.set(xscale="log", xlabel="Training jets", ylabel="Area under the ROC curve", title=f"Z + jet {sample}")
    axes.legend()
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, metadata={"Software": None})


if __name__ == "__main__":
    train(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
