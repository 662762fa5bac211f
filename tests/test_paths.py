from pathlib import Path

import pytest
import yaml

from jetloom import paths
from jetloom.cli.main import main
from jetloom.config.load import load_merged
from jetloom.errors import ConfigurationError, CorruptFileError, MissingFileError
from jetloom.locations import Remote, checked_remote
from tiny_analysis import CONFIG, analysis, merged


def _with_files(directory, names, patterns):
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).touch()
    samples = {"dijet": {"files": patterns}, "ttbar": {"files": [str(directory / names[0])]}}
    return load_merged(merged(CONFIG, {"data": str(directory), "samples": samples}))


def test_patterns_start_from_the_data_and_each_file_is_there_once(tmp_path):
    found = _with_files(tmp_path, ["a/x.root", "a/y.root"], ["a/*.root", "a/x.root", str(tmp_path / "a" / "y.root")])
    assert list(paths.source_files(found, "dijet")) == ["x", "y"]


def test_files_of_one_name_keep_apart(tmp_path):
    found = paths.source_files(
        _with_files(tmp_path, ["a/x.root", "b/x.root", "b/x.pool", "b/y.root"], ["*/*"]), "dijet"
    )
    assert len(found) == len(set(found.values())) == 4
    assert "y" in found
    assert "x" not in found


def test_one_file_is_one_file_by_whatever_path(tmp_path):
    (tmp_path / "b").mkdir(parents=True)
    (tmp_path / "links").symlink_to("a")
    analysis = _with_files(tmp_path, ["a/x.root", "a/y.root"], ["b/*", "a/../a/x.root", "*/*.root", "a/y.root"])
    (tmp_path / "b" / "symbolic.root").symlink_to("../a/x.root")
    (tmp_path / "b" / "hard.root").hardlink_to(tmp_path / "a" / "y.root")
    # The first path of each counts, in the order of the patterns.
    found = paths.source_files(analysis, "dijet")
    assert found == {name: tmp_path / "b" / f"{name}.root" for name in ("hard", "symbolic")}
    copy = tmp_path / "b" / "copy.root"
    copy.write_bytes((tmp_path / "a" / "x.root").read_bytes())
    assert set(paths.source_files(analysis, "dijet")) == {"copy", "hard", "symbolic"}


def test_a_file_of_two_samples_is_told(tmp_path, capsys):
    analysis = _with_files(tmp_path, ["a/x.root", "a/y.root"], ["a/*.root"])
    sources = {name: paths.source_files(analysis, name).values() for name in analysis.samples}
    assert paths.shared_files(sources) == {tmp_path / "a" / "x.root": ["dijet", "ttbar"]}
    config = tmp_path / "my.yaml"
    config.write_text(yaml.safe_dump(analysis.model_dump(mode="json", by_alias=True, exclude={"tasks"})))
    assert main(["check", str(config)]) == 0
    assert "a/x.root is a file of several samples: dijet, ttbar" in capsys.readouterr().out


def test_a_pattern_that_matches_nothing_is_named(tmp_path):
    with pytest.raises(MissingFileError, match=r"samples.dijet.files: the pattern 'b/\*' matches nothing"):
        paths.source_files(_with_files(tmp_path, ["a/x.root"], ["b/*"]), "dijet")


def test_results_lie_under_the_name_of_the_analysis():
    task = analysis()
    assert paths.dataset(task, "flavour") == Path("results/tiny/datasets/flavour")
    assert paths.scan(task, "flavour") == Path("results/tiny/scans/flavour")
    assert paths.best(task, "flavour") == Path("results/tiny/best/flavour")


@pytest.mark.parametrize("pattern", ["", ".", "/", "**x", "x" * 5000, "a/" * 5000])
def test_what_is_no_pattern_of_files_is_refused_with_its_key(tmp_path, pattern):
    with pytest.raises(ConfigurationError, match=r"^samples.dijet.files: .* (names no file|cannot be looked for)"):
        paths.source_files(_with_files(tmp_path, ["b"], [pattern]), "dijet")


@pytest.mark.parametrize("name", ["s_{v2}.root", "a{b/x.root", "x}.root"])
def test_a_brace_in_a_path_is_refused_before_snakemake_takes_it_for_a_wildcard(tmp_path, name):
    with pytest.raises(ConfigurationError, match=r"^samples.dijet.files: the file .* has a brace in its path"):
        paths.source_files(_with_files(tmp_path, [name], ["**/*.root"]), "dijet")


URLS = ["root://a.b//eos/d/x.root", "https://a.b/d/x.root?authz=SECRET", "root://a.b//eos/d/DAOD.1.pool.root.1"]


def test_remote_files_are_named_by_their_own_names_and_nobody_asks_their_servers(tmp_path):
    found = paths.source_files(_with_files(tmp_path, ["a/y.root"], [*URLS, URLS[0], "a/*"]), "dijet")
    assert [name.split("-")[0] for name in found] == ["x", "x", "DAOD.1.pool.root", "y"]
    assert [str(path) for path in found.values()][:2] == [URLS[0], "https://a.b/d/x.root"]
    assert isinstance(found["y"], Path)
    assert paths.state(found["DAOD.1.pool.root"]) == URLS[2]


def test_a_list_names_one_file_a_line(tmp_path):
    analysis = _with_files(tmp_path, ["a/y.root", "a/z.root"], ["files.txt", "a/z.root"])
    (tmp_path / "files.txt").write_text(f"# made by xrdfs\n{URLS[0]}\n\n a/*.root \n")
    assert list(paths.source_files(analysis, "dijet")) == ["x", "y", "z"]
    (tmp_path / "files.txt").write_text("a/none*.root\n")
    with pytest.raises(
        MissingFileError, match=r"samples.dijet.files: .*files.txt: the pattern 'a/none\*.root' matches"
    ):
        paths.source_files(analysis, "dijet")
    for content in (b"", b"\n# nothing\n", b"\xff\xfe"):
        (tmp_path / "files.txt").write_bytes(content)
        with pytest.raises(CorruptFileError, match=r"files.txt"):
            paths.source_files(analysis, "dijet")


def test_data_may_be_a_remote_directory():
    content = {"data": "root://a.b//eos/d/", "samples": {"dijet": {"files": ["m/x.root", "https://c.d/y.root"]}}}
    found = paths.source_files(load_merged(merged(CONFIG, content)), "dijet")
    assert [str(path) for path in found.values()] == ["root://a.b//eos/d/m/x.root", "https://c.d/y.root"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            "root://a.b//eos/*.root",
            "is a pattern, and files of another machine are named one by one; .*list.txt.*xrdfs",
        ),
        ("https://a.b/[xy].root", "is a pattern"),
        ("dcap://a.b/x.root", "cannot be read by the protocol of 'dcap://a.b/x.root'"),
        ("roots://a.b//x.root", "did you mean 'root'"),
        ("root://a.b", "names no file"),
        ("http:///x.root", "is no URL \\(it names no machine\\)"),
        ("https://a.b:99999/x.root", "is no URL \\(Port out of range"),
        ("http://a.b:abc/x.root", "is no URL \\(Port could not be cast"),
        ("http://[::1/x.root", "is no URL \\(Invalid IPv6"),
        ("https://a.b/d/", "names no file"),
    ],
)
def test_what_is_no_remote_file_is_refused_with_the_way_out(tmp_path, url, words):
    with pytest.raises(ConfigurationError, match=f"samples.dijet.files: .*{words}"):
        paths.source_files(_with_files(tmp_path, ["a/y.root"], [url]), "dijet")


def test_a_password_or_token_stands_in_no_message():
    remote = Remote("https://me:secret@a.b:99999/x.root?token=secret")
    with pytest.raises(ConfigurationError) as caught:
        checked_remote(remote.url, "samples.a.files")
    assert "secret" not in caught.value.line() + str(remote)
    assert str(Remote("root://me@a.b//eos/x:y@z.root")) == "root://me@a.b//eos/x:y@z.root"
