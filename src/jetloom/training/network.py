"""One training of a network: in steps of an optimiser, from its checkpoint if there is one."""

from __future__ import annotations

import logging
from typing import Any

from jetloom.data.streams.side_by_side import SideBySide
from jetloom.errors import ConfigurationError
from jetloom.io import atomic
from jetloom.models.base import Model
from jetloom.models.schedules import combined
from jetloom.models.stored_network import load_network
from jetloom.training.backends.backend import use_backend
from jetloom.training.backends.utilisation import Utilisation
from jetloom.training.callbacks.callback import Callback
from jetloom.training.callbacks.choice import make_callbacks
from jetloom.training.callbacks.epoch_outputs import EpochOutputs
from jetloom.training.callbacks.epochs import KeptEpochs, Picture
from jetloom.training.callbacks.own import own_callbacks
from jetloom.training.callbacks.reporter import Reporter
from jetloom.training.checkpoint import CHECKPOINT
from jetloom.training.feed import Feed
from jetloom.training.identity import identity, start_digests
from jetloom.training.interruption import Interruption
from jetloom.training.lengthened import begin_from_shorter
from jetloom.training.loop import Loop
from jetloom.training.outcome import Outcome
from jetloom.training.request import Request
from jetloom.training.result import add_metrics, at_best_epoch, describe, write
from jetloom.training.scoring.control_scores import control_scores
from jetloom.training.scoring.scores import scores, stop_when
from jetloom.training.steppers.base import Stepper
from jetloom.training.steppers.choice import make_stepper

logger = logging.getLogger(__name__)


def train(request: Request) -> dict[str, Any]:
    """Train a network once; see :func:`jetloom.training.point.train_point`, whose result this is."""
    task, model = request.task, request.model
    device = use_backend(task.training.backend, task.training.threads, task.training.device)
    feed = Feed(task, model, request.dataset, request.fold, request.control)
    settings = request.settings()
    network_seed, order_seed = request.seeds()
    network = model.build(settings, feed.facts, network_seed, request.start)
    stepper = make_stepper(network, model, settings)
    stream = feed.stream(settings.batch_size, order_seed)
    _check_streams(stepper, stream)
    path = request.directory / CHECKPOINT
    begin_from_shorter(request, path)
    schedule = combined(settings.schedule)
    epochs = schedule.within(settings.epochs)
    with Interruption(request.deadline) as interruption, Utilisation(device == "gpu"):
        with Reporter(epochs, stream.steps(), request.board(), task.training.validations) as reporter:
            onlookers = _onlookers(request, reporter, feed.facts.classes)
            own = own_callbacks(task)
            callbacks = make_callbacks(task.training, model.metrics, epochs, schedule, own, onlookers)
            outcome = Loop(
                stepper,
                model,
                stream,
                feed.part(),
                task.training,
                epochs,
                path,
                identity(request),
                callbacks,
                schedule,
            ).run(interruption)
        result = describe(outcome, request)
        result["jets"] = feed.jets("train")
        result["origin"]["inputs"] |= start_digests(request)
        if request.control is not None:
            result["origin"]["inputs"]["control"] = request.control.dataset.fingerprint
        warnings = [
            *(request.warnings if request.start else ()),
            *too_few_updates(model, outcome.epochs * stream.steps()),
        ]
        if warnings or request.start:
            result["warnings"] = warnings
        if outcome.status == "trained":
            add_metrics(result, at_best_epoch(model, outcome))
            blocks = stop_when(interruption, feed.blocks("test"), lambda: interruption.error("in the test", path))
            add_metrics(result, scores(stepper, model, blocks, "eval_"))
            if (control := feed.part("test").control) is not None:
                add_metrics(result, control_scores(stepper, model, control, "eval_"))
    _write(request, stepper, outcome, result)
    return result


def too_few_updates(model: Model, updates: int) -> list[str]:
    """Return what to say of a training that made too few updates to judge its model by; nothing if it made enough."""
    if updates >= model.enough_updates:
        return []
    words = (
        f"made {updates} updates in all, where this model needs {model.enough_updates} or more to be judged: "
        "take a smaller batch_size (about a 160th of the training jets), or more epochs"
    )
    logger.warning("%s", words)
    return [words]


def _check_streams(stepper: Stepper, stream: SideBySide) -> None:
    """Refuse updates that read other streams than there are; ``check`` looks at those of the first point only."""
    if list(stream.streams) != stepper.streams:
        read, given = " and ".join(stepper.streams), " and ".join(stream.streams)
        raise ConfigurationError(
            f"the updates of this point read {read}, the task gives {given}",
            where="control",
            advice="an update reads the control region if, and only if, the task names one",
        )


def _onlookers(request: Request, reporter: Reporter, classes: list[str]) -> list[Callback]:
    """Return what is to be done with each epoch: keep its network, draw a picture, tell of it."""
    settings, found = request.task.training, list[Callback]()
    if settings.keep_epochs:
        found.append(KeptEpochs(request.directory / "epochs", settings.keep_epochs == "passing"))
    if request.model.objective.of_control:
        found.append(EpochOutputs(request.directory / "epochs", classes))
    if request.picture is not None and settings.tensorboard:
        found.append(Picture(request.picture, reporter))
    return [*found, reporter]


def _write(request: Request, stepper: Stepper, outcome: Outcome, result: dict[str, Any]) -> None:
    """Publish the network, the parts of it that its model names, and then what is known of it.

    The checkpoint stays: if Snakemake wants the same training again, because an equal dataset was made anew, it is over
    as soon as it starts.
    """
    stepper.sync()
    diverged = outcome.status != "trained"
    parts = request.model.submodels(stepper.network)
    networks = {request.model.file: stepper.network} | {f"{name}.keras": part for name, part in parts.items()}
    for name, network in networks.items():
        with atomic.publishing(request.directory / name, lambda path: load_network(path, diverged)) as part:
            network.save(part)
    write(request, outcome.history, result, list(networks))
