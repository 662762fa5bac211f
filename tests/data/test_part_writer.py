"""Parts that are written in many blocks."""

import numpy as np

from jetloom.data.block import Block, iter_blocks, read_block
from jetloom.data.building.build import build
from jetloom.data.building.part_writer import PartWriter
from jetloom.data.dataset import Dataset
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.trees import BRANCHING
from tree_files import TREE_JETS, make_trees, tree_analysis, write_trees


def _jets(rows, seed):
    jets, branchings = make_trees(rows, seed)
    return Block.of_trees(jets, branchings, np.concatenate([[0], np.cumsum(jets["n_branchings"])]))


def test_offsets_go_on_from_block_to_block(tmp_path):
    blocks = [_jets(rows, rows) for rows in (7, 40, 1, 3)] + [_jets(5, 2).take(slice(0, 0)), _jets(20, 9)]
    with PartWriter(tmp_path / "part.h5", TREE_JETS, trees=True) as writer:
        written = [writer.append(block) for block in blocks]
    together = Block.concatenate(blocks)
    with TableReader(tmp_path / "part.h5") as reader:
        assert reader.dtype("branchings") == BRANCHING
        for k, length in enumerate(together.lengths):
            one = read_block(reader, k, k + 1)
            start = together.offsets[k]
            expected = together.branchings[start : start + length][list(BRANCHING.names)]
            assert one.branchings.tolist() == expected.tolist()
            assert one["first_branching"] == start
    assert np.concatenate([block["first_branching"] for block in written]).tolist() == together.offsets[:-1].tolist()


def test_jets_without_trees_are_written_alone(tmp_path):
    with PartWriter(tmp_path / "part.h5", TREE_JETS, trees=False) as writer:
        writer.append(_jets(10, 1))
    with TableReader(tmp_path / "part.h5") as reader:
        assert reader.rows == {"jets": 10}


def test_a_part_of_many_blocks_has_each_jet_with_its_tree(tmp_path):
    jets, branchings = make_trees(600, 3)
    copies = 50
    many, repeated = np.tile(jets, copies), np.tile(branchings, copies)
    many["event_number"] = np.arange(len(many)) // 2
    many["first_branching"] = np.cumsum(many["n_branchings"]) - many["n_branchings"]
    many["pt"] = 20 + np.arange(len(many)) / 100  # tells a jet from all others
    files = {name: [write_trees(tmp_path / f"{name}.h5", many, repeated)] for name in ("dijet", "ttbar")}
    build(tree_analysis(), "flavour", files, tmp_path / "dataset")
    view = Dataset.open(tmp_path / "dataset").view()
    ends = np.concatenate([[0], np.cumsum(many["n_branchings"])])
    with TableReader(view.files["train"][0]) as reader:
        blocks = list(iter_blocks(reader))
        for k in range(0, reader.rows["jets"], 997):
            one = read_block(reader, k, k + 1)
            place = int(np.rint((one["pt"][0] - 20) * 100))
            expected = repeated[ends[place] : ends[place + 1]][list(BRANCHING.names)]
            assert one.branchings.tolist() == expected.tolist()
    assert len(blocks) > 2
    together = Block.concatenate(blocks)
    assert together["first_branching"].tolist() == together.offsets[:-1].tolist()
