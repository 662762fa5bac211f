"""The backend, and networks for toy trees: fixtures for the tests of JUNIPR and of what is drawn from it."""

import pytest

from jetloom.models.registry import find_model
from jetloom.training.backends.backend import use_backend


@pytest.fixture(scope="session")
def keras():
    use_backend("tensorflow", 1)
    import keras

    return keras


@pytest.fixture(scope="session")
def build(keras):
    """Build an untrained network."""
    from junipr_toys import facts

    def function(seed=1, data=None, **parameters):
        model = find_model("junipr")
        return model.build(model.parameters.model_validate(parameters), data or facts(), seed, {})

    return function
