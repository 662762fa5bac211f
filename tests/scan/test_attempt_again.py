"""A copy of a job that comes when all is done is no attempt of its own."""

import pytest

from jetloom.scan.attempts import ledger
from jetloom.scan.attempts.attempt import recorded
from stored_files import write_result


def train(directory, history: str) -> None:
    with recorded(directory, 100, 1, 0):
        (directory / "history.csv").write_text(history)
        write_result(directory)


def causes(directory) -> list[str]:
    assert ledger.read_open(directory) is None
    return [line.cause for line in ledger.read(directory / ledger.LEDGER)]


@pytest.mark.parametrize(("again", "found"), [("1,0.5\n", ["done"]), ("1,0.6\n", ["done", "done"])])
def test_only_what_trains_is_an_attempt(tmp_path, again, found):
    train(tmp_path, "1,0.5\n")
    (tmp_path / "result.json").unlink()  # Snakemake does so before it runs a job again
    train(tmp_path, again)
    assert causes(tmp_path) == found


def test_a_training_that_was_killed_after_its_last_epoch_has_its_line(tmp_path):
    (tmp_path / "history.csv").write_text("1,0.5\n")
    train(tmp_path, "1,0.5\n")
    assert causes(tmp_path) == ["done"]
