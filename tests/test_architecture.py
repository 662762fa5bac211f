"""The house: a room imports from itself and from floors below it only."""

import ast
from pathlib import Path

import jetloom

PACKAGE = Path(jetloom.__file__).parent
FLOORS = [
    {"__init__"},
    {"errors", "expressions", "provenance", "code_digests", "cutflow", "locations"},
    {"config"},
    {"paths", "io", "physics"},
    {"samples"},
    {"conversion", "data", "simulation", "trees"},
    {"models"},
    {"evaluation", "stages"},
    {"training", "scan", "plots", "export"},
    {"planning"},
    {"cluster"},
    {"cli"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported(path: Path) -> set[str]:
    """Rooms that a file imports, anywhere in it; "__init__" for jetloom itself."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            inner = [alias.name for alias in node.names] if node.module == "jetloom" else [""]
            names = [f"{node.module}.{name}".rstrip(".") for name in inner]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "jetloom":
                room = rest.split(".")[0]
                rooms.add(room if room in FLOOR else "__init__")
    return rooms


def test_every_room_has_a_floor():
    assert {_room(path) for path in PACKAGE.rglob("*.py")} <= set(FLOOR)


def test_imports_go_downward_only():
    upward = [
        f"{path.relative_to(PACKAGE)} ({_room(path)}) imports {room}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for room in sorted(_imported(path))
        if room != _room(path) and FLOOR[room] >= FLOOR[_room(path)] and not _neighbours(_room(path), room)
    ]
    assert upward == []


def _neighbours(one: str, other: str) -> bool:
    """The files of the ground floor are a room together."""
    return {one, other} <= FLOORS[1]


def test_no_room_imports_the_workflow_system():
    for path in PACKAGE.rglob("*.py"):
        if _room(path) != "cluster":
            tree = ast.parse(path.read_bytes())
            names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
            names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            assert not any(name.split(".")[0] == "snakemake" for name in names), path
