"""No byte of an ntuple changes unseen: the trees, the jets before the selection, and what goes along."""

import pytest
import uproot

import dxaod_files
from jetloom.config.conversion import Conversion
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_ntuple
from jetloom.conversion.task import Task
from jetloom.errors import InputError
from jetloom.io.root.ntuple import NtupleReader
from mutations import mutations, outcome


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    directory = tmp_path_factory.mktemp("ntuple")
    source = dxaod_files.write(directory / "in.root", dxaod_files.content(60))
    conversion = Conversion(select={"jets": ["pt > 20"]}, slots={"constituents": 5})
    to_ntuple(Task(source, find_schema("simulated"), conversion), directory / "n.root")
    return (directory / "n.root").read_bytes()


def content(path):
    with NtupleReader(path) as reader:
        blocks = [
            [*block.events.values(), block.jets.offsets, *block.jets.columns.values()]
            + [column for other in block.others.values() for column in (other.offsets, *other.columns.values())]
            for block in reader.blocks()
        ]
        return [array.tobytes() for block in blocks for array in block], reader.before().tobytes(), reader.record


def test_damage_is_refused_or_changes_nothing(whole, tmp_path):
    path = tmp_path / "n.root"
    path.write_bytes(whole)
    good, refused = content(path), 0
    for seed, damaged in mutations(whole, 60):
        path.write_bytes(damaged)
        found, line = outcome(content, path)
        assert line.startswith(f"{path}: ") or found == good, seed
        refused += bool(line)
    assert refused > 20


@pytest.mark.parametrize("tree", ["before", "ntuple"])
def test_no_uncompressed_basket_changes_unseen(whole, tmp_path, tree):
    """Values that cannot be compressed lie in the file as they are, without a checksum of ROOT's."""
    path = tmp_path / "n.root"
    path.write_bytes(whole)
    with uproot.open(path) as file:
        branch = next(one for one in file[tree].branches if one.compressed_bytes == one.uncompressed_bytes)
        place = branch.member("fBasketSeek")[0] + branch.member("fBasketBytes")[0] - 30
    damaged = bytearray(whole)
    damaged[place] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=rf"n\.root: {tree}: .*not what was written; make it again"):
        content(path)


def test_what_goes_along_is_held_as_well(whole, tmp_path):
    path = tmp_path / "n.root"
    path.write_bytes(whole)
    with uproot.open(path) as file:
        text = str(file["jetloom_ntuple"])
    with uproot.recreate(path) as file:
        file["jetloom_ntuple"] = text.replace('"events": 60', '"events": 61')
    with pytest.raises(InputError, match="jetloom_ntuple: is not what was written"):
        NtupleReader(path)
    for wrong in ("[1]", "{", "3", text.replace("jetloom-ntuple-2", "jetloom-ntuple-1")):
        with uproot.recreate(path) as file:
            file["jetloom_ntuple"] = wrong
        with pytest.raises(InputError, match=r"n\.root: jetloom_ntuple: .*"):
            NtupleReader(path)
