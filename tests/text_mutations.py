"""Seeded damage: of values as people and programs get them wrong, and of text as disks and editors do."""

import copy
import datetime as dt
import math

from mutations import TIMES

SEEDS = 150 * TIMES
"""How many mutations of each kind."""

WORDS = [b"\0", b"\t", b"\xff", b'"', b"'", b"{", b"]", b"&a ", b"*a", b"\xed\xa0\x80"]
"""What slips into a text."""
BOMB = "b0: &b0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"b{k}: &b{k} [{', '.join([f'*b{k - 1}'] * 9)}]\n" for k in range(1, 10)
)


def _deep(depth):
    value = "x"
    for _ in range(depth):
        value = [value]
    return value


ODD = [
    None, True, False, 0, -1, 1, 3, 10**10, 10**30, -(10**400), 0.5, -0.0, 1e308, math.nan, math.inf, -math.inf,
    "", " ", "x", "x" * 20_000, "{x}", "$$", "../..", "/", "*", "**x", "~", "pt >", "pt > 20", "1e-3", "yes", "null",
    "é胶🎉", "a\nb", "p000000000000", "r0", "[]", [], {}, [None], [[]], ["", ""], {"": ""}, {"x": None},
    {"x": {"x": {}}},
    [1, "a", None], [0.1] * 2000, {f"k{k}": k for k in range(2000)}, _deep(40), _deep(80), dt.date(2024, 1, 1),
]  # fmt: skip
"""What may stand where something else should."""


def mutate(content, rng):
    """Return a copy of JSON-like content with one to three values deleted, replaced, moved or renamed."""
    content = copy.deepcopy(content)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        places = [(parent, key) for parent, key in _places(content)]
        if not places:
            break
        parent, key = rng.choice(places)
        kind = rng.choice(["replace", "replace", "replace", "delete", "swap", "rename", "wrap"])
        if kind == "replace":
            parent[key] = copy.deepcopy(rng.choice(ODD))
        elif kind == "delete":
            del parent[key]
        elif kind == "swap":
            other, place = rng.choice(places)
            parent[key] = copy.deepcopy(other[place])
        elif kind == "rename" and isinstance(parent, dict):
            parent[rng.choice(["", "x", f"{key}s", str(key)[:-1], "x" * 300, "model", "0"])] = parent.pop(key)
        else:
            parent[key] = rng.choice([lambda value: [value], lambda value: {"x": value}, str])(parent[key])
    return content


def _places(value):
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(entries):
        yield value, key
        yield from _places(inner)


def damage(text, rng):
    """Return bytes of a text that was cut, edited or damaged."""
    data, lines = text.encode(), text.splitlines(keepends=True)
    place, line = rng.randrange(len(data)), rng.randrange(len(lines))
    match rng.randrange(10):
        case 0:
            return data[:place]
        case 1:
            return data[:place] + bytes([rng.randrange(256)]) + data[place + 1 :]
        case 2:
            return data[:place] + rng.choice(WORDS) + data[place:]
        case 3:
            return "".join([*lines[:line], lines[line], *lines[line:]]).encode()
        case 4:
            return "".join(lines[:line] + lines[line + 1 :]).encode()
        case 5:
            return (text + BOMB).encode()
        case 6:
            return rng.choice([b"", b"null\n", b"{}\n", b"[]\n", b"0\n", b"\xff\xfe", b"\0" * 100, b"[" * 5000])
        case 7:
            return text.encode(rng.choice(["utf-16", "utf-32", "utf-8-sig"]))
        case 8:
            return data[: place // 2] + data[place:]
        case _:
            return text.replace("\n", rng.choice(["\r\n", "\r", "\n\n", "\n\t", "\n "]), rng.randrange(1, 5)).encode()
