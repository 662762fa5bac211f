"""A site's own command before the conversion."""

import shutil

import pytest

from dxaod_files import content, write
from jetloom.cli.main import main
from jetloom.config.samples import Sample
from jetloom.config.schema import find_schema
from jetloom.conversion.prepare import command_line, prepare
from jetloom.errors import InputError, JetloomError
from jetloom.locations import Remote

SCHEMA = find_schema("simulated")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "the input.root"
    write(path, content())
    return path


def test_paths_are_quoted(tmp_path):
    line = command_line("dump -i {input} -o {output} {other}", tmp_path / "a b", tmp_path / "c")
    assert line == f"dump -i '{tmp_path}/a b' -o {tmp_path}/c {{other}}"


def test_a_remote_file_is_given_by_its_url(tmp_path):
    remote = Remote("root://a.b//eos/x.root?authz=1&x=2")
    line = command_line("xrdcp {input} {output}", remote, tmp_path / "c")
    assert line == f"xrdcp 'root://a.b//eos/x.root?authz=1&x=2' {tmp_path}/c"


def test_a_command_makes_the_file(source, tmp_path):
    output = tmp_path / "out" / "p.root"
    prepare("true && cp {input} {output}", source, output, SCHEMA)
    assert output.read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    ("command", "kind", "words"),
    [
        ("echo no release >&2; false {input} {output}", JetloomError, "exit code 1: no release"),
        ("echo {input} > {output}", InputError, "p"),
        ("true {input} {output}", InputError, "p"),
    ],
)
def test_a_command_that_fails_leaves_nothing(source, tmp_path, command, kind, words):
    output = tmp_path / "out" / "p.root"
    with pytest.raises(kind, match=words):
        prepare(command, source, output, SCHEMA)
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize("command", ["dump {input}", "dump {output}"])
def test_a_command_must_name_both_files(command):
    with pytest.raises(ValueError, match="the command must name"):
        Sample(files=["a.root"], prepare=command)


def test_the_verb(source, tmp_path, capsys):
    config = tmp_path / "c.yaml"
    config.write_text("samples:\n a: {files: ['*.root'], prepare: 'cp {input} {output}'}\n b: {files: ['*.root']}\n")
    output = tmp_path / "p.root"
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    assert main(["prepare", str(source), "--config", str(config), "--sample", "a", "--output", str(output)]) == 0
    assert output.exists()
    assert main(["prepare", str(source), "--config", str(config), "--sample", "b", "--output", str(output)]) == 2
    assert "samples.b.prepare: has no command" in capsys.readouterr().err
