"""Dataclasses as sealed JSON: what is read is what was written, and what is of another shape is told with its key."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from jetloom.errors import CorruptFileError, MissingFileError
from jetloom.io.records import read_record, write_record
from jetloom.io.sealed import read_json, write_json


@dataclass(frozen=True)
class Curve:
    values: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]
    known: npt.NDArray[np.bool_]
    area: float
    doubt: str = ""


@dataclass(frozen=True)
class Page:
    curves: list[Curve]
    by_name: dict[str, tuple[float, int]]
    best: Curve | None
    alike: bool


def curve(values):
    return Curve(np.array(values), np.arange(3), np.array([True, False]), math.nan, "few")


PAGE = Page(
    [curve([[1.0, math.nan], [math.inf, -math.inf]]), curve([0.1, 1 / 3])], {"a": (math.inf, 3)}, None, np.bool_(True)
)


def written(path, **changes):
    write_record(path, PAGE)
    write_json(path, read_json(path) | changes)
    return path


def read(path):
    return read_record(path, Page, "make it again", "make it first")


def test_every_number_comes_back(tmp_path):
    write_record(tmp_path / "page.json", PAGE)
    found = read(tmp_path / "page.json")
    for one, other in zip(found.curves, PAGE.curves, strict=True):
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.counts, other.counts)
        np.testing.assert_array_equal(one.known, other.known)
        assert [array.dtype for array in (one.values, one.counts, one.known)] == [np.float64, np.int64, np.bool_]
        assert math.isnan(one.area)
        assert one.doubt == "few"
    assert found.by_name == PAGE.by_name
    assert found.best is None
    assert found.alike is True


def test_a_newer_file_with_more_keys_is_read(tmp_path):
    assert read(written(tmp_path / "page.json", more=1)).alike is True


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alike": "yes"}, r"page.json: alike: is 'yes', not bool"),
        ({"curves": {}}, r"curves: is {}, not list"),
        ({"curves": [{"values": []}]}, r"curves.0.counts: is missing"),
        ({"by_name": {"a": [1.0]}}, r"by_name.a: 1 values, not 2"),
        ({"by_name": {"a": [1.0, True]}}, r"by_name.a.1: is True, not int"),
        ({"by_name": {"a": ["big", 1]}}, r"by_name.a.0: is 'big', not float"),
        ({"best": 3}, r"best: is 3, not dict"),
    ],
)
def test_what_is_of_another_shape_is_told_with_its_key(tmp_path, change, message):
    with pytest.raises(CorruptFileError, match=message) as caught:
        read(written(tmp_path / "page.json", **change))
    assert "make it again" in str(caught.value)


@pytest.mark.parametrize("values", [[1.0, "2.0"], [[1.0], [2.0, 3.0]], [True], "inf", [{}]])
def test_what_is_no_array_is_refused(tmp_path, values):
    write_record(tmp_path / "page.json", PAGE)
    content = read_json(tmp_path / "page.json")
    content["curves"][1]["values"] = values
    write_json(tmp_path / "page.json", content)
    with pytest.raises(CorruptFileError, match=r"curves.1.values"):
        read(tmp_path / "page.json")


def test_a_file_that_is_cut_or_not_there_is_told(tmp_path):
    path = written(tmp_path / "page.json")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CorruptFileError):
        read(path)
    with pytest.raises(MissingFileError, match="make it first"):
        read(tmp_path / "none.json")
