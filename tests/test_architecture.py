"""The house: a room imports from itself and from floors below it only, and no modules import each other."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import jetloom

PACKAGE = Path(jetloom.__file__).parent
FLOORS = [
    {"__init__"},
    {"errors", "expressions", "provenance", "code_digests", "cutflow", "locations"},
    {"config"},
    {"paths", "io", "physics", "statistics"},
    {"samples"},
    {"conversion", "data", "simulation", "trees"},
    {"models"},
    {"inference"},
    {"evaluation", "stages"},
    {"training", "scan", "plots", "export", "compression"},
    {"report"},
    {"planning"},
    {"cluster"},
    {"cli", "notebook"},
]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _names(code: bytes) -> set[str]:
    """What a file imports of jetloom, anywhere in it, without the package's name: modules, or what is in them."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import of {node.module}"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {name.partition(".")[2] for name in names if name.split(".")[0] == "jetloom"}
    return found


def _imported(path: Path) -> set[str]:
    """Rooms that a file imports; "__init__" for jetloom itself."""
    rooms = {name.split(".")[0] for name in _names(path.read_bytes())}
    return {room if room in FLOOR else "__init__" for room in rooms}


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _circle(package: Path) -> list[str]:
    """Modules of a package called jetloom that import each other in turn; none if there are no such."""
    paths = {_module(path.relative_to(package)): path for path in package.rglob("*.py")}
    imports = {}
    for module, path in paths.items():
        ways = [name.split(".") for name in _names(path.read_bytes())]
        # Of `room.module.function` the module counts; the room itself only where nothing more of the name is one.
        found = {next((w for end in range(len(way), 0, -1) if (w := ".".join(way[:end])) in paths), "") for way in ways}
        imports[module] = found - {"", module}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


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


def test_no_modules_import_each_other():
    assert _circle(PACKAGE) == []


@pytest.mark.parametrize(
    "back",
    ["from jetloom.room.one import f", "from jetloom.room import one", "def f():\n    import jetloom.room.one", ""],
)
def test_a_circle_is_found_wherever_the_import_stands(tmp_path, back):
    room = tmp_path / "room"
    room.mkdir()
    for name, text in {"__init__": "", "one": "from jetloom.room.two import g", "two": back}.items():
        (room / f"{name}.py").write_text(text)
    assert set(_circle(tmp_path)) == ({"room.one", "room.two"} if back else set())


CHECKOUT = Path(__file__).parent.parent
NAMED = re.compile(r"from (jetloom(?:\.\w+)*) import (\w+)|import (jetloom(?:\.\w+)+)|-m[\", ]+(jetloom(?:\.\w+)+)")
"""Where a text names a module: an import, or a program, in code, in a string of code or in a page."""


def _is_module(name: str) -> bool:
    place = PACKAGE.parent.joinpath(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def _unknown_modules(text: str) -> list[str]:
    """Modules that a text names and that are not there; of `from room import thing` the thing, if room is a package."""
    unknown = []
    for package, thing, imported, program in NAMED.findall(text):
        name = package or imported or program
        place = PACKAGE.parent.joinpath(*name.split("."), "__init__.py")
        if not _is_module(name):
            unknown.append(name)
        elif package and place.is_file() and thing not in place.read_text() and not _is_module(f"{name}.{thing}"):
            unknown.append(f"{name}.{thing}")
    return unknown


@pytest.mark.parametrize("room", ["src", "tests", "bench", "docs", "rules", "workflow", "README.md"])
def test_each_module_that_is_named_anywhere_is_there(room):
    place = CHECKOUT / room
    files = [place] if place.is_file() else [p for p in place.rglob("*") if p.suffix in {".py", ".smk", ".md"}]
    assert files
    unknown = {
        str(path.relative_to(CHECKOUT)): names
        for path in files
        if path != Path(__file__) and (names := _unknown_modules(path.read_text()))
    }
    assert unknown == {}


@pytest.mark.parametrize(
    "text",
    ["from jetloom.scan import ledger", "import jetloom.plots.best", '"-m", "jetloom.training.one_step"',
     "from jetloom.data.jets import Jets"],
)  # fmt: skip
def test_a_module_that_has_moved_is_found_in_a_string(text):
    assert len(_unknown_modules(text)) == 1


def test_no_two_files_of_tests_have_the_same_name():
    """Pytest imports them by their names alone: of two in one run it refuses the second."""
    names = [
        path.name for path in Path(__file__).parent.rglob("*.py") if path.name not in ("conftest.py", "__init__.py")
    ]
    assert sorted(names) == sorted(set(names))


ROOM, FILE, FUNCTION = 15, 300, 60
"""What can be overlooked: modules in a room, lines of a file, lines of a function."""


def test_rooms_files_and_functions_can_be_overlooked():
    for room in (path for path in PACKAGE.rglob("*") if path.is_dir()):
        modules = [path.name for path in room.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= ROOM, f"{room.relative_to(PACKAGE)}: {len(modules)} modules"
    for path in PACKAGE.rglob("*.py"):
        code = path.read_text()
        assert code.count("\n") <= FILE, path
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno < FUNCTION, f"{path}: {node.name}"
