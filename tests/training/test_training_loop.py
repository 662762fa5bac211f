import json
import logging
import re

import numpy as np
import pytest

from jetloom.config.tasks.training import Training
from jetloom.data.streams.batch import Batch
from jetloom.errors import CheckpointedError
from jetloom.models.registry import find_model
from jetloom.models.schedules import Table
from jetloom.models.updates import MAIN
from jetloom.training import checkpoint
from jetloom.training.backends.backend import use_backend
from jetloom.training.callbacks.callback import Onlooker
from jetloom.training.callbacks.choice import make_callbacks
from jetloom.training.feed import Feed
from jetloom.training.interruption import Interruption
from jetloom.training.loop import Loop
from jetloom.training.scoring.scores import scores
from tiny_analysis import analysis

SETTINGS = Training.model_validate(
    {
        "early_stopping": {"patience": 3, "monitor": "val_auc"},
        "reduce_learning_rate": {"patience": 1, "min_delta": 0.05},
        "checkpoint_steps": 5,
    }
)
PARAMETERS = {"units": 8, "dropout": 0.3, "batch_normalization": True, "learning_rate": 0.1, "batch_size": 64}
EPOCHS = 12
NO_SCHEDULE = Table({}, {})


class Interrupt(Interruption):
    """Says that a signal came once it was asked so many times."""

    def __init__(self, steps=10**9):
        super().__init__()
        self.signal = "SIGTERM"
        self.left = steps

    def __bool__(self):
        self.left -= 1
        return self.left <= 0


@pytest.fixture(scope="module")
def make(dataset):
    use_backend("tensorflow", 1)
    from jetloom.training.steppers.choice import make_stepper

    model, view = find_model("dense"), dataset.view()
    parameters = model.parameters(**PARAMETERS)
    facts = view.facts

    def function(path, settings=SETTINGS, identity="x", epochs=EPOCHS, schedule=NO_SCHEDULE, own=(), onlookers=()):
        stepper = make_stepper(model.build(parameters, facts, 7, {}), model, parameters)
        feed = Feed(analysis().tasks["flavour"], model, dataset, None)
        callbacks = make_callbacks(settings, model.metrics, epochs, schedule, own, onlookers)
        return Loop(
            stepper,
            model,
            feed.stream(64, 3),
            feed.part(),
            settings,
            epochs,
            path,
            identity,
            callbacks,
            schedule,
        )

    return function


def _numbers(loop, outcome):
    history = [{name: value for name, value in row.items() if name != "seconds"} for row in outcome.history]
    return json.dumps([history, outcome.best_epoch, outcome.status]), [
        array.tobytes() for array in loop.stepper.arrays()
    ]


@pytest.fixture(scope="module")
def alone(make, tmp_path_factory):
    loop = make(tmp_path_factory.mktemp("alone") / "checkpoint.npz")
    return _numbers(loop, loop.run(Interrupt()))


def test_the_example_uses_all_that_a_checkpoint_must_hold(make, alone, tmp_path):
    history, best_epoch, _ = json.loads(alone[0])
    assert len({row["learning_rate"] for row in history}) > 1
    # Stopped early, on the strength of a best epoch that lies before the last interruption of the next test.
    assert best_epoch < 4
    assert len(history) == best_epoch + 3 < EPOCHS
    assert make(tmp_path / "c.npz").stream.steps() == 11


def test_a_training_interrupted_again_and_again_gives_the_same_bits(make, alone, tmp_path):
    path, attempts = tmp_path / "checkpoint.npz", 0
    # After the first step, in the middle, at the last step of an epoch, at the first of the next one, after the best.
    for steps in (1, 3, 7, 1, 40):  # the fourth in a validation
        loop = make(path)
        with pytest.raises(CheckpointedError, match=r"SIGTERM: stopped in (the validation of )?epoch"):
            loop.run(Interrupt(steps))
        attempts += 1
    stored = checkpoint.load(path)[0]
    assert (stored.epoch, stored.step) == (4, 3)
    loop = make(path)
    outcome = loop.run(Interrupt())
    assert _numbers(loop, outcome) == alone
    assert outcome.attempts == attempts + 1


@pytest.mark.parametrize(
    ("step", "interruption", "words", "saved"),
    [
        (3, 10**9, "epoch 1, step 3", (0, 0)),
        (5, 10**9, "epoch 1, step 5", (0, 0)),  # where a checkpoint is due
        (11, 10**9, "epoch 1, step 11", (0, 10)),  # the last one before a validation
        (14, 10**9, "epoch 2, step 3", (1, 0)),
        (3, 3, "epoch 1, step 3", (0, 0)),  # a signal comes with it
    ],
)
def test_a_step_without_a_finite_loss_ends_it_and_is_not_saved(make, tmp_path, step, interruption, words, saved):
    loop = make(tmp_path / "c.npz")
    real, made = loop.stepper.train, []

    def train(*batch):
        made.append(batch)
        sums = np.array(real(*batch))
        return np.full_like(sums, np.nan) if len(made) == step else sums

    loop.stepper.train = train
    outcome = loop.run(Interrupt(interruption))
    assert (outcome.status, outcome.reason) == ("diverged", f"loss is nan in {words}")
    stored = checkpoint.load(tmp_path / "c.npz")[0]
    assert (stored.epoch, stored.step) == saved


def test_a_training_that_dies_goes_on_from_the_last_checkpoint(make, alone, tmp_path):
    """Without a signal: the steps since the checkpoint are made again."""

    class Dies(Onlooker):
        def after_step(self, step):
            if (step.epoch, step.number) == (2, 8):
                raise KeyboardInterrupt

    path = tmp_path / "checkpoint.npz"
    loop = make(path, onlookers=[Dies()])

    with pytest.raises(KeyboardInterrupt):
        loop.run(Interrupt())
    stored = checkpoint.load(path)[0]
    assert (stored.epoch, stored.step) == (1, 5)
    loop = make(path)
    assert _numbers(loop, loop.run(Interrupt())) == alone


@pytest.mark.parametrize("content", [b"", b"half", None])
def test_a_broken_checkpoint_starts_anew_with_a_warning(make, tmp_path, caplog, content):
    path = tmp_path / "checkpoint.npz"
    loop = make(path, epochs=1)
    with pytest.raises(CheckpointedError):
        loop.run(Interrupt(3))
    path.write_bytes(path.read_bytes()[:-200] if content is None else content)
    again = make(path, epochs=1)
    with caplog.at_level(logging.WARNING):
        again._resume()
    assert re.search(r"checkpoint\.npz: is (truncated|not as it was written) \(.*\); training starts anew", caplog.text)
    assert again.progress.step == 0


def _wrong_shape(progress, current, best):
    return progress, [current[0][:-1], *current[1:]], best


def _too_few(progress, current, best):
    return progress, current[:-1], best


def _not_a_number(progress, current, best):
    return progress, [np.full_like(current[0], np.nan), *current[1:]], best


def _wrong_best(progress, current, best):
    return progress, current, [np.zeros((2, 2), np.float32)]


def _backwards(progress, current, best):
    progress.step = -3
    return progress, current, best


def _no_state(progress, current, best):
    progress.callbacks = "later"
    return progress, current, best


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (_wrong_shape, "where the network has float32 of"),
        (_too_few, "arrays where the network has"),
        (_not_a_number, "holds NaN"),
        (_wrong_best, "has 1 arrays where the network has"),
        (_backwards, "tells of a negative number of steps"),
        (_no_state, "1 validation error for Progress"),
    ],
)
def test_a_whole_checkpoint_that_cannot_be_one_of_this_network_starts_anew(make, tmp_path, caplog, wrong, said):
    path = tmp_path / "checkpoint.npz"
    with pytest.raises(CheckpointedError):
        make(path, epochs=1).run(Interrupt(3))
    stored = wrong(*checkpoint.load(path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "_check", lambda path: None)
        checkpoint.save(path, *stored)
    again = make(path, epochs=1)
    before = [array.tobytes() for array in again.stepper.arrays()]
    with caplog.at_level(logging.WARNING):
        again._resume()
    assert said in caplog.text
    assert "training starts anew" in caplog.text
    assert again.progress.step == 0
    assert [array.tobytes() for array in again.stepper.arrays()] == before


def test_a_checkpoint_of_something_else_is_not_used(make, tmp_path, caplog):
    path = tmp_path / "checkpoint.npz"
    with pytest.raises(CheckpointedError):
        make(path).run(Interrupt(3))
    other = make(path, identity="y")
    with caplog.at_level(logging.WARNING):
        other._resume()
    assert "belongs to other data, parameters or settings" in caplog.text
    assert (other.progress.step, other.progress.identity) == (0, "y")
    same = make(path)
    same._resume()
    assert same.progress.step == 3


def test_the_loss_of_an_epoch_is_the_mean_over_its_steps(make, tmp_path):
    loop = make(tmp_path / "c.npz", epochs=1)
    done, train = [], loop.stepper.train

    def record(batches):
        sums = train(batches)
        done.append((*sums, batches[MAIN].weights.sum(dtype=float)))
        return sums

    loop.stepper.train = record
    row = loop.run(Interrupt()).history[0]
    total, right, weight = np.sum(done, axis=0)
    assert row["loss"] == pytest.approx(total / weight, rel=1e-12)
    assert row["accuracy"] == pytest.approx(right / weight, rel=1e-12)


def test_scores_do_not_depend_on_the_blocks(make, tmp_path):
    loop = make(tmp_path / "c.npz")
    whole = Batch.concatenate(list(loop.validation.blocks()))
    pieces = (whole.take(slice(k, k + 13)) for k in range(0, len(whole), 13))
    one, other = (scores(loop.stepper, loop.model, blocks, "").values for blocks in (loop.validation.blocks(), pieces))
    assert one == pytest.approx(other, rel=1e-6)


PHASES = Table({1: 0.1, 2: 0.01, 4: 0.05}, {1: 64, 3: 50, 4: 100})
FREE = Training.model_validate({"early_stopping": None, "checkpoint_steps": 5})


@pytest.fixture(scope="module")
def phased(make, tmp_path_factory):
    loop = make(tmp_path_factory.mktemp("phased") / "c.npz", FREE, epochs=5, schedule=PHASES)
    outcome = loop.run(Interrupt())
    return outcome.history, _numbers(loop, outcome)


def test_rates_and_batch_sizes_are_those_of_the_schedule(phased):
    history = phased[0]
    assert [row["learning_rate"] for row in history] == pytest.approx([0.1, 0.01, 0.01, 0.05, 0.05])
    assert [row["batch_size"] for row in history] == [64, 64, 50, 100, 100]


@pytest.mark.parametrize("steps", [12, 23, 24, 26, 43])
def test_a_schedule_goes_on_exactly_across_its_phases(make, phased, tmp_path, steps):
    """Interrupted in the last step of a phase, in the validation after it, at the first step of the next."""
    with pytest.raises(CheckpointedError):
        make(tmp_path / "c.npz", FREE, epochs=5, schedule=PHASES).run(Interrupt(steps))
    loop = make(tmp_path / "c.npz", FREE, epochs=5, schedule=PHASES)
    assert _numbers(loop, loop.run(Interrupt())) == phased[1]


def test_a_schedule_with_an_end_ends_the_training():
    schedule = Table({1: 0.1}, {}, 2)
    assert (schedule.within(5), schedule.within(1), PHASES.within(5)) == (2, 1, 5)


OFTEN = Training.model_validate(
    {"early_stopping": None, "validations": 3, "select": {"monitor": "val_auc", "last": 2}, "checkpoint_steps": 5}
)


@pytest.fixture(scope="module")
def often(make, tmp_path_factory):
    loop = make(tmp_path_factory.mktemp("often") / "c.npz", OFTEN, epochs=4)
    outcome = loop.run(Interrupt())
    return loop, outcome, _numbers(loop, outcome)


def test_several_validations_in_an_epoch_and_the_best_of_the_last_epochs(make, often, tmp_path):
    loop, outcome, _ = often
    thirds = [1 / 3, 2 / 3, 1]
    assert [row["epoch"] for row in outcome.history] == pytest.approx([e + t for e in range(4) for t in thirds])
    candidates = [row for row in outcome.history if row["epoch"] > 2]
    best = max(candidates, key=lambda row: row["val_auc"])
    assert outcome.best_epoch == best["epoch"]
    assert outcome.epochs == 4
    # The network that is kept is that of the chosen validation.
    assert scores(loop.stepper, loop.model, loop.validation.blocks(), "val_").values == pytest.approx(
        {name: best[name] for name in ("val_loss", "val_accuracy", "val_auc")}, rel=1e-6
    )


@pytest.mark.parametrize("asked", [4, 5, 9, 15, 20])
def test_a_training_with_several_validations_goes_on_exactly(make, often, tmp_path, asked):
    with pytest.raises(CheckpointedError):
        make(tmp_path / "c.npz", OFTEN, epochs=4).run(Interrupt(asked))
    loop = make(tmp_path / "c.npz", OFTEN, epochs=4)
    assert _numbers(loop, loop.run(Interrupt())) == often[2]


def test_patience_is_counted_in_epochs(make, tmp_path):
    settings = Training.model_validate({"early_stopping": {"patience": 2}, "validations": 4})
    assert make(tmp_path / "c.npz", settings).callbacks["early_stopping"].patience == 8


def test_a_training_that_ends_before_its_last_epochs_keeps_the_last_network(make, tmp_path, caplog):
    settings = Training.model_validate({"early_stopping": {"patience": 1, "min_delta": 10.0}, "select": {"last": 1}})
    with caplog.at_level(logging.WARNING):
        outcome = make(tmp_path / "c.npz", settings, epochs=9).run(Interrupt())
    assert len(outcome.history) == outcome.best_epoch == 2
    assert "the last network is kept" in caplog.text


def test_a_line_with_the_times_of_steps(make, tmp_path, caplog):
    settings = Training.model_validate({"log_steps": 5})
    with caplog.at_level(logging.INFO):
        make(tmp_path / "c.npz", settings, epochs=1).run(Interrupt())
    lines = [record.getMessage() for record in caplog.records if "reach batch" in record.getMessage()]
    assert [line.split(":")[0] for line in lines] == ["epoch 1 step 5", "epoch 1 step 10"]
    assert all("jets/s" in line for line in lines)
