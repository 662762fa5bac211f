"""One training of boosted trees: the trees grow one by one, and each is an epoch of the history.

The training part lies in memory, as 8 bytes a value and 1 for its bin. An interrupted training starts anew: it takes
minutes, and scikit-learn cannot go on from trees that were stored.
"""

from __future__ import annotations

import logging
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.training import EarlyStopping as StoppingSettings
from jetloom.data.view import View
from jetloom.errors import CheckpointedError, OutOfTimeError
from jetloom.models.base import Model
from jetloom.models.boosted_trees import BoostedTrees, add, nodes_of, spread
from jetloom.statistics import classification as metrics
from jetloom.statistics.meaning import WeightSums, doubt_of_mean, doubt_of_share, not_meaningful
from jetloom.training.callbacks.early_stopping import EarlyStopping
from jetloom.training.callbacks.reporter import Reporter
from jetloom.training.interruption import Interruption
from jetloom.training.outcome import FALLBACK, Outcome
from jetloom.training.request import Request
from jetloom.training.result import add_metrics, at_best_epoch, describe, write
from jetloom.training.scoring.scores import Scores

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]


class Part:
    """A part of the data in memory, and the sums of the trees so far.

    Parameters
    ----------
    model : Model
        Says what it takes of a jet.
    view : View
    role : str
        ``train``, ``validation`` or ``test``.
    classes : list of str
        Classes whose jets take part; all if empty.
    """

    def __init__(self, model: Model, view: View, role: str, classes: list[str]) -> None:
        facts, rows, place = view.facts, view.rows(role), 0
        features, labels, weights = (
            np.empty((rows, len(facts.rows.names))),
            np.empty(rows, np.int64),
            np.empty(rows),
        )
        chosen = [facts.classes.index(name) for name in classes or facts.classes]
        for block in view.blocks(role, reads=model.reads):
            # Jets of no class are there to be applied to alone.
            jets = block.take(np.isin(block["label"], chosen))
            here = slice(place, place + len(jets))
            features[here] = np.asarray(model.features(jets, facts))
            labels[here], weights[here] = jets["label"], jets[view.weight]
            place += len(jets)
        self.features: Floats = features[:place]
        self.labels, self.weights = labels[:place], weights[:place]
        self.sums: Floats | None = None
        self.doubt = WeightSums.of(self.weights).doubt()

    def grow(self, estimator: Any) -> None:
        """Add what the newest round of trees says."""
        if self.sums is None:
            self.sums = np.tile(np.ravel(estimator._baseline_prediction), (len(self.labels), 1))
        for place, predictor in enumerate(estimator._predictors[-1]):
            add(nodes_of(predictor), self.features, self.sums[:, place])

    def scores(self, probabilities: Floats, prefix: str) -> Scores:
        """Return loss, accuracy and area, named with the prefix."""
        arguments = (self.labels, probabilities, self.weights)
        loss, accuracy = metrics.cross_entropy(*arguments), metrics.accuracy(*arguments)
        area, doubt = metrics.judged_area(*arguments)
        most = -math.log(metrics.SMALLEST_PROBABILITY)
        return Scores.of(
            {f"{prefix}loss": loss, f"{prefix}accuracy": accuracy, f"{prefix}auc": area},
            {
                f"{prefix}loss": self.doubt or doubt_of_mean(loss, 0.0, most),
                f"{prefix}accuracy": self.doubt or doubt_of_share(accuracy),
                f"{prefix}auc": doubt,
            },
        )


class Enough(Exception):  # noqa: N818 - it is no error
    """Early stopping ends the growing."""


class Watch:
    """What scikit-learn calls after each round, as its ``scoring``: history, early stopping, interruption."""

    def __init__(
        self,
        parts: dict[str, Part],
        classes: int,
        stopping: EarlyStopping,
        reporter: Reporter,
        interruption: Interruption,
        path: Path,
    ) -> None:
        self.parts, self.classes, self.path = parts, classes, path
        self.reporter, self.interruption = reporter, interruption
        self.stopping = stopping
        self.history: list[dict[str, float]] = []
        self.doubts: list[dict[str, str]] = []
        self._last = time.monotonic()

    def __call__(self, estimator: Any, *_: Any, **__: Any) -> float:
        """Take note of a round. The score that it gives is not used."""
        rounds = len(estimator._predictors)
        if rounds > len(self.history):
            self._note(estimator, rounds)
        if self.interruption:
            kind = CheckpointedError if self.interruption.signal else OutOfTimeError
            reason = self.interruption.signal or "the wall time is nearly over"
            raise kind(
                f"{reason}: stopped after tree {rounds}", path=self.path, advice="boosted trees start anew next time"
            )
        if self.stopping.stop:
            raise Enough
        return 0.0

    def _note(self, estimator: Any, rounds: int) -> None:
        row: dict[str, float] = {"epoch": rounds}
        doubts: dict[str, str] = {}
        for prefix, part in self.parts.items():
            part.grow(estimator)
            assert part.sums is not None
            found = part.scores(spread(part.sums, estimator.classes_.tolist(), self.classes), prefix)
            row |= found.values
            doubts |= found.doubts
        del row["auc"]  # the history of a network has none of the training part
        now = time.monotonic()
        row |= {"learning_rate": estimator.learning_rate, "seconds": now - self._last}
        self._last = now
        self.stopping.update(rounds, row)
        if not self.doubts and self.stopping.monitor in doubts:
            logger.warning(
                "%s is %s: %s", self.stopping.monitor, not_meaningful(doubts[self.stopping.monitor]), FALLBACK
            )
        self.history.append(row)
        self.doubts.append(doubts)
        self.reporter.step(rounds, 1)
        self.reporter.epoch(row)


def train(request: Request) -> dict[str, Any]:
    """Grow the trees of a point once; see :func:`jetloom.training.point.train_point`, whose result this is."""
    from threadpoolctl import threadpool_limits

    started = time.monotonic()
    task, model, view = request.task, request.model, request.dataset.view(request.fold)
    settings = request.settings()
    estimator = model.build(settings, view.facts, request.seeds()[0], {})
    roles = {"": "train", "val_": "validation"}
    parts = {prefix: Part(model, view, role, task.classes) for prefix, role in roles.items()}
    # The order of sums, and so the last bit of a result, depends on the number of threads.
    with (
        Interruption(request.deadline) as interruption,
        Reporter(settings.n_trees, 1, request.board()) as reporter,
        threadpool_limits(task.training.threads),
    ):
        stopping = _stopping(task.training.early_stopping, model)
        watch = Watch(parts, len(view.facts.classes), stopping, reporter, interruption, request.directory)
        _grow(estimator, parts[""], watch)
    best = watch.stopping.best_epoch
    outcome = Outcome("trained", "", watch.history, best, time.monotonic() - started, 1, watch.doubts)
    trees = BoostedTrees.of(estimator, view.facts.rows.names, len(view.facts.classes)).first(best)
    result = describe(outcome, request)
    test = Part(model, view, "test", task.classes)
    add_metrics(result, at_best_epoch(model, outcome))
    add_metrics(result, test.scores(trees.probabilities(test.features), "eval_"))
    trees.save(request.directory / model.file)
    write(request, watch.history, result, [request.model.file])
    return result


def _stopping(settings: StoppingSettings | None, model: Model) -> EarlyStopping:
    """Return what stops the growing; without settings it never does, and remembers the best round alone."""
    if settings is None:
        return EarlyStopping()
    return EarlyStopping(**settings.model_dump(), better=model.metrics.direction(settings.monitor))


def _grow(estimator: Any, part: Part, watch: Watch) -> None:
    """Fit the trees, and let ``watch`` see each round."""
    weights = part.weights
    if (negative := weights < 0).any():
        # A cut is found from sums of second derivatives, which must be positive.
        words = "%d of %d training jets have negative weights: the trees take their absolute values, the metrics do not"
        logger.warning(words, negative.sum(), len(weights))
    # Without a part of its own for validation, it calls the scorer once a round, and never stops of itself.
    estimator.set_params(
        scoring=watch, early_stopping=True, validation_fraction=None, n_iter_no_change=estimator.max_iter + 1
    )
    try:
        estimator.fit(part.features, part.labels, sample_weight=np.abs(weights))
    except Enough:
        logger.info("early stopping after %d trees", len(watch.history))
