"""Small converted files, and a dataset built from them."""

import pytest

from jetloom.data.build import build
from jetloom.data.dataset import Dataset
from tiny_analysis import analysis, write_samples


@pytest.fixture(scope="session")
def converted(tmp_path_factory):
    """HDF5 files of each sample."""
    return write_samples(tmp_path_factory.mktemp("hdf5"))


@pytest.fixture
def make(converted, tmp_path):
    """Build a dataset with some of the task's keys changed."""

    def function(files=None, directory=None, **task):
        target = directory or tmp_path / "dataset"
        build(analysis(**task), "flavour", files or converted, target)
        return Dataset.open(target)

    return function
