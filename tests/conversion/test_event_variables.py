"""Variables of events that follow from their jets, and files whose rows are events with them."""

import numpy as np
import pytest

from flat_files import flat_schema, write_flat
from jetloom.config.conversion import Conversion
from jetloom.conversion.convert import to_hdf5, to_ntuple
from jetloom.conversion.task import Task
from jetloom.errors import JetloomError
from jetloom.expressions.of_jets import parted
from jetloom.io.hdf5.tables import TableReader

VARIABLES = {
    "jet1_pt": "jets[0].pt", "jet2_pt": "jets[1].pt", "n": "len(jets)", "ht": "sum(jets.pt)", "most": "max(jets.eta)",
    "balance": "jets[1].pt / jets[0].pt + event_number * 0",
}  # fmt: skip
PT = np.random.default_rng(5).uniform(10, 60, 100).astype("f4")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_flat(tmp_path_factory.mktemp("jets") / "x.root", events=50, pt=PT)


def converted(path, output, **conversion):
    task = Task(path, flat_schema(), Conversion.model_validate({"event_variables": VARIABLES, **conversion}))
    to_hdf5(task, output)
    with TableReader(output) as reader:
        return reader.read("jets"), reader.attribute("unit")


def test_a_row_is_an_event_with_what_follows_from_its_selected_jets(path, tmp_path):
    rows, unit = converted(path, tmp_path / "x.h5", rows="events", select={"jets": ["pt > 30"]})
    assert unit == "events"
    assert len(rows) == 50  # events without a jet are rows, too
    for row, pair in zip(rows, PT.reshape(-1, 2), strict=True):
        kept = pair[pair > 30]
        assert row["n"] == len(kept)
        assert row["ht"] == pytest.approx(kept.sum(), rel=1e-6)
        expected = [*kept, np.nan, np.nan][:2]
        np.testing.assert_allclose([row["jet1_pt"], row["jet2_pt"]], expected)
        np.testing.assert_allclose(row["balance"], expected[1] / expected[0], rtol=1e-6)
        assert np.isnan(row["most"]) == (not len(kept))
    assert (rows["n"] == 0).any()


def test_jets_may_have_them_of_their_event_and_both_routes_agree(path, tmp_path):
    rows, unit = converted(path, tmp_path / "x.h5", select={"jets": []})
    assert unit == "jets"
    assert len(rows) == 100
    np.testing.assert_allclose(rows["ht"], np.repeat(PT.reshape(-1, 2).sum(axis=1), 2), rtol=1e-6)
    task = Task(path, flat_schema(), Conversion.model_validate({"event_variables": VARIABLES, "rows": "events"}))
    to_ntuple(task, tmp_path / "x.root")
    to_hdf5(Task(tmp_path / "x.root", None, task.conversion), tmp_path / "one.h5")
    to_hdf5(task, tmp_path / "two.h5")
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jets[0].ptt", "no variable 'ptt' of jets; did you mean 'pt'"),
        ("met / jets[0].pt", "no variable 'met' of events"),
    ],
)
def test_what_the_schema_lacks_is_refused(path, tmp_path, text, message):
    with pytest.raises(JetloomError, match=message):
        converted(path, tmp_path / "x.h5", event_variables={"x": text})
    assert not (tmp_path / "x.h5").exists()


def test_other_uses_of_collections_are_no_expressions():
    assert parted("jets[1].pt / met")[0] == "of_jets_1_pt / met"
    with pytest.raises(ValueError, match=r"jets\[-1\]"):
        Conversion.model_validate({"event_variables": {"x": "jets[-1].pt"}})
    with pytest.raises(ValueError, match=r"'jets.pt' is not allowed here"):
        Conversion.model_validate({"event_variables": {"x": "jets.pt * 2"}})
