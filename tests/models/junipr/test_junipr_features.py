import numpy as np
import pytest

from jetloom.data.block import Block
from jetloom.errors import BadValueError
from jetloom.io.trees import BRANCHING, TREE_BRANCHING
from jetloom.models.junipr.features import padded
from junipr_toys import jets

LENGTHS = [3, 0, 16, 15, 1]


def _by_hand(block):
    """The arrays by a loop over jets and branchings."""
    steps = 24  # 17, rounded up
    rows = len(block)
    found = {
        "seed": np.zeros((rows, 4)), "daughters": np.ones((rows, steps, 8)), "mother": np.ones((rows, steps, 4)),
        "branching": np.ones((rows, steps, 4)), "rank": np.zeros((rows, steps), int), "length": block.lengths,
    }  # fmt: skip
    for row in range(rows):
        found["seed"][row] = [block["seed_e"][row], 0, 0, block["seed_m"][row]]
        tree = block.branchings[block.offsets[row] : block.offsets[row + 1]]
        nodes = [found["seed"][row]]
        for step, one in enumerate(tree):
            hard, soft = ([one[f"{side}_{name}"] for name in ("e", "theta", "phi", "m")] for side in ("hard", "soft"))
            found["mother"][row, step] = nodes[one["mother"]]
            nodes += [hard, soft]
            found["daughters"][row, step] = [*hard, *soft]
            found["branching"][row, step] = [one[name] for name in ("z", "theta", "phi", "delta")]
            found["rank"][row, step] = one["mother_rank"]
    return found


def test_padded_arrays_are_those_of_a_loop():
    block = jets(LENGTHS)
    found, expected = padded(block), _by_hand(block)
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
        assert found[name].dtype == (np.int32 if name in ("rank", "length") else np.float32)


def test_steps_are_rounded_up_and_leave_one_for_the_end():
    assert padded(jets([0]))["rank"].shape == (1, 16)
    assert padded(jets([15]))["rank"].shape == (1, 16)
    assert padded(jets([16]))["rank"].shape == (1, 24)


def test_a_table_with_more_columns_gives_the_same():
    block = jets(LENGTHS)
    wide = np.zeros(len(block.branchings), TREE_BRANCHING)
    for name in BRANCHING.names:
        wide[name] = block.branchings[name]
    for name, array in padded(Block.of_trees(block.rows, wide, block.offsets)).items():
        np.testing.assert_array_equal(array, padded(block)[name])


@pytest.mark.parametrize("dtype", [BRANCHING, TREE_BRANCHING])
def test_jets_that_were_picked_from_a_block_give_what_a_copy_of_them_gives(dtype):
    block, chosen = jets(LENGTHS), np.array([4, 2, 2, 1])
    table = np.zeros(len(block.branchings), dtype)
    for name in BRANCHING.names:
        table[name] = block.branchings[name]
    block = Block.of_trees(block.rows, table, block.offsets)
    copied = padded(block.take(chosen))
    for name, array in padded(block.pick(chosen)).items():
        np.testing.assert_array_equal(array, copied[name])


def test_jets_without_trees_or_too_large_are_refused():
    block = jets(LENGTHS)
    with pytest.raises(BadValueError, match=r"^the jets have no trees; set reads: trees"):
        padded(Block(block.rows))
    assert len(padded(block, 17)["seed"]) == 5
    with pytest.raises(BadValueError, match="17 constituents where 16 are the most"):
        padded(block, 16)
