"""Results that cannot be written where they shall lie: exit code 4 with the path, before the work is done."""

import os
import socket
import stat
from pathlib import Path

import pytest

import dxaod_files
from jetloom.config.conversion import Conversion
from jetloom.config.schema import find_schema
from jetloom.conversion.convert import to_hdf5, to_ntuple
from jetloom.conversion.streams import Task
from jetloom.errors import ConfigurationError, DiskFullError
from jetloom.io.atomic import make_directory, write_text
from jetloom.scan.preflight import check_analysis
from jetloom.simulation.dxaod import Writer
from tiny_analysis import analysis


def _in_the_way(directory, kind):
    """A path of a result that something is in the way of."""
    (directory / "file").touch()
    (directory / "directory").mkdir()
    (directory / "dangling").symlink_to(directory / "nowhere")
    return (
        directory
        / {
            "a directory": "directory",
            "below a file": "file/out.txt",
            "below a dangling link": "dangling/out.txt",
            "a name too long": "x" * 300,
            "a directory's name too long": "y" * 300 + "/out.txt",
        }[kind]
    )


@pytest.mark.parametrize(
    "kind", ["a directory", "below a file", "below a dangling link", "a name too long", "a directory's name too long"]
)
def test_a_path_that_cannot_be_written_is_told_with_its_cause(tmp_path, kind):
    path = _in_the_way(tmp_path, kind)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DiskFullError, match=r"cannot be (made|written) \(") as caught:
        write_text(path, "text")
    assert caught.value.exit_code == 4
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "link to a device"])
def test_nothing_but_a_file_is_replaced(tmp_path, kind):
    path = tmp_path / "out"
    listener = socket.socket(socket.AF_UNIX)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        listener.bind(str(path))
    else:
        path = _device(path, kind)
    before, others = path.lstat(), sorted(tmp_path.rglob("*"))
    with listener, pytest.raises(DiskFullError, match=f"^{path}: is no file but a device, a pipe or a socket"):
        write_text(path, "text")
    assert (path.lstat().st_ino, sorted(tmp_path.rglob("*"))) == (before.st_ino, others)


def _device(path, kind):
    """A device of the test's own, never one of the machine; a link harms no device, whoever replaces it."""
    if kind == "link to a device":
        path.symlink_to("/dev/null")
        return path
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")
    return path


@pytest.mark.parametrize("name", ["/", "", "."])
def test_a_path_without_a_name_is_told(name):
    with pytest.raises(ConfigurationError, match="names no file"):
        write_text(name, "text")


@pytest.mark.parametrize(
    "name", ["~/x", "http:/host/x", "root:/host//x", "a:b", "a b%20{c}[d]*", "x\udcff", "é\n'\"", "-x"]
)
def test_a_name_is_a_name_whatever_libraries_read_into_it(tmp_path, monkeypatch, name):
    source = tmp_path / "in.root"
    dxaod_files.write(source, dxaod_files.content(20), 1)
    conversion = Conversion(select={"jets": []}, slots={"constituents": 3})
    task = Task(source, find_schema("simulated"), conversion)
    monkeypatch.chdir(tmp_path)
    ntuple, table = Path(f"{name}.root"), Path(f"{name}.h5")
    to_ntuple(task, ntuple)
    to_hdf5(Task(ntuple, find_schema("simulated"), conversion), table)
    with Writer(Path(f"{name}.dxaod"), "ttree", {}):
        pass
    written = (path for path in ntuple.parent.iterdir() if path.name != "in.root")
    assert sorted(path.suffix for path in written) == [
        ".dxaod",
        ".h5",
        ".root",
    ]


def test_a_long_name_that_the_disk_takes_is_written(tmp_path):
    write_text(tmp_path / ("x" * 250 + ".h5"), "text")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    write_text(tmp_path / "link", "text")
    assert (tmp_path / "link").read_text() == "text"


def test_a_directory_is_made_or_told(tmp_path):
    assert make_directory(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(DiskFullError, match=r"file/a: cannot be made \(Not a directory\)"):
        make_directory(tmp_path / "file" / "a")


@pytest.mark.parametrize("place", ["results", "results/tiny"])
@pytest.mark.parametrize("kind", ["file", "link"])
def test_check_sees_what_is_in_the_way_of_the_results(tmp_path, monkeypatch, place, kind):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.touch() if kind == "file" else path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(DiskFullError, match=f"^{place}: is no directory, and results shall lie there"):
        check_analysis(analysis())


def test_check_sees_a_directory_that_cannot_be_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(DiskFullError, match="cannot be written; snakemake --directory names another place"):
        check_analysis(analysis())
