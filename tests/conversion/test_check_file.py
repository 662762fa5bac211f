"""Files held against a schema."""

import numpy as np
import pytest

from dxaod_files import JETS, content, write
from jetloom.cli.main import main


@pytest.fixture
def lines(tmp_path, capsys):
    """What the verb prints for a file, by variable, and its exit code."""

    def function(values):
        write(tmp_path / "d.root", values)
        code = main(["check_file", str(tmp_path / "d.root"), "--schema", "simulated"])
        out, err = capsys.readouterr()
        return {line.split()[0]: line for line in out.splitlines()}, code, err

    return function


def test_every_variable_has_its_line_and_range(lines):
    values = content()
    found, code, _ = lines(values)
    assert code == 0
    assert f"{float(np.max(values[JETS + 'pt'])) / 1000:.5g}" in found["jets.pt"]
    assert "AnalysisJetsAuxDyn.pt" in found["jets.pt"]
    assert found["events.run_number"].endswith("always the same")
    assert {"tracks.pt", "constituents.charge"} <= set(found)


def test_what_is_missing_is_said_of_all_and_fails_if_it_is_needed(lines):
    values = {name: column for name, column in content().items() if name not in (JETS + "Jvt", JETS + "Width")}
    found, code, error = lines(values)
    assert found["jets.Jvt"].endswith("  missing")
    assert found["jets.Width"].endswith("missing, and needed")
    assert code == 3
    assert "lacks jets.Width" in error


def test_values_that_a_type_cannot_hold_are_said_of_their_variable(lines):
    values = content()
    values[JETS + "NumTrkPt500"] = values[JETS + "NumTrkPt500"] + 0.5
    found, code, error = lines(values)
    assert "cannot be read as int32: holds " in found["jets.NumTrkPt500"]
    assert "jets.Width" in found
    assert code == 3
    assert "cannot give jets.NumTrkPt500" in error


def test_a_variable_that_was_never_filled(lines):
    values = content()
    values[JETS + "Width"] = values[JETS + "Width"] * np.float32(np.nan)
    found, _, _ = lines(values)
    assert found["jets.Width"].endswith("not a number in any of them")


def test_identifiers_are_printed_to_the_last_digit(lines):
    values = content()
    values["EventInfoAuxDyn.mcChannelNumber"] = np.full(40, 410472, np.uint32)
    found, _, _ = lines(values)
    assert found["events.mc_channel_number"].split()[3:5] == ["410472", "410472"]
    assert str(2**40 + 39) in found["events.event_number"]


def test_a_missing_variable_names_the_near_ones_of_its_container(lines):
    values = content()
    values[JETS + "Widht"] = values.pop(JETS + "Width")
    found, code, _ = lines(values)
    assert code == 3
    assert found["jets.Width"].endswith("missing, and needed; did you mean 'Widht'?")
