"""One training of one point, from its start to its result."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jetloom import provenance
from jetloom.config.tasks import UNSEEN, Task, Training
from jetloom.data.dataset import Dataset
from jetloom.errors import OutOfMemoryError
from jetloom.io import atomic
from jetloom.models.base import Model
from jetloom.models.registry import find_model, model_code
from jetloom.models.schedules import combined
from jetloom.models.stored_network import load_network
from jetloom.training.backend import use_backend
from jetloom.training.feed import Feed
from jetloom.training.interruption import Interruption
from jetloom.training.loop import Loop, Outcome
from jetloom.training.reporter import Reporter
from jetloom.training.result import add_metrics, at_best_epoch, describe, seeds_of, write
from jetloom.training.scores import scores, unless
from jetloom.training.steppers.base import Stepper
from jetloom.training.steppers.choice import make_stepper

logger = logging.getLogger(__name__)


def train_point(
    task: Task,
    parameters: dict[str, Any],
    dataset: Dataset,
    directory: Path,
    seed: int,
    repetition: int,
    fold: int | None,
    deadline: float | None = None,
    start: Mapping[str, Path] | None = None,
    warnings: Sequence[str] = (),
    picture: Callable[[Any], bytes] | None = None,
) -> dict[str, Any]:
    """Train a point once, and write its model, ``history.csv`` and ``result.json`` into its directory.

    Parameters
    ----------
    task : Task
        The configuration of the task.
    parameters : dict
        All parameters of the model, as the scan resolved them.
    dataset : Dataset
        The task's dataset.
    directory : Path
        Where the results and the checkpoint go.
    seed, repetition : int
        Together with the parameters and the fold they decide every random number.
    fold : int or None
        The fold of a cross-validation.
    deadline : float, optional
        Time (of ``time.monotonic``) by which the training is to have left a checkpoint and ended.
    start : mapping of str to Path, optional
        Saved models that the network starts from, by class; the one to go on from as ``start``.
    warnings : sequence of str
        What is to be said of these in the result.
    picture : callable, optional
        Draws something of the network, as a PNG, for TensorBoard after each epoch.

    Returns
    -------
    dict
        The result, as written to ``result.json``.

    Raises
    ------
    CheckpointedError
        If a signal asked to stop; :class:`jetloom.errors.OutOfTimeError` if the deadline came.
    OutOfMemoryError
        If memory ran out.
    """
    if find_model(task.model).trainer == "boosted":
        from jetloom.training.boosted import train_boosted

        return train_boosted(task, parameters, dataset, directory, seed, repetition, fold, deadline)
    use_backend(task.training.backend, task.training.threads, task.training.device)
    try:
        result = _train(
            task, parameters, dataset, directory, seed, repetition, fold, deadline, start or {}, warnings, picture
        )
    except MemoryError as error:
        raise OutOfMemoryError("memory ran out", path=directory) from error
    except Exception as error:
        # Each backend has a class of its own for it; all of them say so.
        if "RESOURCE_EXHAUSTED" in str(error) or "ResourceExhausted" in type(error).__name__:
            raise OutOfMemoryError(str(error)[:120], path=directory) from error
        raise
    return result


def _train(
    task: Task,
    parameters: dict[str, Any],
    dataset: Dataset,
    directory: Path,
    seed: int,
    repetition: int,
    fold: int | None,
    deadline: float | None,
    start: Mapping[str, Path],
    warnings: Sequence[str],
    picture: Callable[[Any], bytes] | None,
) -> dict[str, Any]:
    model = find_model(task.model)
    feed = Feed(task, model, dataset, fold)
    settings: Any = model.parameters.model_validate(parameters)
    network_seed, order_seed = seeds_of(model, parameters, seed, repetition, fold)
    from jetloom.training.optimizers import make_optimizer

    stepper = make_stepper(
        model.build(settings, feed.facts, network_seed, start),
        make_optimizer(settings),
        lambda labels, outputs: model.row_values(labels, outputs, settings),
        settings.micro_batch,
        model.compile_xla,
        settings.reduction,
    )

    stream = feed.stream(settings.batch_size, order_seed)
    # How often it is saved and what is drawn of it may change between two attempts.
    training = task.training.model_dump(mode="json", exclude=UNSEEN)
    # Other code may give other numbers: a checkpoint is gone on with by the code that made it, or not at all.
    code = model_code(task.model)
    starts = {
        name if name == "start" else f"unary of {name}": provenance.file_digest(path) for name, path in start.items()
    }
    identity = provenance.digest(
        [code, dataset.fingerprint, starts, task.model, task.classes, parameters, training, seed, repetition, fold]
    )
    loop = Loop(
        stepper,
        model,
        stream,
        lambda: feed.blocks("validation"),
        task.training,
        settings.epochs,
        directory / "checkpoint.npz",
        identity,
        combined(settings.schedule),
    )
    board = directory / "tensorboard" if task.training.tensorboard else None
    with Interruption(deadline) as interruption:
        with Reporter(loop.epochs, stream.steps(), board, task.training.validations) as reporter:
            loop.each_epoch = _each_epoch(task.training, directory, stepper, reporter, picture)
            outcome = loop.run(reporter, interruption)
        result = describe(outcome, parameters, dataset, task, seed, repetition, fold)
        result["jets"] = feed.jets("train")
        result["origin"]["inputs"] |= starts
        if start:
            result["warnings"] = list(warnings)
        if outcome.status == "trained":
            add_metrics(result, at_best_epoch(model, outcome))
            blocks = unless(interruption, feed.blocks("test"), lambda: interruption.error("in the test", loop.path))
            add_metrics(result, scores(stepper, model, blocks, "eval_"))
    _write(directory, stepper, model, outcome, result)
    return result


def _each_epoch(
    settings: Training,
    directory: Path,
    stepper: Stepper,
    reporter: Reporter,
    picture: Callable[[Any], bytes] | None,
) -> Callable[[int], None] | None:
    """Give what is to be done after each epoch: keep its network, draw a picture."""
    if not settings.keep_epochs and (picture is None or not settings.tensorboard):
        return None

    def done(epoch: int) -> None:
        if settings.keep_epochs:
            with atomic.publishing(directory / "epochs" / f"epoch{epoch:04d}.keras") as part:
                stepper.network.save(part)
        if picture is not None and settings.tensorboard:
            reporter.picture("tree", picture(stepper.network), epoch)

    return done


def _write(directory: Path, stepper: Stepper, model: Model, outcome: Outcome, result: dict[str, Any]) -> None:
    """Publish the network and then what is known of it.

    The checkpoint stays: if Snakemake wants the same training again, because an equal dataset was made anew, it is over
    as soon as it starts.
    """
    stepper.sync()
    diverged = outcome.status != "trained"
    with atomic.publishing(directory / "model.keras", lambda path: load_network(path, diverged)) as part:
        stepper.network.save(part)
    write(directory, model, outcome.history, result)
