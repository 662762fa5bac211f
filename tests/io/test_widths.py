"""HDF5 describes a table in 65,535 bytes: what takes more is refused before anything is read, and nothing else is."""

import numpy as np
import pytest

from flat_files import flat_schema, write_flat
from jetloom.config.conversion import Conversion
from jetloom.conversion.convert import to_hdf5, to_ntuple
from jetloom.conversion.task import Task
from jetloom.errors import ConfigurationError
from jetloom.io.hdf5.tables import TableReader, TableWriter
from jetloom.io.widths import LARGEST, described_bytes, require_width


def _columns(number, letters, kind):
    return np.dtype([(f"v{index:0{letters - 1}d}", kind) for index in range(number)])


@pytest.mark.parametrize(("letters", "kind"), [(8, "f4"), (8, "u8"), (9, "?"), (47, "f8"), (100, "i4"), (250, "f4")])
def test_the_widest_table_can_be_written_and_one_column_more_is_refused(tmp_path, letters, kind):
    path = tmp_path / "x.h5"
    each = described_bytes(_columns(301, letters, kind)) - described_bytes(_columns(300, letters, kind))
    number = (LARGEST - 8) // each
    with TableWriter(path, {"jets": (_columns(number, letters, kind), None)}) as writer:
        writer.append(jets=np.zeros(3, _columns(number, letters, kind)))
    with TableReader(path) as reader:
        assert len(reader.read("jets").dtype.names) == number
    with pytest.raises(ConfigurationError, match=f"table 'jets': {number + 1} columns"):
        TableWriter(path, {"jets": (_columns(number + 1, letters, kind), None)})


def test_hdf5_itself_has_this_limit(tmp_path):
    import h5py

    dtype = _columns(2000, 47, "f4")
    assert described_bytes(dtype) > LARGEST
    with h5py.File(tmp_path / "x.h5", "w", libver="latest") as file, pytest.raises(ValueError, match="too large"):
        file.create_dataset("jets", (0,), dtype, maxshape=(None,))


@pytest.mark.parametrize("write", [to_ntuple, to_hdf5])
def test_a_conversion_says_so_before_it_reads(tmp_path, write):
    wide = {f"AntiKt4EMPFlow_calibrated_input_variable_{index:04d}": {"branch": "jet_m"} for index in range(1500)}
    task = Task(write_flat(tmp_path / "a.root"), flat_schema(**wide), Conversion())
    with pytest.raises(ConfigurationError, match=r"1511 columns with names of 45 letters.*conversion\.variables"):
        write(task, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.root"]
    few = Conversion(variables={"jets": [*list(wide)[:800], "pt"]})
    write(Task(task.path, task.schema, few), tmp_path / "out")


def test_tables_of_usual_width_pass():
    require_width({"jets": _columns(900, 40, "f4")})
