"""The table of features, held to what exists: its tests, its verbs, its keys."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from jetloom.cli.main import VERBS
from jetloom.config.pages.reference import key_paths

CHECKOUT = Path(__file__).parent.parent
ROW = re.compile(r"^\| ([A-Z]\d\d) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
ROWS = ROW.findall((CHECKOUT / "docs" / "features.md").read_text(encoding="utf-8"))


@cache
def functions(path: str) -> set[str]:
    tree = ast.parse((CHECKOUT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_table_is_read():
    identities = [identity for identity, *_ in ROWS]
    assert len(identities) > 20
    assert identities == list(dict.fromkeys(identities)), "an ID stands in two rows"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_tests_of_a_feature_exist(row):
    named = quoted(row[3])
    assert named
    for name in named:
        path, _, function = name.partition("::")
        assert (CHECKOUT / path).is_file(), name
        assert function.startswith("test_"), name
        assert function in functions(path), name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_verbs_and_keys_of_a_feature_exist(row):
    named = quoted(row[2])
    assert named
    keys = key_paths()
    for name in named:
        program, _, rest = name.partition(" ")
        if program == "jetloom":
            assert rest.split()[0] in {*VERBS, "--help"}, name
        elif program != "snakemake":
            assert name in keys, name
