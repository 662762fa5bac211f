"""Schedules by phase: the published tables, and those of the configuration."""

import pytest

from jetloom.errors import ConfigurationError
from jetloom.models.registry import find_model, resolve_parameters
from jetloom.models.schedules import PUBLISHED, combined
from jetloom.scan.points.space import points
from tiny_analysis import analysis


def _table(schedule):
    settings = find_model("dense").parameters.model_validate({"schedule": schedule})
    return combined(settings.schedule)


def test_the_paper_has_six_phases_of_five_epochs():
    table = _table("paper")
    rates, sizes = zip(*(table.at(epoch) for epoch in range(1, 31)), strict=True)
    assert rates == tuple(rate for rate in (1e-2, 1e-3, 1e-4, 1e-3, 1e-4, 1e-5) for _ in range(5))
    assert sizes == (10,) * 15 + (100,) * 15
    assert table.epochs == 30


@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [
        (
            "5epochsD",
            0,
            {1: 0.01, 5: 0.01, 6: 0.005, 11: 0.001, 16: 0.0005, 21: 0.0001, 25: 0.0001, 26: 1e-5, 99: 1e-5},
        ),
        ("1epochJS", 0, {1: 1e-2, 2: 1e-3, 3: 1e-4, 4: 1e-3, 5: 1e-4, 6: 1e-5}),
        ("special_binary", 0, {1: 0.001, 7: 0.001, 8: 0.005, 17: 0.005, 18: 0.01}),
        ("junipr_unary_LONG", 1, {1: 10, 25: 10, 26: 100}),
        ("junipr_unary_SHORT", 1, {1: 10, 3: 10, 4: 100}),
        ("junipr_binary_DOUBLE", 1, {1: 10, 2: 10, 3: 100, 12: 100, 13: 1000, 32: 1000, 33: 2000}),
        ("binary", 1, {1: 10, 2: 100, 6: 100, 7: 1000, 16: 1000, 17: 2000, 50: 2000}),
    ],
)
def test_published_tables(name, place, expected):
    assert {epoch: _table(name).at(epoch)[place] for epoch in expected} == expected
    assert {_table(name).at(epoch)[1 - place] for epoch in expected} == {None}
    assert _table(name).epochs == (6 if name == "1epochJS" else None)


def test_rates_of_one_go_with_batch_sizes_of_another_and_phases_of_one_s_own():
    table = _table(["5epochsD", "junipr_unary_SHORT"])
    assert table.at(7) == (0.005, 100)
    table = _table([{"epoch": 3, "learning_rate": 0.1}, {"epoch": 5, "batch_size": 7}])
    assert [table.at(epoch) for epoch in (1, 3, 6)] == [(None, None), (0.1, None), (0.1, 7)]


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("papers", "no schedule 'papers'; did you mean 'paper'"),
        (["paper", "5epochsD"], "two learning rates from epoch 1 on"),
        ([{"epoch": 0}], "parameters.schedule"),
        ([{"epoch": 2, "batch_size": 5}, {"epoch": 2, "batch_size": 6}], "two batch sizes from epoch 2 on"),
    ],
)
def test_a_mistake_is_named(schedule, message):
    with pytest.raises(ConfigurationError, match=message):
        resolve_parameters(find_model("dense"), {"schedule": schedule})


def test_a_schedule_names_another_point_and_none_keeps_the_old_name():
    def names(scan):
        return [point.name for point in points(analysis(scan=scan).tasks["flavour"])]

    assert names({"schedule": [[]]}) == names({"schedule": [None]}) == names({}) == names({"micro_batch": [0]})
    assert len({*names({}), *names({"schedule": sorted(PUBLISHED)})}) == 1 + len(PUBLISHED)
    assert names({"schedule": ["paper"]}) == names({"schedule": [["paper"]]})
