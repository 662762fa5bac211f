"""Trained models that are applied, made once."""

import pytest
from applied_analysis import make_analysis


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    """A model with one split of the data."""
    directory = tmp_path_factory.mktemp("plain")
    make_analysis(directory)
    return directory


@pytest.fixture(scope="session")
def folded(tmp_path_factory):
    """A model of three folds."""
    directory = tmp_path_factory.mktemp("folded")
    make_analysis(directory, split={"folds": 3})
    return directory
