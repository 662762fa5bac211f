"""The preparation of clusters, tracks and segments, against the recipe computed jet by jet."""

import numpy as np
import pytest
from pydantic import TypeAdapter

from jetloom.config.inputs.transforms import Transform
from jetloom.config.tasks.collected import Collected
from jetloom.data.building.build import build
from jetloom.data.building.transforms import transformed
from jetloom.data.dataset import Dataset
from jetloom.io.sealed import read_json
from slot_files import COLLECTIONS, make_places, slot_analysis, write_places
from tiny_analysis import make_jets

ROW = np.array([0, 0, 0, 2, 2])


def _apply(columns, *transforms):
    made = TypeAdapter(list[Transform]).validate_python(list(transforms))
    return transformed(made, {name: np.array(one, float) for name, one in columns.items()}, ROW)


def test_relative_to_the_leading_entry_and_to_the_jet():
    columns = {"eta": [1, 2, 0, -1, -1.5], "phi": [3, -3, 3.1, 0, 1], "jets.eta": [1, 1, 1, 0, 0]}
    found = _apply(
        columns, {"use": "relative", "variables": ["eta", "phi"], "angles": ["phi"]},
    )  # fmt: skip
    np.testing.assert_allclose(found["eta"], [0, 1, -1, 0, -0.5])
    np.testing.assert_allclose(found["phi"], [0, 2 * np.pi - 6, 0.1, 0, 1])
    found = _apply(columns, {"use": "relative", "to": "jets", "variables": ["eta"]})
    np.testing.assert_allclose(found["eta"], [0, 1, -1, -1, -1.5])


def test_eta_is_flipped_by_the_sign_of_its_weighted_sum():
    found = _apply({"eta": [-1, 0.5, np.nan, 1, -1], "pt": [3, 2, 9, 2, 2]}, {"use": "flip", "variables": ["eta"]})
    np.testing.assert_allclose(found["eta"], [1, -0.5, np.nan, 1, -1])


def test_layers_become_fractions_and_nothing_stays_nothing():
    columns = {"a": [1, 0, 2, -1, 0], "b": [3, 0, 2, 3, 5]}
    found = _apply(columns, {"use": "fractions", "variables": ["a", "b"]})
    np.testing.assert_allclose(found["a"], [0.25, 0, 0.5, -0.5, 0])
    np.testing.assert_allclose(found["a"] + found["b"], [1, 0, 1, 1, 1])


def test_scales_and_limits():
    found = _apply(
        {"pt": [0, 250, 500, 750, 40]},
        {"use": "scale", "variables": ["pt"], "highest": 500},
        {"use": "limit", "variables": ["pt"], "highest": 1},
    )
    np.testing.assert_allclose(found["pt"], [0, 0.5, 1, 1, 0.08])


def test_no_entries_at_all():
    made = TypeAdapter(list[Transform]).validate_python(
        [{"use": "flip", "variables": ["eta"]}, {"use": "relative", "variables": ["eta"]}]
    )
    empty = {"eta": np.zeros(0), "pt": np.zeros(0)}
    assert len(transformed(made, empty, np.zeros(0, np.int64))["eta"]) == 0


@pytest.mark.parametrize(
    ("transform", "cause"),
    [
        ({"use": "scale", "variables": ["pt"], "lowest": 5, "highest": 1}, "'lowest', 5, is not below 'highest', 1"),
        ({"use": "limit", "variables": ["pt"]}, "'lowest' or 'highest' is needed"),
        ({"use": "relative", "variables": ["eta"], "angles": ["phi"]}, "'phi' is none of its variables"),
        ({"use": "flip", "variables": ["eta"], "highest": 3}, "'highest' is no key of 'flip'"),
        ({"use": "turn", "variables": ["eta"]}, "flip"),
    ],
)
def test_mistakes(transform, cause):
    with pytest.raises(ValueError, match=cause):
        Collected(inputs=["pt"], slots=3, transforms=[transform])


def test_a_dataset_is_prepared_and_says_how(tmp_path):
    charged = COLLECTIONS["charged"] | {
        "transforms": [
            {"use": "relative", "variables": ["eta"]},
            {"use": "flip", "variables": ["eta"]},
            {"use": "scale", "variables": ["pt"], "highest": 500},
        ],
        "inputs": ["eta", "pt", "d0"],
    }
    files = {}
    for seed, (name, share) in enumerate((("dijet", 0.3), ("ttbar", 0.8))):
        jets = make_jets(400, seed + 1, share, first_event=20_000 * seed)
        units = {"constituents": {"pt": "GeV"}}
        files[name] = [write_places(tmp_path / f"{name}.h5", jets, make_places(jets, seed), units=units)]
    build(slot_analysis(collections=COLLECTIONS | {"charged": charged}), "flavour", files, tmp_path / "d")
    block = next(Dataset.open(tmp_path / "d").view(None).blocks("train"))
    slots = block.collections["charged"].values
    assert (slots["eta"][:, 0] == 0).all()
    signs = (np.where(slots["valid"], slots["eta"] * slots["pt"], 0)).sum(axis=1)
    assert (signs >= -1e-6).all()
    said = read_json(tmp_path / "d" / "dataset.json")["collections"]["charged"]["transforms"]
    assert said[2]["forward"] == "(pt - 0 GeV) / 500 GeV"
    assert said[2]["inverse"] == "pt * 500 GeV + 0 GeV"
    assert said[1]["inverse"] == "none: the sign is lost"
