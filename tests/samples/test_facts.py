"""Facts in the attributes of a file whose checksums are right: of another kind they are told with file and name."""

import pytest

import dxaod_files
from jetloom.config.conversion import Conversion
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5
from jetloom.conversion.streams import Task
from jetloom.errors import InputError
from jetloom.io.hdf5.tables import TableReader, TableWriter
from jetloom.samples.facts import read_facts
from mutations import outcome

ODD = (None, True, -1, "x", [], [1, 2], {}, {"x": 1}, {"x": [1]}, {"x": {}}, [[1]], 1e400)
"""What may stand where something else should; what is right for one of the facts stays so."""


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("facts")
    dxaod_files.write(path / "in.root", dxaod_files.content(20), 1)
    conversion = Conversion(select={"jets": []}, slots={"constituents": 3})
    to_hdf5(Task(path / "in.root", find_schema("simulated"), conversion), path / "out.h5")
    with TableReader(path / "out.h5") as reader:
        keys = [key for key in reader._texts if key not in ("rows", "format")]
        return read_facts(path / "out.h5"), {key: reader.attribute(key) for key in keys}, reader.read("jets")


def sealed(path, attributes, jets, table="jets"):
    with TableWriter(path, {table: (jets.dtype, None)}) as writer:
        writer.attributes = attributes
        writer.append(**{table: jets})
    return path


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_a_fact_of_another_kind_is_told_with_its_name(content, tmp_path, value):
    whole, attributes, jets = content
    told = 0
    for key in attributes:
        path = sealed(tmp_path / f"{key}.h5", attributes | {key: value}, jets)
        facts, line = outcome(read_facts, path)
        if line:
            told += 1
            assert line.startswith(f"{path}: {key}: is not as jetloom writes it (")
        else:
            assert all(
                type(getattr(facts, name)) is type(getattr(whole, name)) for name in ("rows", "source", "counts")
            )
    assert told > 4


def test_a_file_without_jets_is_told(content, tmp_path):
    _, attributes, jets = content
    with pytest.raises(InputError, match="jets: no such dataset; did you mean 'jet'"):
        read_facts(sealed(tmp_path / "x.h5", attributes, jets, "jet"))
    assert read_facts(sealed(tmp_path / "y.h5", attributes, jets)).rows == len(jets)
