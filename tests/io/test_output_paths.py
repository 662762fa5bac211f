"""Results that cannot be written where they shall lie: exit code 4 with the path, before the work is done."""

import pytest

from jetloom.errors import DiskFullError
from jetloom.io.atomic import make_directory, write_text
from jetloom.scan.preflight import check_analysis
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
