"""Text that cannot be meant is refused in one line with its place, at once and within little memory."""

import json
import resource

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from jetloom.config.load import load_analysis
from jetloom.config.schema import SHIPPED, find_schema
from jetloom.config.yaml_text import LARGEST, MOST, read_yaml
from jetloom.errors import ConfigurationError, CorruptFileError
from jetloom.provenance import stored_name

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 10)
)
REFUSED = {
    "a date": ("label: 2024-01-01\n", "line 1: a date is no value here; put it in quotes"),
    "a date as a key": ("2024-01-01: x\n", "line 1: a date is no value here"),
    "a tag that does not fit": ("seed: !!int abc\n", "line 1: 'abc' is no int"),
    "a bool that is none": ("a: 1\nseed: !!bool 3\n", "line 2: '3' is no bool"),
    "an integer without digits": ("seed: 0b_\n", "line 1: '0b_' is no int"),
    "an integer of 5,000 digits": (f"seed: {'9' * 5000}\n", "line 1: '999.*' is no int"),
    "5,000 lists": (f"a: {'[' * 5000}{']' * 5000}\n", "line 1: more than 50 mappings or lists inside of each other"),
    "2,000 mappings": ("".join(" " * k + "a:\n" for k in range(2000)), "line 5.: more than 50 mappings"),
    "aliases of aliases": (BOMB, f"line [0-9]+: more than {MOST} values, those of aliases counted each time"),
    "an alias inside of itself": ("a: &x [*x]\n", r"line 1: '\*x' stands inside of itself"),
    "too many values": ("a: [" + "x," * MOST + "]\n", f"line 1: more than {MOST} values"),
    "too much text": (f"a: {'x' * LARGEST}\n", "is larger than 4 MB"),
    "a list as a key": ("? [a]\n: 1\n", "line 1: a key must be a word"),
    "NUL": ('label: "a\\0b"\n', "line 1: .* holds a control character"),
    "bytes": ("a: !!binary aGk=\n", "line 1: binary is no value here; take the tag out"),
    "a set": ("a: !!set {b, c}\n", "line 1: set is no value here"),
    "an object": ("a: !!python/object/apply:os.system [ls]\n", "line 1: python/.* is no value here"),
    "a merge of a number": ("a: {<<: 3}\n", "line 1: is not YAML"),
    "two documents": ("a: 1\n---\na: 2\n", "line 2: is not YAML"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path, case):
    text, message = REFUSED[case]
    path = tmp_path / "my.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_analysis(path)
    assert caught.value.path == str(path)
    assert caught.value.exit_code == 2
    assert len(caught.value.line()) < 300


@pytest.mark.parametrize("content", [b"label: a\0b\n", "seed: 1\n".encode("utf-16"), b"label: \xe9\n"])
def test_what_is_no_text_is_named(tmp_path, content):
    path = tmp_path / "my.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"cannot be read as text|is not YAML"):
        load_analysis(path)


TWICE = {
    "at the top": ("seed: 1\nlabel: x\nseed: 2\n", "lines 1 and 3: the key 'seed' stands twice"),
    "two samples": ("samples:\n  s: {}\n  t: {}\n  s: {}\n", "lines 2 and 4: the key 's' stands twice"),
    "in a list": ("a:\n  - b: {c: 1,\n        c: 2}\n", "lines 2 and 3: the key 'c'"),
    "written differently": ("a: {1: x,\n 0x1: y}\n", "lines 1 and 2: the key 1 "),
    "JSON": ('{"seed": 1,\n "samples": {"s": 1},\n "seed": 2}', "lines 1 and 3: the key 'seed'"),
    "by an alias": ("a: &x {b: 1, b: 2}\nc: *x\n", "lines 1 and 1: the key 'b'"),
}


@pytest.mark.parametrize("case", TWICE)
def test_of_two_equal_keys_neither_is_lost(tmp_path, case):
    text, message = TWICE[case]
    (tmp_path / "my.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        read_yaml(tmp_path / "my.yaml")


def test_a_schema_with_a_key_twice_is_refused(tmp_path):
    text = (SHIPPED / "simulated.yaml").read_text()
    (tmp_path / "my.yaml").write_text(text + "\ntrees: [other]\n")
    with pytest.raises(ConfigurationError, match=r"my.yaml: lines [0-9]+ and [0-9]+: the key 'trees' stands twice"):
        find_schema(tmp_path / "my.yaml")


def test_merge_keys_and_a_byte_order_mark_are_read(tmp_path):
    text = "base: &base {a: 1, b: 2}\none: {<<: *base, b: 3}\ntwo: {<<: [*base, {c: 4}], <<: {d: 5}}\n"
    (tmp_path / "my.yaml").write_text("\ufeff" + text)
    found = read_yaml(tmp_path / "my.yaml")
    assert found["one"] == {"a": 1, "b": 3}
    assert found["two"] == {"a": 1, "b": 2, "c": 4, "d": 5}


TEXT = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufeff\u2028\u2029\x85"), max_size=20
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_written_is_read(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("yaml") / "my.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    assert read_yaml(path) == content


def test_refusing_takes_no_memory(tmp_path):
    (tmp_path / "my.yaml").write_text(BOMB)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ConfigurationError):
        read_yaml(tmp_path / "my.yaml")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_what_is_stored_under_its_digest_is_held_against_it(tmp_path):
    text = json.dumps({"seed": 12})
    path = tmp_path / f"{stored_name(text.encode())}.json"
    path.write_text(text)
    assert read_yaml(path) == {"seed": 12}
    path.write_text(text.replace("12", "13"))
    with pytest.raises(CorruptFileError, match="is not what was stored under this name; remove it"):
        read_yaml(path)
