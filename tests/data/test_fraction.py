"""A fraction of the data: a share of the events, the same ones whatever else is in the files."""

import numpy as np
import pytest

from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from tiny_analysis import analysis, make_jets, write_jets


def _events(directory, files, **task):
    build(analysis(**task), "flavour", files, directory)
    dataset = Dataset.open(directory)
    view = dataset.view()
    rows = np.concatenate([block.rows for role in view.files for block in view.blocks(role)])
    return dataset.description, rows


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("fraction")
    return {
        "dijet": [write_jets(directory / "dijet.h5", make_jets(4000, 1, 0.3))],
        "ttbar": [write_jets(directory / "ttbar.h5", make_jets(4000, 2, 0.8, first_event=20_000))],
    }


@pytest.mark.parametrize("fraction", [0.25, 0.5])
def test_a_share_of_the_events_is_used_and_the_rest_counted(files, tmp_path, fraction):
    description, rows = _events(tmp_path, files, fraction=fraction)
    _, all_rows = _events(tmp_path / "whole", files)
    entry = next(entry for entry in description["counts"] if "a fraction of" in entry["reason"])
    assert entry["before"] == 8000
    # 4,000 events of two jets each: five standard deviations of the binomial law.
    assert abs(entry["after"] / 8000 - fraction) < 5 * np.sqrt(fraction * (1 - fraction) / 4000)
    chosen = np.isin(all_rows["event_number"], rows["event_number"])
    assert np.array_equal(np.sort(rows["event_number"]), np.sort(all_rows["event_number"][chosen]))
    # The cross-section stays what it is.
    assert rows["event_weight"].sum() == pytest.approx(all_rows["event_weight"].sum(), rel=0.1)


def test_a_larger_share_holds_the_smaller_one(files, tmp_path):
    _, small = _events(tmp_path / "a", files, fraction=0.2)
    _, large = _events(tmp_path / "b", files, fraction=0.6)
    assert set(small["event_number"].tolist()) < set(large["event_number"].tolist())


def test_the_choice_has_nothing_to_do_with_the_parts(files, tmp_path):
    description, _ = _events(tmp_path, files, fraction=0.3)
    jets = dict.fromkeys(("train", "validation", "test"), 0)
    for entry in description["summary"]:
        jets[entry["part"]] += entry["jets"]
    assert jets["train"] / sum(jets.values()) == pytest.approx(0.6, abs=0.05)
