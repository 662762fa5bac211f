"""What makes a result stale of the code: all that decides it, and nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from jetloom import code_digests, provenance
from jetloom.code_digests import CONVERSION, figure_code, modules_of, own_imports, source, training_code
from jetloom.models.registry import MODELS, find_model

RULES = provenance.PACKAGE.parents[1] / "rules"
CODE = b'''"""A module."""
from jetloom.data.block import Jets, JetView as View
# a comment
def double(x):
    """Return twice x."""
    from jetloom.physics.scaling import Scaling

    return 2 * x  # twice


class Jet:
    """A jet."""
'''


def _trainings() -> dict[str, str]:
    """The code of the training of each model."""
    return {
        name: training_code(find_model(name).trainer, place.partition(":")[0].removeprefix("jetloom."))
        for name, place in MODELS.items()
    }


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package whose code can be changed; ``forget`` what is known of it afterwards."""
    copy = tmp_path / "jetloom"
    shutil.copytree(provenance.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code_digests, "PACKAGE", copy)
    _forget()
    yield copy
    _forget()


def _forget() -> None:
    for cached in (code_digests._source, code_digests.code_digest):
        cached.cache_clear()


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    _forget()


def test_a_digest_is_blind_to_comments_docstrings_layout_and_paths():
    before = source(CODE).sum
    for old, new in (
        (b"# a comment", b"# another"),
        (b'"""A module."""', b""),
        (b"Return twice x.", b"Double it."),
        (b'    """Return twice x."""\n', b""),
        (b"2 * x", b"(2   *  x)"),
        (b"jetloom.data.block", b"jetloom.data.streams.jets"),
        (
            b"from jetloom.data.block import Jets, JetView as View",
            b"from jetloom.data.block import JetView as View, Jets",
        ),
    ):
        assert source(CODE.replace(old, new)).sum == before, old
    for old, new in (
        (b"2 * x", b"3 * x"),
        (b"import Jets,", b"import Rows as Jets,"),
        (b"import Scaling", b"import Bins"),
    ):
        assert source(CODE.replace(old, new)).sum != before, old


def test_imports_are_seen_wherever_they_stand():
    assert {"data.block", "physics.scaling"} <= source(CODE).imports
    assert source(b"import jetloom.models.layers\nimport numpy").imports == {"models.layers"}
    assert source(b"from jetloom import provenance").imports >= {"provenance"}
    assert own_imports(CODE) == ["data.block", "physics.scaling"]


def test_a_module_that_is_not_there_is_refused():
    with pytest.raises(FileNotFoundError, match=r"no module jetloom\.training\.pont"):
        modules_of(["training.pont"])


def test_trainings_go_by_what_decides_their_numbers():
    dense = modules_of([code_digests.TRAINERS["network"], "models.dense"])
    assert {"training.loop", "training.checkpoint", "data.streams.batches", "models.missing"} <= dense
    assert "evaluation.classification.metrics" in dense
    assert not {name for name in dense if name.startswith(("models.junipr", "plots", "cluster", "cli"))}
    junipr = modules_of([code_digests.TRAINERS["network"], "models.junipr.model"])
    assert {"models.junipr.network", "models.junipr.branchings", "physics.scaling", "data.streams.buckets"} <= junipr


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("training/loop.py", {"dense", "junipr", "junipr_binary", "junipr_conditional"}),
        ("training/scores.py", {"dense", "junipr", "junipr_binary", "junipr_conditional", "bdt"}),
        ("training/boosted.py", {"bdt"}),
        ("models/dense.py", {"dense"}),
        ("models/junipr/ratio.py", {"junipr_binary"}),
        ("models/junipr/network.py", {"junipr", "junipr_binary", "junipr_conditional"}),
        ("data/streams/buckets.py", {"dense", "junipr", "junipr_binary", "junipr_conditional"}),
        ("plots/scan/points.py", set()),
        ("io/atomic.py", set()),
        ("models/stored_network.py", set()),
        ("training/backends/devices.py", set()),
        ("models/registry.py", set()),
    ],
)
def test_an_edit_retrains_those_whose_numbers_it_may_change(package, file, changed):
    before = _trainings()
    with (package / file).open("r+") as code:
        code.seek(0, 2)
        code.write("\nANOTHER = 1\n")
    _forget()
    after = _trainings()
    assert {name for name in before if before[name] != after[name]} == changed


def test_a_model_that_is_added_a_file_that_is_moved_and_a_figure_that_is_edited_retrain_nothing(package):
    before, conversion = _trainings(), code_digests.code_digest(*CONVERSION)
    shutil.copy(package / "models" / "dense.py", package / "models" / "wide.py")
    _edit(package / "models" / "registry.py", "MODELS = {", 'MODELS = {\n    "wide": "jetloom.models.wide:Dense",')
    _edit(package / "plots" / "scan" / "points.py", "import numpy", "import math\nimport numpy")
    (package / "data" / "reading").mkdir()
    (package / "data" / "streams" / "buffers.py").rename(package / "data" / "reading" / "buffers.py")
    for path in package.rglob("*.py"):
        path.write_text(path.read_text().replace("jetloom.data.streams.buffers", "jetloom.data.reading.buffers"))
    _forget()
    assert "data.reading.buffers" in modules_of([code_digests.TRAINERS["network"], "models.dense"])
    assert _trainings() == before
    assert code_digests.code_digest(*CONVERSION) == conversion


def test_figures_go_by_their_verb_and_what_it_draws_with(package):
    before = {verb: figure_code(verb) for verb in ("plot_scan", "evaluate", "compare")}
    for file, changed in (
        ("cli/report/plot_scan.py", {"plot_scan"}),
        ("plots/style.py", {"plot_scan", "evaluate", "compare"}),
        ("evaluation/classification/roc.py", {"evaluate", "compare"}),
        ("training/loop.py", set()),
    ):
        with (package / file).open("r+") as code:
            code.seek(0, 2)
            code.write("\nANOTHER = 1\n")
        _forget()
        after = {verb: figure_code(verb) for verb in before}
        assert {verb for verb in before if before[verb] != after[verb]} == changed, file
        before = after


def test_the_rules_of_figures_go_by_their_verb():
    rules = "\n".join(path.read_text() for path in RULES.glob("*.smk"))
    found = {}
    for rule in re.split(r"^rule ", rules, flags=re.MULTILINE)[1:]:
        if "figure_code(" in rule:
            found[rule.split(":")[0]] = re.findall(r'figure_code\("(\w+)"\)|"jetloom (\w+)', rule)
    assert len(found) >= 9
    for rule, (by, called) in found.items():
        assert by[0] == called[1], rule


def test_each_rule_that_makes_something_goes_by_its_settings_or_its_code():
    rules = "\n".join(path.read_text() for path in RULES.glob("*.smk"))
    for rule in re.split(r"^rule ", rules, flags=re.MULTILINE)[1:]:
        if not rule.startswith("prepare:"):  # the sample's own command is its parameter
            assert re.search(r"^        (settings|code)=", rule, flags=re.MULTILINE), rule[:40]
