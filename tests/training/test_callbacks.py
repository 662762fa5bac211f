import json
import math
from dataclasses import asdict

import pytest

from jetloom.training.callbacks.early_stopping import EarlyStopping
from jetloom.training.callbacks.plateau import Plateau
from jetloom.training.callbacks.selection import Selection


def _stop(values, **options):
    """Feed a sequence; give the epochs that were the best so far, and the one after which it stopped."""
    stopping, bests = EarlyStopping(**options), []
    for epoch, value in enumerate(values, 1):
        if stopping.update(epoch, {stopping.monitor: value}):
            bests.append(epoch)
        # What a checkpoint holds is all there is.
        stopping = EarlyStopping(**json.loads(json.dumps(asdict(stopping))))
        if stopping.stop:
            return bests, epoch, stopping.best_epoch
    return bests, None, stopping.best_epoch


def test_a_loss_stops_when_it_does_not_fall():
    assert _stop([3, 2, 2.5, 2.2, 2.1, 1], monitor="val_loss", patience=3) == ([1, 2], 5, 2)
    assert _stop([3, 2, 2.5, 2.2, 1, 1, 1], monitor="val_loss", patience=3) == ([1, 2, 5], None, 5)


def test_an_auc_stops_when_it_does_not_rise():
    assert _stop([0.5, 0.7, 0.6, 0.7, 0.65], monitor="val_auc", better="higher", patience=2) == ([1, 2], 4, 2)
    assert _stop([0.9, 0.8, 0.7], monitor="val_loss", patience=1) == ([1, 2, 3], None, 3)
    assert _stop([0.9, 0.8, 0.7], monitor="val_accuracy", better="higher", patience=1) == ([1], 2, 1)


def test_a_gain_below_the_smallest_change_is_the_best_but_no_reason_to_wait():
    values = [1.0, 0.99, 0.98, 0.97]
    assert _stop(values, patience=2, min_delta=0.05) == ([1, 2, 3], 3, 3)
    assert _stop([1.0, 0.97, 0.94, 0.97], patience=2, min_delta=0.05) == ([1, 2, 3], None, 3)


def test_without_patience_it_only_remembers_the_best():
    assert _stop([1.0] + [2.0] * 50) == ([1], None, 1)


def test_a_metric_that_means_nothing_stops_nothing_and_the_last_network_is_kept():
    nan = math.nan
    assert _stop([nan] * 6, patience=2) == ([1, 2, 3, 4, 5, 6], None, 6)
    # One that means something is better than one that does not, whenever it comes.
    assert _stop([nan, 0.9, nan, 0.5, nan, nan], patience=5) == ([1, 2, 4], None, 4)
    assert _stop([0.9, nan, nan, nan], patience=2) == ([1], 3, 1)
    selection = Selection("val_auc", "higher")
    assert [selection.update({"epoch": e, "val_auc": v}) for e, v in enumerate([nan, nan, 0.6, nan, 0.5, 0.7], 1)] == [
        True, True, True, False, False, True
    ]  # fmt: skip
    assert _rates([nan] * 4, patience=1) == [0.1] * 4


def _rates(values, **options):
    plateau, rate, rates = Plateau(**options), 0.1, []
    for value in values:
        rate = plateau.update({plateau.monitor: value}, rate)
        plateau = Plateau(**json.loads(json.dumps(asdict(plateau))))
        rates.append(rate)
    return rates


def test_the_learning_rate_falls_on_a_plateau_and_waits_again():
    rates = _rates([1, 1, 1, 1, 1, 0.5, 0.5, 0.5], patience=2, factor=0.5, min_delta=0)
    assert rates == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.025, 0.0125])


def test_the_direction_of_the_metric_counts():
    rising = [0.5, 0.6, 0.7, 0.8]
    assert _rates(rising, monitor="val_auc", better="higher", patience=1) == [0.1] * 4
    assert _rates(rising, monitor="val_loss", patience=1) == pytest.approx([0.1, 0.05, 0.025, 0.0125])


def test_the_learning_rate_has_a_floor_and_never_rises():
    rates = _rates([1.0] * 10, patience=1, factor=0.1, min_learning_rate=1e-3)
    assert rates[-1] == pytest.approx(1e-3)
    assert _rates([1.0] * 3, patience=1, factor=0.1, min_learning_rate=1.0) == [0.1] * 3


def test_a_small_change_is_no_improvement():
    assert _rates([1.0, 0.999, 0.998], patience=2, min_delta=0.01, factor=0.5) == pytest.approx([0.1, 0.1, 0.05])
