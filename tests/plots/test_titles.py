"""Texts that fail only when they are drawn are told by check, with the key."""

import json
import subprocess
import sys

import pytest
import yaml

from jetloom.cli.main import main
from jetloom.config.load import load_merged
from jetloom.config.schema import SHIPPED, shipped_schemas
from jetloom.errors import ConfigurationError
from jetloom.plots.titles import check_texts
from tiny_analysis import CONFIG, config, merged

BAD = [r"$\floor{p_T}$", "Gluons $p_T > 20$ and $$", "costs 5$", "$x^$", "${$", "$x_1_2$", r"$\sqrt$", "$"]
GOOD = [r"$t\bar{t}$", r"5\$", "Jet $p_T$ [GeV]", "<b>x</b> 100% _a_ & {x}", "", "Glüonen", r"$\frac{1}{2}$ and $x$"]


def _with(text, key):
    changes = {
        "label": {"label": text},
        "samples.dijet.title": {"samples": {"dijet": {"title": text}}},
        "tasks.flavour.title": {"tasks": {"flavour": {"title": text}}},
        "tasks.flavour.labels.quark.title": {"tasks": {"flavour": {"labels": {"quark": {"title": text}}}}},
        "comparisons.all.title": {"comparisons": {"all": {"tasks": ["flavour"], "title": text}}},
    }
    return load_merged(merged(CONFIG, changes[key]))


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_mathtext_is_refused_with_its_key(text):
    with pytest.raises(ConfigurationError) as caught:
        check_texts(_with(text, "tasks.flavour.labels.quark.title"))
    line = caught.value.line()
    assert line.startswith(f"tasks.flavour.labels.quark.title: '{text}' cannot be drawn (")
    assert len(line) < 300


@pytest.mark.parametrize("key", ["label", "samples.dijet.title", "tasks.flavour.title", "comparisons.all.title"])
def test_every_text_is_looked_at(key):
    with pytest.raises(ConfigurationError, match=rf"^{key}: "):
        check_texts(_with("$$", key))
    for text in GOOD:
        assert check_texts(_with(text, key)) == []


def test_titles_of_an_own_schema_are_looked_at_and_those_that_come_with_jetloom_are_right(tmp_path):
    content = yaml.safe_load((SHIPPED / "simulated.yaml").read_text())
    content["jets"]["fields"]["pt"]["title"] = r"$\pt$"
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigurationError, match=r"own.yaml: jets.pt.title: '\$\\pt\$' cannot be drawn"):
        check_texts(load_merged(merged(CONFIG, {"samples": {"dijet": {"schema": str(tmp_path / "own.yaml")}}})))
    for path in shipped_schemas():
        copy = tmp_path / path.name
        copy.write_bytes(path.read_bytes())
        check_texts(load_merged(merged(CONFIG, {"samples": {"dijet": {"schema": str(copy)}}})))


def test_letters_without_a_glyph_are_told():
    assert check_texts(_with("胶子", "label")) == ["label: the fonts have no glyph for 子 胶: a box is drawn"]


def test_a_colour_that_is_none_is_refused():
    with pytest.raises(ConfigurationError, match=r"^tasks.flavour.labels.quark.color: '#zz' is no colour"):
        check_texts(load_merged(config(labels={"quark": {"color": "#zz"}})))


def test_plain_texts_import_no_matplotlib():
    code = (
        "import json, sys; from jetloom.config.load import load_merged; from jetloom.plots.titles import check_texts;"
        "check_texts(load_merged(json.loads(sys.argv[1]))); assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, json.dumps(CONFIG)], check=True)


def test_check_warns_of_a_ranking_on_the_test_part(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("dijet.root", "ttbar.root"):
        (tmp_path / name).touch()
    for sample, file in (("dijet", b"a"), ("ttbar", b"b")):
        (tmp_path / f"{sample}.root").write_bytes(file)
    content = config(search={"rank_by": "eval_auc"}, labels={"quark": {"title": "胶"}}, inputs=["pt"])
    content["tasks"]["flavour"]["labels"] = {
        "gluon": {"when": "PartonTruthLabelID == 21"}, "quark": {"when": "PartonTruthLabelID == 1", "title": "胶"}
    }  # fmt: skip
    (tmp_path / "my.json").write_text(json.dumps(content))
    assert main(["check", "my.json"]) == 0
    out = capsys.readouterr().out
    assert "warning: tasks.flavour.search.rank_by: eval_auc: the test part chooses the best point" in out
    assert "warning: tasks.flavour.labels.quark.title: the fonts have no glyph for 胶" in out
