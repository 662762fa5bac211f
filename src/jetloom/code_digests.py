"""Digests of code: whether a result was made by the code that is there now.

The code of a stage is what its first modules import, directly or through others, and nothing else. A digest holds no
paths: a model that is added, a figure that is edited or a file that is moved makes no training stale. It is made from
syntax trees without docstrings, so a comment or another layout changes nothing either.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

from jetloom.provenance import PACKAGE, digest

NAME = "jetloom"

NO_NUMBER = (
    "config", "data.description", "errors", "provenance", "code_digests", "locations", "paths", "io.atomic",
    "io.hdf5.chunks", "io.hdf5.chunk_reader", "io.integrity", "io.lock", "io.sealed", "io.sources.remote", "io.stored",
    "models.own", "models.registry", "models.stored_network", "scan.config_copy",
    "training.backends.devices", "training.backends.utilisation",
)  # fmt: skip
"""What changes no number: settings are digested by their values, and this reads, checks and writes."""

CONVERSION = ("conversion.convert", "config.schema")
SIMULATION = ("simulation.sample",)
TREES = ("trees.convert", "trees.exports")
DATASET = ("data.building.build",)
COLLECTION = ("scan.table.collect", "scan.table.collected", "scan.table.ranking")
"""The first modules of each stage."""

TRAINERS = {"network": "training.network", "boosted": "training.boosted"}
"""The first module of each way to train, whose function ``train`` does it; those of the model come to it."""

ONLY_READS = ("io.hdf5.tables",)
"""What trainings read their data with, besides: the content of the data has a digest of its own."""

MADE_BEFORE = (
    "conversion.convert", "data.building.build", "data.building.split", "data.fitting.binning", "data.fitting.moments",
    "data.fitting.weights", "expressions",
    "io", "models", "scan", "training", "trees.constituents", "trees.grow", "trees.reasons",
)  # fmt: skip
"""What figures name that shapes the data and the models they are drawn from; those have digests of their own."""


@dataclass(frozen=True)
class Source:
    """What a file of code says."""

    sum: str
    """A digest of it, blind to docstrings, layout, and to where in jetloom that lies which it imports."""
    imports: frozenset[str]
    """The modules of jetloom that it may import, without the package's name."""


class _WithoutPaths(ast.NodeTransformer):
    """Takes docstrings out, and what is imported from jetloom, of which the names are kept apart."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.modules: set[str] = set()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        """Take note of an import from jetloom, and drop it."""
        package, _, module = (node.module or "").partition(".")
        if package != NAME:
            return node
        for alias in node.names:
            self.names.add(f"{alias.name} {alias.asname or ''}")
            self.modules |= {module, f"{module}.{alias.name}".lstrip(".")}
        return None

    def visit_Import(self, node: ast.Import) -> ast.Import | None:
        """Take note of an import of a module of jetloom, and drop it."""
        ours = [alias.name for alias in node.names if alias.name.split(".")[0] == NAME]
        self.modules |= {name.removeprefix(f"{NAME}.") for name in ours}
        return None if ours else node

    def visit(self, node: ast.AST) -> ast.AST:
        """Take the docstring out."""
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:]
        return super().visit(node)


@cache
def _source(module: str) -> Source | None:
    """Read a module or a package of jetloom; None if there is none of that name (it is one inside of a module)."""
    place = PACKAGE.joinpath(*module.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if module and path.is_file():
            return source(path.read_bytes())
    return None


def source(text: bytes) -> Source:
    """Return what a file of code says.

    Raises
    ------
    SyntaxError
        If it is not Python.
    """
    without = _WithoutPaths()
    tree = without.visit(ast.parse(text))
    syntax = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return Source(digest([sorted(without.names), syntax]), frozenset(without.modules))


def modules_of(first: Iterable[str], without: Collection[str] = NO_NUMBER) -> set[str]:
    """Return the modules that some need, themselves included, as ``data.buckets``.

    Parameters
    ----------
    first : iterable of str
        Modules of jetloom.
    without : collection of str
        Modules and rooms that are neither counted nor looked into, unless they are among the first.

    Raises
    ------
    FileNotFoundError
        If one of the first is not there.
    """
    found: set[str] = set()
    waiting = list(first)
    for module in waiting:
        if _source(module) is None:
            raise FileNotFoundError(f"there is no module {NAME}.{module}")
    while waiting:
        module = waiting.pop()
        said = _source(module)
        if said is None or module in found:
            continue
        found.add(module)
        waiting += [name for name in said.imports if not _within(name, without)]
    return found


def own_imports(text: bytes) -> list[str]:
    """Return the modules of jetloom that a file of the user's own imports."""
    return sorted(module for module in source(text).imports if _source(module) is not None)


def _within(module: str, rooms: Collection[str]) -> bool:
    """Whether a module is one of these or in one of these rooms."""
    parts = module.split(".")
    return any(".".join(parts[:end]) in rooms for end in range(1, len(parts) + 1))


@cache
def code_digest(*first: str, without: tuple[str, ...] = NO_NUMBER) -> str:
    """Return a digest of the code of some modules and of all that they need."""
    sources = (_source(module) for module in modules_of(first, without))
    return digest(sorted(said.sum for said in sources if said is not None))


def training_code(trainer: str, *modules: str) -> str:
    """Return a digest of the code that decides the numbers of a training.

    Parameters
    ----------
    trainer : str
        A key of :data:`TRAINERS`.
    modules : str
        The module of the model, as ``models.dense``, or those that a model of the user's own imports.
    """
    return code_digest(TRAINERS[trainer], *modules, without=NO_NUMBER + ONLY_READS)


def numbers_code(verb: str, page: str = "") -> str:
    """Return a digest of the code that decides the numbers that a verb makes for figures, besides that of their data.

    No figure is among it: another colour makes no number again.

    Parameters
    ----------
    verb : str
        The verb of the rule.
    page : str
        A room of ``report`` if the rule needs no other one, although the verb knows several.
    """
    return _verb_code(verb, page)


def figure_code(verb: str, page: str = "") -> str:
    """Return a digest of the code that decides what a verb draws, besides that of the numbers that it draws.

    Parameters
    ----------
    verb, page : str
        As for :func:`numbers_code`.
    """
    return _verb_code(verb, page)


def _verb_code(verb: str, page: str) -> str:
    rooms = (path.name for path in sorted((PACKAGE / "report").iterdir()) if path.is_dir())
    others = tuple(f"report.{room}" for room in rooms if page and room != page)
    return code_digest(f"cli.report.{verb}", without=NO_NUMBER + MADE_BEFORE + others)
