"""Events that two samples have in common."""

import numpy as np
import pytest

from jetloom.config.samples import Sample
from jetloom.samples.facts import SKIPPED, FileFacts
from jetloom.samples.shared import shared_events
from tiny_analysis import make_events, make_jets, write_jets

FILES, DATA = {"files": ["x.root"]}, {"files": ["x.root"], "is_data": True}
SIMULATED = {"simulate": {"process": "dijet"}}
LINE = "50 of its events are in sample 'a', too (equal channel, run and event number)"


def _file(directory, name, events, channel=7, **facts):
    path = write_jets(directory / f"{name}.h5", make_jets(1, 1), table=make_events(events, channel))
    channels = {str(channel): [len(events), 1.0]} if channel >= 0 else None
    return FileFacts(path, **{"events": len(events), "rows": 1, "channels": channels, **facts})


@pytest.mark.parametrize(
    ("settings", "channels", "expected"),
    [
        (FILES, (7, 7), {"b": [LINE]}),
        (FILES, (7, 8), {}),
        # Without a channel number simulated events of any process count from 1; recorded ones do not.
        (FILES, (-1, -1), {}),
        (FILES, (0, 0), {}),
        (DATA, (-1, -1), {"b": [LINE]}),
        (SIMULATED, (7, 7), {}),
    ],
)
def test_overlaps_of_two_samples_are_counted(tmp_path, settings, channels, expected):
    one = [_file(tmp_path, "a1", np.arange(100), channels[0]), _file(tmp_path, "a2", np.arange(900, 999), channels[0])]
    two = [_file(tmp_path, "b", np.arange(50, 150), channels[1])]
    one.append(FileFacts(tmp_path / "bad.h5", SKIPPED))
    sample = Sample.model_validate(settings)
    assert shared_events({"a": one, "b": two}, {"a": sample, "b": sample, "other": sample}) == expected
    assert shared_events({"b": two}, {"b": sample}) == {}


def test_recorded_events_are_none_of_simulation(tmp_path):
    one, two = _file(tmp_path, "a", np.arange(100)), _file(tmp_path, "b", np.arange(100))
    settings = {"a": Sample.model_validate(FILES), "b": Sample.model_validate(DATA)}
    assert shared_events({"a": [one], "b": [two]}, settings) == {}


def test_samples_of_several_processes_are_counted_once(tmp_path):
    parts = [np.arange(50), np.arange(50)]
    tables = np.concatenate([make_events(part, channel) for part, channel in zip(parts, (7, 8), strict=True)])
    channels = {"7": [50, 1.0], "8": [50, 1.0]}
    files = {
        name: [
            FileFacts(write_jets(tmp_path / f"{name}.h5", make_jets(1, 1), table=tables[:chosen]), channels=channels)
        ]
        for name, chosen in (("a", 100), ("b", 50), ("c", 0))
    }
    sample = Sample.model_validate(FILES)
    assert shared_events(files, dict.fromkeys(files, sample)) == {"b": [LINE]}
