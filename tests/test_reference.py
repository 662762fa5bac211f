"""The generated reference: what the code says, complete, and true of the configurations that jetloom brings along."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from jetloom.cli.main import main
from jetloom.cli.site.reference import pages
from jetloom.config.analysis import Analysis
from jetloom.config.pages.reference import key_paths
from jetloom.models.registry import MODELS, find_model

CHECKOUT = Path(__file__).parent.parent
PAGES = pages(CHECKOUT / "docs")
CONFIGURATIONS = [CHECKOUT / "config" / "config.yaml", *sorted((CHECKOUT / "config" / "examples").glob("*.yaml"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_page_is_what_the_code_says(path):
    assert path.read_text(encoding="utf-8") == PAGES[path], "run `jetloom reference`"


def test_page_names_every_key_and_every_parameter():
    page = PAGES[CHECKOUT / "docs" / "configuration.md"]
    for path in key_paths(Analysis):
        section, _, key = path.rpartition(".")
        if section.startswith("cluster.stages."):
            section = "cluster.stages.simulate"  # all stages have the keys of one table
        table = page.split(f"### `{section}`\n" if section else "## Analysis\n")[1].split("\n#")[0]
        assert f"| `{key}` |" in table, path
    for name in MODELS:
        for parameter in find_model(name).parameters.model_fields:
            assert f"| `{parameter}` |" in page.split(f"### model `{name}`\n")[1].split("\n#")[0]


def test_links_lead_to_headings():
    page = PAGES[CHECKOUT / "docs" / "configuration.md"]
    slugs = {
        "".join(letter for letter in line.lower() if letter.isalnum() or letter in "_-")
        for line in page.splitlines()
        if line.startswith("#")
    }
    targets = {part.split(")")[0] for part in page.split("](#")[1:]}
    assert targets
    assert targets <= slugs


def test_key_paths_name_nested_keys():
    found = key_paths()
    assert {"analysis", "samples.<name>.schema", "tasks.<name>.labels.<name>.when"} <= found
    assert "samples.<name>.schema_name" not in found


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.name)
def test_configurations_obey_the_schema(path):
    schema = json.loads(PAGES[CHECKOUT / "workflow" / "config.schema.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), schema)


def test_schema_refuses_an_unknown_key():
    schema = json.loads(PAGES[CHECKOUT / "workflow" / "config.schema.json"])
    with pytest.raises(jsonschema.ValidationError, match="cross_sektion"):
        jsonschema.validate({"samples": {"a": {"files": ["*.root"], "cross_sektion": 1.0}}}, schema)


def test_verb_writes_and_checks(tmp_path, capsys):
    docs = tmp_path / "docs"
    assert main(["reference", "--check", "--output", str(docs)]) == 2
    assert main(["reference", "--output", str(docs)]) == 0
    assert main(["reference", "--check", "--output", str(docs)]) == 0
    page = docs / "configuration.md"
    page.write_text(page.read_text(encoding="utf-8") + "drift\n", encoding="utf-8")
    assert main(["reference", "--check", "--output", str(docs)]) == 2
    assert "run jetloom reference" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8").endswith("drift\n")
