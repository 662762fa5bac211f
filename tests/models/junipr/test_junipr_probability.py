import math

import numpy as np
import pytest

from jetloom.models.registry import find_model
from junipr_toys import facts, jets

MODEL = find_model("junipr")


@pytest.mark.parametrize(
    ("parameters", "weights"),
    [({"preset": "junipr_2019"}, 2715), ({"preset": "paper"}, 1_062_402)],
)
def test_the_published_sizes(build, parameters, weights):
    assert build(**parameters).count_params() == weights


@pytest.mark.parametrize(
    ("parameters", "golden"),
    [({"padding_class": False}, -32.195369), ({"padding_class": True}, -33.339091)],
)
@pytest.mark.parametrize("branching", ["factorised", "unique"])
def test_uniform_heads_give_the_golden_probability(build, parameters, golden, branching):
    network = build(branching=branching, **parameters)
    for variable in network.variables:
        variable.assign(np.zeros(variable.shape))
    log_p = np.asarray(network(MODEL.features(jets([3, 0]), facts())))
    np.testing.assert_allclose(log_p.sum(axis=(1, 2)), [golden, -math.log(2)], rtol=1e-6)


def test_padded_steps_give_exactly_nothing(build):
    log_p = np.asarray(build()(MODEL.features(jets([3, 0, 20]), facts())))
    for row, length in enumerate((3, 0, 20)):
        assert (log_p[row, : length + 1, 0] < 0).all()
        assert (log_p[row, length + 1 :, 0] == 0).all()
        assert (log_p[row, :length, 2:] < 0).all()
        assert (log_p[row, length:, 1:] == 0).all()
    assert abs(log_p[2, 0, 1]) < 1e-6  # the mother of the first branching is certain
