"""Trees in the checks before anything runs, and in what makes results stale."""

import pytest

from jetloom.config.load import load_merged
from jetloom.errors import ConfigurationError
from jetloom.scan.preflight import check_analysis
from jetloom.scan.staleness import settings_digests

CONFIG = {
    "samples": {"a": {"simulate": {"process": "dijet", "events": 10}}},
    "tasks": {
        "qg": {
            "reads": "trees",
            "labels": {"quark": {"when": "PartonTruthLabelID != 21"}, "gluon": {"when": "PartonTruthLabelID == 21"}},
            "inputs": ["pt"],
        }
    },
}


def with_conversion(conversion, **trees):
    return load_merged({**CONFIG, "conversion": conversion, "trees": trees})


def test_a_collection_with_places_and_momenta_is_enough():
    check_analysis(with_conversion({"slots": {"constituents": 50}}))


@pytest.mark.parametrize(
    ("conversion", "trees", "message"),
    [
        ({"slots": {"tracks": 9}}, {}, r"trees.collection: 'constituents' is not converted.*slots: {constit"),
        ({"slots": {"tracks": 9}}, {"collection": "tracks"}, r"trees.collection: 'm': sample 'a' has no variable 'm'"),
        (
            {"slots": {"constituents": 9}, "variables": {"constituents": ["eta", "m"]}}, {},
            r"trees.collection: 'phi': sample 'a' has no variable 'phi'",
        ),
    ],
)  # fmt: skip
def test_trees_of_what_is_not_there(conversion, trees, message):
    with pytest.raises(ConfigurationError, match=message):
        check_analysis(with_conversion(conversion, **trees))


def test_settings_of_trees_make_only_trees_stale():
    one, other = (
        settings_digests(with_conversion({"slots": {"constituents": 9}}, algorithm=name)) for name in ("kt", "anti_kt")
    )
    assert {stage for stage in one if one[stage] != other[stage]} == {"trees"}
