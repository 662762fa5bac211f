"""Small converted files, and a dataset built from them."""

import pytest

from jetloom.data.building.build import build
from jetloom.data.dataset import Dataset
from tiny_analysis import analysis, write_samples
from tree_files import tree_analysis, write_tree_samples


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


@pytest.fixture(scope="session")
def clustered(tmp_path_factory):
    """Files of trees of each sample."""
    return write_tree_samples(tmp_path_factory.mktemp("trees"))


@pytest.fixture
def make_of_trees(clustered, tmp_path):
    """Build a dataset of trees with some of the task's keys changed."""

    def function(files=None, directory=None, **task):
        target = directory or tmp_path / "dataset"
        build(tree_analysis(**task), "flavour", files or clustered, target)
        return Dataset.open(target)

    return function
