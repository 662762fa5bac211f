"""No verb replaces a file that it was given to read."""

from argparse import Namespace

import pytest
import yaml

import dxaod_files
from jetloom.cli.inputs import given_files
from jetloom.cli.main import main
from jetloom.config.schema import SHIPPED
from jetloom.io.atomic import keeping, write_text
from tiny_analysis import CONFIG, merged, write_samples


def _refused(arguments, capsys, *files):
    """The verb ends with one line and exit code 2, and every file is as it was."""
    before = {path: (path.read_bytes(), path.is_symlink()) for path in files}
    assert main([str(argument) for argument in arguments]) == 2
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert "is read by this command, and would be replaced" in message
    assert {path: (path.read_bytes(), path.is_symlink()) for path in files} == before
    for directory in {path.parent for path in files}:
        assert not list(directory.glob(".*.part*"))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A DxAOD, its links, a schema, and a configuration that names them."""
    monkeypatch.chdir(tmp_path)
    dxaod_files.write(tmp_path / "x.root", dxaod_files.content())
    (tmp_path / "other.root").write_bytes((tmp_path / "x.root").read_bytes())
    (tmp_path / "soft.root").symlink_to("x.root")
    (tmp_path / "hard.root").hardlink_to(tmp_path / "x.root")
    (tmp_path / "mine.yaml").write_bytes((SHIPPED / "simulated.yaml").read_bytes())
    (tmp_path / "good.xml").write_text("<a/>")
    sample = {"files": ["x.root", "oth*.root"], "schema": "mine.yaml"}
    (tmp_path / "c.yaml").write_text(
        yaml.safe_dump({"samples": {"a": sample}, "conversion": {"good_runs": "good.xml"}})
    )
    return tmp_path


@pytest.mark.parametrize("verb", ["hdf5", "ntuple"])
@pytest.mark.parametrize("output", ["x.root", "./d/../x.root", "soft.root", "hard.root", "mine.yaml"])
def test_conversions_with_a_schema(here, capsys, verb, output):
    (here / "d").mkdir()
    files = [here / name for name in ("x.root", "soft.root", "hard.root", "mine.yaml")]
    _refused([verb, "x.root", "--schema", "mine.yaml", "-o", output], capsys, *files)


@pytest.mark.parametrize("output", ["c.yaml", "mine.yaml", "other.root", "good.xml", "hard.root"])
def test_conversions_with_a_configuration(here, capsys, output):
    files = [here / name for name in ("x.root", "mine.yaml", "other.root", "c.yaml", "good.xml")]
    _refused(["hdf5", "x.root", "--config", "c.yaml", "-o", output], capsys, *files)
    assert main(["hdf5", "x.root", "--config", "c.yaml", "-o", "new.h5", "-q"]) == 0
    assert main(["hdf5", "x.root", "--config", "c.yaml", "-o", "new.h5", "-q"]) == 0  # its own result it replaces


def test_files_of_samples_that_are_gone_are_in_nobodys_way(here, capsys):
    content = yaml.safe_load((here / "c.yaml").read_text())
    content["samples"]["a"]["files"] = ["gone*.root", "", "x.root"]
    (here / "c.yaml").write_text(yaml.safe_dump(content))
    arguments = ["hdf5", "x.root", "--config", "c.yaml", "-q", "-o"]
    assert [main([*arguments, "new.h5"]) for _ in range(2)] == [0, 0]
    _refused([*arguments, "hard.root"], capsys, here / "x.root")


def test_a_simulated_file_is_a_result_and_no_input(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"samples": {"a": {"simulate": {"process": "dijet"}}}}))
    made = tmp_path / "results/demo/dxaod/a/chunk0.root"
    made.parent.mkdir(parents=True)
    made.touch()
    with keeping(lambda: given_files(Namespace(config="c.yaml"))):
        write_text(made, "anew")


def test_prepare(here, capsys):
    content = yaml.safe_load((here / "c.yaml").read_text())
    content["samples"]["a"]["prepare"] = "cp {input} {output}"
    (here / "c.yaml").write_text(yaml.safe_dump(content))
    _refused(
        ["prepare", "x.root", "--config", "c.yaml", "--sample", "a", "--output", "soft.root"], capsys, here / "x.root"
    )


def test_trees(tmp_path, capsys):
    source = tmp_path / "jets.dat"
    source.write_text("J 0\nN 2\n1.0 0.0 0.0 1.1\n0.5 0.1 0.0 0.6\n")
    for output in (tmp_path / "link.h5", tmp_path / "link.json"):
        output.symlink_to(source)
        _refused(["trees", source, "-o", output], capsys, source, output)


def test_a_dataset_beside_its_configuration(tmp_path, capsys):
    files = write_samples(tmp_path)
    given = [f"--hdf5={name}={path}" for name, paths in files.items() for path in paths]
    config = tmp_path / "out" / "dataset.json"
    (config.parent / "parts").mkdir(parents=True)
    config.write_text(yaml.safe_dump(merged(CONFIG, {})))
    _refused(["dataset", "--config", config, "--task", "flavour", "--output", config.parent, *given], capsys, config)
    other = tmp_path / "c.yaml"
    config.rename(other)
    (tmp_path / "out" / "parts" / "train.h5").hardlink_to(files["ttbar"][0])
    arguments = ["dataset", "--config", other, "--task", "flavour", "--output", tmp_path / "out", *given]
    _refused(arguments, capsys, files["ttbar"][0], other)


def test_only_what_is_kept_is_refused(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    write_text(one, "1")
    with keeping(lambda: [one, tmp_path / "missing"]):
        write_text(two, "2")
        write_text(two, "3")
    write_text(one, "4")
    assert (one.read_text(), two.read_text()) == ("4", "3")
