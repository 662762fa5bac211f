"""What makes a result stale of the code: all that decides it, and nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from jetloom import code_digests, provenance
from jetloom.code_digests import CONVERSION, figure_code, modules_of, numbers_code, own_imports, source, training_code
from jetloom.models.registry import MODELS, find_model

RULES = provenance.PACKAGE.parents[1] / "rules"
CODE = b'''"""A module."""
from jetloom.data.block import Block, JetView as View
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
            b"from jetloom.data.block import Block, JetView as View",
            b"from jetloom.data.block import JetView as View, Block",
        ),
    ):
        assert source(CODE.replace(old, new)).sum == before, old
    for old, new in (
        (b"2 * x", b"3 * x"),
        (b"import Block,", b"import Rows as Block,"),
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
    assert {"training.loop", "training.checkpoint", "data.streams.batches", "models.blocks.missing"} <= dense
    assert {"statistics.classification", "models.objectives.classification"} <= dense
    assert not {name for name in dense if name.startswith(("models.junipr", "plots", "cluster", "cli"))}
    junipr = modules_of([code_digests.TRAINERS["network"], "models.junipr.model"])
    assert {"models.junipr.network", "models.junipr.branchings", "physics.scaling", "data.streams.buckets"} <= junipr


NETWORKS = {name for name in MODELS if find_model(name).trainer == "network"}


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("training/loop.py", NETWORKS),
        ("training/scoring/scores.py", set(MODELS)),
        ("training/boosted.py", {"bdt"}),
        ("models/dense.py", {"dense"}),
        ("models/junipr/ratio.py", {"junipr_binary"}),
        ("models/junipr/network.py", {"junipr", "junipr_binary", "junipr_conditional"}),
        ("data/streams/buckets.py", NETWORKS),
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


def _append(path: Path) -> None:
    with path.open("r+") as code:
        code.seek(0, 2)
        code.write("\nANOTHER = 1\n")
    _forget()


def _reports() -> dict[str, str]:
    """The code of each rule that makes numbers or figures, by its name."""
    return {
        rule: {"figure": figure_code, "numbers": numbers_code}[kind](verb, page)
        for rule, (kind, verb, page, _) in _report_rules().items()
    }


def _report_rules() -> dict[str, tuple[str, str, str, str]]:
    """Each rule that makes numbers or figures: which of both, the verb and page of its code, and the verb it calls."""
    found = {}
    for text in re.split(r"^rule ", "\n".join(path.read_text() for path in RULES.glob("*.smk")), flags=re.MULTILINE)[
        1:
    ]:
        if code := re.search(r'code=(figure|numbers)_code\("(\w+)"(?:, "(\w+)")?\)', text):
            kind, verb, page = code.groups(default="")
            found[text.split(":")[0]] = (kind, verb, page, re.search(r'"jetloom (\w+)', text)[1])
    return found


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("cli/report/plot_scan.py", {"plot_scan"}),
        ("plots/classifier/performance.py", {"plot_best"}),
        ("evaluation/classification/confusion.py", {"evaluate", "plot_best", "compare", "plot_comparison"}),
        ("report/comparison/measure.py", {"compare"}),
        ("plots/comparison/scores.py", {"plot_comparison"}),
        ("report/classifier/measure.py", {"evaluate"}),
        ("report/density/measure.py", {"evaluate_density"}),
        ("plots/density/log_p.py", {"plot_best_density"}),
        ("report/choice.py", {"plot_best", "plot_best_density", "plot_best_regression"}),
        ("report/regression/measure.py", {"evaluate_regression"}),
        ("plots/regression/residuals.py", {"plot_best_regression"}),
        ("training/loop.py", set()),
    ],
)
def test_numbers_and_figures_go_by_what_makes_them(package, file, changed):
    before = _reports()
    _append(package / file)
    after = _reports()
    assert {rule for rule in before if before[rule] != after[rule]} == changed


def test_a_colour_makes_every_figure_stale_and_no_number(package):
    before, rules = _reports(), _report_rules()
    _edit(package / "plots" / "style.py", "#0072B2", "#0072B3")
    after = _reports()
    changed = {rule for rule in before if before[rule] != after[rule]}
    assert changed == {rule for rule, (kind, *_) in rules.items() if kind == "figure"}
    assert {"plot_best", "plot_best_density", "plot_comparison", "plot_scan", "plot_inputs"} <= changed
    assert {"evaluate", "evaluate_density", "compare"} <= set(rules) - changed


def test_rules_go_by_the_verb_that_they_call():
    rules = _report_rules()
    assert len(rules) >= 10
    for rule, (_, verb, _, called) in rules.items():
        assert verb == called, rule


def test_each_rule_that_makes_something_goes_by_its_settings_or_its_code():
    rules = "\n".join(path.read_text() for path in RULES.glob("*.smk"))
    for rule in re.split(r"^rule ", rules, flags=re.MULTILINE)[1:]:
        if not rule.startswith("prepare:"):  # the sample's own command is its parameter
            assert re.search(r"^        (settings|code)=", rule, flags=re.MULTILINE), rule[:40]
