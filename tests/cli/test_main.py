import ast
import importlib
import importlib.util
import json
import logging
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jetloom import __version__, errors
from jetloom.cli import main as cli
from jetloom.errors import JetloomError

HEAVY = {
    "tensorflow", "keras", "jax", "numba", "fastjet", "matplotlib", "pandas", "awkward", "uproot", "sklearn", "talos",
}  # fmt: skip
CHECKOUT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def _logging():
    """The verbs set up logging; the tests after them get the old one back."""
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    yield
    root.setLevel(before[0])
    root.handlers[:] = before[1]


@pytest.mark.parametrize("verb", cli.VERBS)
def test_the_help_of_a_verb_is_the_first_line_of_its_module(verb):
    source = importlib.util.find_spec(cli.module_of(verb))
    assert source is not None, "the verb has no module"
    first = ast.get_docstring(ast.parse(Path(source.origin).read_bytes())).splitlines()[0]
    assert cli.VERBS[verb] == first[0].lower() + first[1:].removesuffix(".")


def test_every_module_of_a_verb_is_listed():
    directory = Path(importlib.util.find_spec("jetloom.cli").submodule_search_locations[0])
    modules = {f"jetloom.cli.{path.parent.name}.{path.stem}" for path in directory.glob("*/*.py")}
    verbs = {name for name in modules if hasattr(importlib.import_module(name), "configure")}
    assert verbs == {cli.module_of(verb) for verb in cli.VERBS}


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_explains_itself(verb, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([verb, "--help"])
    assert caught.value.code == 0
    assert f"usage: jetloom {verb}" in capsys.readouterr().out


def test_help_answers_at_once_and_loads_nothing_heavy():
    code = (
        "import sys, json\nfrom jetloom.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    taken = []
    for _ in range(3):
        start = time.monotonic()
        found = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
        taken.append(time.monotonic() - start)
    assert set(json.loads(found.stdout.splitlines()[-1])).isdisjoint(HEAVY)
    assert all(verb in found.stdout for verb in cli.VERBS)
    assert min(taken) < 1.0


@pytest.mark.parametrize("verb", ["check", "dataset", "train", "collect", "status"])
def test_the_help_of_a_verb_loads_nothing_heavy(verb):
    code = (
        "import sys\nfrom jetloom.cli.main import main\n"
        f"try:\n    main([{verb!r}, '--help'])\nexcept SystemExit:\n    pass\n"
        f"print({HEAVY!r} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("example", ["quark_gluon.yaml", "zjet.yaml"])
def test_what_snakemake_reads_for_each_job_loads_nothing_heavy(example):
    code = (
        "import sys\nfrom jetloom.config.load import load_analysis\nfrom jetloom.models.registry import find_model\n"
        "from jetloom.scan import staleness\n"
        "from jetloom.scan.points import space\n"
        f"analysis = load_analysis('config/examples/{example}')\n"
        "for task in analysis.tasks.values():\n    find_model(task.model)\n    space.points(task)\n"
        "staleness.settings_digests(analysis)\n"
        f"print({HEAVY!r} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert found.stdout.splitlines()[-1] == "set()"


def _failing(monkeypatch, error):
    def run(options):
        raise error

    monkeypatch.setattr(importlib.import_module("jetloom.cli.site.check"), "run", run)
    return cli.main(["check", "a.yaml"])


ERRORS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, JetloomError)]


@pytest.mark.parametrize("kind", ERRORS)
def test_a_failure_is_one_line_and_its_exit_code(monkeypatch, capsys, kind):
    assert _failing(monkeypatch, kind("is bad", path="a.yaml", advice="mend it")) == kind.exit_code
    word = "interrupted" if issubclass(kind, errors.CheckpointedError) else "error"
    assert capsys.readouterr().err == f"jetloom check: {word}: a.yaml: is bad; mend it\n"


def test_memory_that_runs_out_has_its_own_exit_code(monkeypatch, capsys):
    assert _failing(monkeypatch, MemoryError()) == 5
    assert capsys.readouterr().err == "jetloom check: error: memory ran out\n"


def test_a_bug_is_not_hidden(monkeypatch):
    with pytest.raises(ZeroDivisionError):
        _failing(monkeypatch, ZeroDivisionError())


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["check"], ["check", "a.yaml", "--nonsense"]])
def test_wrong_arguments_exit_with_the_code_of_a_wrong_configuration(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == errors.ExitCode.CONFIGURATION


def test_the_version(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"jetloom {__version__}\n"


def test_check_says_what_would_be_done(tmp_path, capsys):
    import yaml

    from tiny_analysis import config, merged

    (tmp_path / "dijet0.root").touch()
    (tmp_path / "ttbar.root").touch()
    labels = {"gluon": {"when": "PartonTruthLabelID == 21"}, "quark": {"when": "PartonTruthLabelID < 6"}}
    task = config(labels=labels, inputs=["pt", "Width"], scan={"units": [8, 16]}, search={"repetitions": 3})
    settings = merged(task, {"data": str(tmp_path)})
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(settings))
    assert cli.main(["check", str(tmp_path / "a.yaml"), "--points"]) == 0
    out = capsys.readouterr().out
    assert "sample dijet: 1 files" in out
    assert "task flavour: 2 points, 6 trainings, ranked by val_auc" in out
    assert "units=16" in out
    assert cli.main(["check", str(tmp_path / "a.yaml"), "--print-settings"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["tasks"]["flavour"]["search"]["repetitions"] == 3
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(merged(settings, {"tasks": {"flavour": {"scan": {"unit": [1]}}}})))
    assert cli.main(["check", str(tmp_path / "a.yaml")]) == 2
    assert "scan: the model has no parameter 'unit'; did you mean 'units'" in capsys.readouterr().err
