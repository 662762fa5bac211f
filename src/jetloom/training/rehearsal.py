"""A few made-up rows through the models of the user's own, so that a wrong shape is told before any job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from jetloom.config.analysis import Analysis
from jetloom.config.tasks.task import TARGET, Task
from jetloom.data.block import BRANCHINGS, Block
from jetloom.data.collections import Rows, Slots
from jetloom.data.streams.batch import Batch, Features
from jetloom.data.view import Columns, DataFacts
from jetloom.errors import ConfigurationError
from jetloom.expressions import column_name
from jetloom.models.base import Model
from jetloom.models.objectives.objective import Objective
from jetloom.models.own import OWN, blamed, defined_at, file_of, line_of_method
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.models.updates import CONTROL, MAIN, Batches
from jetloom.training.backends.backend import use_backend

ROWS = 11
"""As many rows as hardly anything else has, so that an axis is not taken for another."""


def rehearse(analysis: Analysis) -> None:
    """Build the network of each task whose model is the user's own, and ask it for all that a training asks for.

    Of a network that reads trees, or starts from other models, nothing is known before these are there: it is left out.

    Raises
    ------
    ConfigurationError
        For the first that fails, or gives another shape than it should: with file, line, and what is wrong.
    """
    found = [(task, find_model(task.model)) for task in analysis.tasks.values() if OWN in task.model]
    for place, (task, model) in enumerate(found):
        if not place:  # a process has one backend, and shapes are the same on all of them
            use_backend(task.training.backend, task.training.threads)
        if model.trainer == "network" and BRANCHINGS not in model.reads and not task.starts:
            _rehearse(task, model)


def _rehearse(task: Task, model: Model) -> None:
    facts = facts_of(task)
    block = made_up(facts)
    settings = model.parameters.model_validate(resolve_parameters(model, task.first_point))
    with _asked(model, "build"):
        network = model.build(settings, facts, 1, {})
    with _asked(model, "features"):
        features = model.features(block, facts)
    _check_features(model, network, features)
    with _asked(_judge(model), "target"):
        target = model.objective.target(block, features, facts)
    batch = _tensors(Batch.of(features, target, np.ones(ROWS, np.float32)))
    with _asked(model, "build", "the network does not take what features gives"):
        outputs = network(batch.features, training=False)
    _check_rows(model, batch, outputs, settings)
    with _asked(model, "predictions"):
        said = model.predictions(np.asarray(outputs))
    if model.objective.kind in ("classifier", "regression"):
        _hold(model, "predictions", "", np.shape(said), (ROWS, len(model.objective.columns(facts))))
    _check_objective(model, batch, outputs, target, said)
    region = _tensors(Batch.of(features, np.ascontiguousarray(block["label"]), np.ones(ROWS, np.float32)))
    _check_updates(model, network, {MAIN: batch, CONTROL: region}, outputs, settings)
    _check_submodels(model, network)


def facts_of(task: Task) -> DataFacts:
    """Return what a model is told of a task's data, as if its columns were normal already."""
    collections = {
        name: _columns([column_name(text) for text in one.inputs], one.slots) for name, one in task.collections.items()
    }
    return DataFacts(
        _columns([column_name(text) for text in task.inputs]),
        list(task.labels),
        collections,
        target=None if task.target is None else _columns([TARGET]),
        categories={name: one.categories or [0.0, 1.0] for name, one in task.operations.items()},
        particles=[[column_name(text) for text in particle] for particle in task.particles],
    )


def _columns(names: list[str], slots: int | None = None) -> Columns:
    size = len(names)
    return Columns(names, np.zeros(size), np.ones(size), np.zeros(size), slots)


def made_up(facts: DataFacts) -> Block:
    """Return some rows with what belongs to them; a value is missing, and a row has nothing."""
    random = np.random.default_rng(1)

    def filled(columns: Columns, shape: tuple[int, ...], more: list[tuple[str, str]]) -> Rows:
        table = np.zeros(shape, [*((name, "f4") for name in columns.names), *more])
        for name in columns.names:
            table[name] = random.normal(size=shape)
        return table

    rows = filled(facts.rows, (ROWS,), [("label", "i4"), ("weight", "f4"), (TARGET, "f4")])
    rows[facts.rows.names[0]][0] = np.nan
    rows["label"], rows["weight"] = np.arange(ROWS) % max(1, len(facts.classes)), 1
    rows[TARGET] = random.normal(size=ROWS)
    collections = {}
    for name, columns in facts.collections.items():
        table = filled(columns, (ROWS, columns.slots or 1), [("valid", "?")])
        table["valid"] = np.arange(columns.slots or 1) < np.arange(ROWS)[:, None]
        collections[name] = Slots(table)
    return Block(rows, collections)


def _tensors(batch: Batch) -> Batch:
    """Return a batch as it is inside of a step."""
    from keras import ops, tree

    arrays = (batch.features, batch.target, batch.weights, batch.real)
    return Batch(*tree.map_structure(ops.convert_to_tensor, arrays))


def _check_features(model: Model, network: Any, features: Features) -> None:
    """Hold what a network is given against what it takes: Keras stretches an axis of one."""
    taken = {tensor.name: tuple(tensor.shape) for tensor in getattr(network, "inputs", None) or ()}
    if isinstance(features, Mapping):
        missing = sorted(taken.keys() - features.keys())
        if missing:
            raise _wrong(model, "features", f"gives no '{missing[0]}', which the network takes")
    arrays = features if isinstance(features, Mapping) else dict.fromkeys(list(taken)[:1] or [""], features)
    for name, array in arrays.items():
        shape = np.shape(array)
        needed = (ROWS, *taken.get(name, (None, *shape[1:]))[1:])
        if len(shape) == len(needed):
            needed = tuple(there if size is None else size for size, there in zip(needed, shape, strict=True))
        _hold(model, "features", f"of '{name}' ", shape, needed)


def _check_rows(model: Model, batch: Batch, outputs: Any, settings: Any) -> None:
    """Hold what is asked of each row against one number a row."""
    with _asked(model, "loss"):
        loss = model.loss(batch, outputs, settings)
    _hold(model, "loss", "", np.shape(loss), (ROWS,))
    with _asked(model, "batch_loss"):
        _hold(model, "batch_loss", "", np.shape(model.batch_loss(batch, outputs, settings)), ())


def _check_objective(model: Model, batch: Batch, outputs: Any, target: Any, said: Any) -> None:
    """Hold the metrics of the objective against those that it declares."""
    objective, judge = model.objective, _judge(model)
    with _asked(judge, "row_metrics"):
        found = objective.row_metrics(batch, outputs)
    with _asked(judge, "part_metrics"):
        judged = objective.part_metrics(target, said, np.ones(ROWS))
    for method, declared, given in (
        ("row_metrics", objective.terms, found),
        ("part_metrics", objective.of_parts, judged),
    ):
        for name in declared:
            if name not in given:
                raise _wrong(judge, method, f"gives no '{name}', which is one of its metrics")
    for name in objective.terms:
        _hold(judge, "row_metrics", f"of '{name}' ", np.shape(found[name]), (ROWS,))


def _check_updates(model: Model, network: Any, batches: Batches, outputs: Any, settings: Any) -> None:
    """Hold the losses and the variables of the updates against what a step makes of them."""
    given = []
    with _asked(model, "updates"):
        for update in model.updates(settings):
            trainable = {id(variable) for variable in network.trainable_variables}
            variables = [id(variable) for variable in update.variables(network)]
            if not variables or not trainable.issuperset(variables):
                cause = f"the update '{update.name}' changes no variable, or others than the network can train"
                raise _wrong(model, "updates", cause)
            if update.loss is None:
                given.append(outputs)
                continue
            found = update.loss(network, {name: batches[name] for name in update.streams})
            loss, told = found if isinstance(found, tuple) else (found, None)
            _hold(model, "updates", f"as the loss of '{update.name}' ", np.shape(loss), ())
            if told is not None and MAIN in update.streams:
                _hold(model, "updates", f"as the outputs of '{update.name}' ", np.shape(told), np.shape(outputs))
                given.append(told)
    if not given:
        cause = "no update returns the network's outputs for the batch 'main', of which loss and terms are logged"
        raise _wrong(model, "updates", cause, "let the loss of one return both: return loss, outputs")


def _check_submodels(model: Model, network: Any) -> None:
    """Hold the parts of a network against what is saved of them."""
    import keras

    with _asked(model, "submodels"):
        for name, part in model.submodels(network).items():
            if not str(name).isidentifier() or name == "model" or not isinstance(part, keras.Model):
                cause = f"gives {name!r}: {type(part).__name__}, where names other than 'model' and Keras models belong"
                raise _wrong(model, "submodels", cause)


def _judge(model: Model) -> Model | Objective:
    """Return who is to be blamed for what an objective says: it, if it is the user's own, or who took it."""
    return model.objective if defined_at(type(model.objective), "")[1] is not None else model


@contextmanager
def _asked(whose: Model | Objective, method: str, what: str = "") -> Iterator[None]:
    """Blame a class of the user's own for what goes wrong in one of its methods."""
    with blamed(type(whose), what or f"{method} failed", method):
        yield


def _hold(whose: Model | Objective, method: str, of_what: str, found: tuple[int, ...], needed: tuple[Any, ...]) -> None:
    """Refuse a shape that is not the one needed."""
    if tuple(found) != needed:
        raise _wrong(whose, method, f"gives {of_what}the shape {tuple(found)} for {ROWS} rows, not {needed}")


def _wrong(whose: Model | Objective, method: str, cause: str, advice: str | None = None) -> ConfigurationError:
    kind = type(whose)
    where = f"{line_of_method(kind, method)}, {kind.__name__}"
    return ConfigurationError(f"{method}: {cause}", path=file_of(kind), where=where, advice=advice)
