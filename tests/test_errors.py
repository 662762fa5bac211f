import pytest

from jetloom import errors
from jetloom.errors import ExitCode, JetloomError, near_misses


def test_a_message_is_one_line_of_file_object_cause_and_advice():
    error = JetloomError("is\n  bad", path="a.h5", where="jets", advice="mend it")
    assert str(error) == error.line() == "a.h5: jets: is bad; mend it"
    assert str(JetloomError("is bad")) == "is bad"


CODES = {
    "ConfigurationError": 2,
    "ExpressionError": 2,
    "InputError": 3,
    "MissingFileError": 3,
    "CorruptFileError": 3,
    "MissingObjectError": 3,
    "BadValueError": 3,
    "EmptySampleError": 3,
    "BudgetError": 3,
    "StaleError": 3,
    "RefusedNetworkError": 3,
    "ParityError": 3,
    "DiskFullError": 4,
    "OutOfMemoryError": 5,
    "BusyError": 6,
    "CheckpointedError": 85,
    "WrongResourceError": 7,
    "StorageError": 8,
    "OutOfTimeError": 85,
    "TrainingsFailedError": 10,
}


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_exit_codes_never_change(name, code):
    assert getattr(errors, name)("cause").exit_code == code


def test_every_error_has_an_exit_code_of_its_own_kind():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, JetloomError)]
    assert {kind.__name__ for kind in kinds} == {"JetloomError", *CODES}
    assert all(kind.exit_code != ExitCode.DONE for kind in kinds)
    assert [kind.__name__ for kind in kinds if kind.exit_code == ExitCode.BUG] == ["JetloomError"]


def test_near_misses_ignore_case_and_list_what_there_is():
    assert near_misses("Pt", ["pt", "eta"]) == "did you mean 'pt'?"
    assert near_misses("PartonTruthLabel", ["PartonTruthLabelID", "pt"]) == "did you mean 'PartonTruthLabelID'?"
    assert near_misses("zzz", ["pt", "eta"]) == "known: eta, pt"
    assert near_misses("zzz", [f"v{k:02}" for k in range(20)]).endswith("v11 and 8 more")
    assert near_misses("zzz", []) == "there is none to choose from"
