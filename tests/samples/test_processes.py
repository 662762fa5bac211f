"""A sample is one process unless its configuration says more; equal files."""

from pathlib import Path

import pytest

from jetloom.errors import ConfigurationError
from jetloom.samples.facts import FileFacts
from jetloom.samples.processes import add_channels, require_meant, unknown_processes
from jetloom.samples.same import refuse_equal, shared_content

TWO = {"364701": [1500, 1.5], "364702": [1500, 60000.0]}


def test_channels_of_files_are_added():
    assert add_channels([{"1": [2, 3.0]}, None, {"1": [1, 1.0], "2": [5, 0.5]}]) == {"1": [3, 4.0], "2": [5, 0.5]}
    assert add_channels([None, None]) is None


@pytest.mark.parametrize(
    ("found", "allowed"),
    [(None, None), ({}, None), ({"7": [1, 1.0]}, None), (TWO, "any"), (TWO, [364702, 364701]), ({"7": [1, 1]}, [7, 8])],
)
def test_what_is_meant(found, allowed):
    require_meant(found, allowed, "sample 'a'")


@pytest.mark.parametrize(
    ("found", "allowed"), [(TWO, None), (TWO, [364701]), ({"7": [1, 1.0]}, [8]), ({"7": [1, 1]}, [])]
)
def test_what_is_not_meant(found, allowed):
    with pytest.raises(ConfigurationError, match=r"sample 'a': holds .* process.*channels: ") as caught:
        require_meant(found, allowed, "sample 'a'")
    if found is TWO:
        assert "channel 364701 (50 % of the events, 0.0025 % of the weights)" in str(caught.value)


def test_equal_files_are_refused_in_a_sample_and_told_of_two():
    one = FileFacts(Path("one.h5"), events=3, rows=5, source="s1", content="c1")
    bytes_alike = FileFacts(Path("two.h5"), events=3, rows=5, source="s1", content="c2")
    events_alike = FileFacts(Path("three.h5"), events=3, rows=5, source="s3", content="c1")
    empty = [FileFacts(Path(f"empty{n}.h5"), content="c0") for n in (1, 2)]
    refuse_equal("a", [one, *empty, FileFacts(Path("old.h5"), events=1), FileFacts(Path("old2.h5"), events=1)])
    for other in (bytes_alike, events_alike):
        with pytest.raises(ConfigurationError, match=f"samples.a.files: 'one' and '{other.path.stem}' have equal"):
            refuse_equal("a", [one, other])
        lines = shared_content({"a": [one, *empty], "b": [other, *empty]})
        assert lines == {"b": [f"'{other.path.stem}' has the content of 'one' of sample 'a'"]}
    assert shared_content({"a": [one, events_alike]}) == {}


def test_files_of_which_nothing_passes_the_cuts_are_not_equal():
    """Signal of few events: what is left of two files is nothing, or events of the same numbers without a jet."""
    files = [FileFacts(Path(f"signal{n}.h5"), events=20, source=f"s{n}", content="nothing") for n in (1, 2)]
    refuse_equal("a", files)
    assert shared_content({"a": files[:1], "b": files[1:]}) == {}
    copies = [FileFacts(Path(f"signal{n}.h5"), events=20, source="s", content="nothing") for n in (1, 2)]
    with pytest.raises(ConfigurationError, match="equal content"):
        refuse_equal("a", copies)


def test_events_without_a_channel_number_are_told_beside_others_that_have_one():
    found = {"7": [150, 150.0]}
    assert unknown_processes(found, 400, None) == (
        "250 of 400 events have no channel number, the others are of 7: whether they are of one process is not known"
    )
    assert unknown_processes(found, 150, None) is None
    assert unknown_processes(found, 400, "any") is None
    for none_has_one in (None, {}):
        assert unknown_processes(none_has_one, 400, None) is None
