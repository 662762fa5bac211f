import pytest

from jetloom.training.backends.backend import use_backend


@pytest.fixture(scope="session")
def keras():
    use_backend("tensorflow", 1)
    import keras

    import jetloom.models.layers  # noqa: F401 - registers the layers

    return keras
