"""Opening what a model is applied to: converted files, and ROOT files by a schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jetloom.config.schema import Schema
from jetloom.conversion.task import Task as Conversion
from jetloom.data.block import BRANCHINGS
from jetloom.data.building.collected import sources
from jetloom.errors import ConfigurationError
from jetloom.inference.applied.files import Given
from jetloom.inference.applied.pieces import Hdf5Pieces, Pieces, file_name
from jetloom.inference.applied.recipe import Recipe
from jetloom.inference.applied.root_pieces import RootPieces, named_trees
from jetloom.io.hdf5.tables import TableReader
from jetloom.locations import Location
from jetloom.provenance import file_digest
from jetloom.samples.processes import Allowed

HDF5 = (".h5", ".hdf5")


def converted(recipe: Recipe, path: Path, sample: str = "", name: str = "") -> Given:
    """Return a converted file, or one of trees, to apply a model to."""
    reads = sources(recipe.task) | ({BRANCHINGS} if recipe.task.reads == "trees" else set())

    @contextmanager
    def opened() -> Iterator[Iterator[Pieces]]:
        with TableReader(path) as reader:
            yield iter([Hdf5Pieces(reader, recipe.event_names, reads, file_digest(path))])

    return Given(sample, name or file_name(path), opened)


def original(
    recipe: Recipe,
    path: Location,
    schema: Schema,
    sample: str = "",
    name: str = "",
    trees: Sequence[str] = (),
    is_data: bool = False,
    channels: Allowed = None,
) -> Given:
    """Return a ROOT file to apply a model to, read as the conversion of the model's own files was.

    Parameters
    ----------
    recipe : Recipe
    path : Path or Remote
    schema : Schema
        What its branches mean.
    sample, name : str
        Names of its sample, and of itself if it has another one.
    trees : sequence of str
        Trees to apply to, stars for several, such as those of systematic variations; the schema's own if empty.
    is_data : bool
        Recorded data.
    channels : list of int, "any" or None
        Processes that may be in it.

    Raises
    ------
    ConfigurationError
        If the model reads clustering trees.
    """
    if recipe.task.reads == "trees":
        raise ConfigurationError(
            "the model reads clustering trees, and a ROOT file has none",
            where=str(path),
            advice="give the file that jetloom trees made of it",
        )
    conversion = recipe.conversion.model_copy(update={"slots": _slots(recipe), "variables": {}})

    @contextmanager
    def opened() -> Iterator[Iterator[Pieces]]:
        names = named_trees(path, trees) if trees else list[str]()
        schemas = [schema.model_copy(update={"trees": [name]}) for name in names] or [schema]
        yield (
            RootPieces(Conversion(path, one, conversion, is_data, channels), sources(recipe.task)) for one in schemas
        )

    return Given(sample, name or file_name(Path(str(path).rsplit("/", 1)[-1])), opened)


def _slots(recipe: Recipe) -> dict[str, int]:
    """Return the places of the collections that the model reads; others need not be read."""
    wanted = sources(recipe.task)
    return {name: places for name, places in recipe.conversion.slots.items() if name in wanted}
