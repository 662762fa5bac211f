"""A deployed model as an archive that can be applied on its own: its networks, its recipe, the events that trained it.

The archive is the one that ``talos.Restore`` opens, with members of ours beside Talos': ``jetloom.json`` (the recipe,
with its checksum), ``seen.npz``, and the networks as they were trained. Nothing in it that Talos pickled is read.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jetloom.errors import CorruptFileError, MissingFileError, MissingObjectError
from jetloom.inference.applied.recipe import Recipe, StoredRecipe
from jetloom.inference.applied.seen import Seen
from jetloom.inference.prediction import load_model
from jetloom.io.integrity.damage import Interpreting
from jetloom.io.sealed import CHECKSUM, checksum
from jetloom.provenance import file_digest

RECIPE, SEEN = "jetloom.json", "seen.npz"
NO_FOLD = ""
MOST_BYTES = 1 << 31
"""A member that is larger is none of ours."""


@dataclass(frozen=True)
class Archive:
    """A deployed model.

    Attributes
    ----------
    path : Path
    name : str
        The name that its content has.
    stored : StoredRecipe
    recipe : Recipe
    seen : Seen or None
        The events that trained it; None with folds.
    """

    path: Path
    name: str
    stored: StoredRecipe
    recipe: Recipe
    seen: Seen | None

    def networks(self) -> dict[int | None, Any]:
        """Load the networks by fold.

        Raises
        ------
        CorruptFileError
            If one is not the one that was deployed, or cannot be loaded.
        """
        found: dict[int | None, Any] = {}
        with tempfile.TemporaryDirectory(prefix="jetloom-") as directory:
            for fold, member in self.stored.models.items():
                path = Path(directory) / Path(member).name
                path.write_bytes(_member(self.path, member))
                if file_digest(path) != self.stored.digests.get(member):
                    raise CorruptFileError("is not the network that was deployed", path=self.path, where=member)
                found[None if fold == NO_FOLD else int(fold)] = load_model(path)
        return found


def member_of(fold: int | None, file: str) -> str:
    """Return the member that holds the network of a fold, as it was trained; Talos writes its own file anew."""
    return f"networks/{'whole' if fold is None else fold}{Path(file).suffix}"


def recipe_members(name: str, recipe: Recipe, seen: Seen | None, files: Mapping[int | None, Path]) -> dict[str, bytes]:
    """Return the members that make an archive one that can be applied.

    Parameters
    ----------
    name : str
        The name that it has inside.
    recipe : Recipe
    seen : Seen or None
    files : mapping of (int or None) to Path
        The networks by fold.
    """
    names = {fold: member_of(fold, path.name) for fold, path in files.items()}
    models = {NO_FOLD if fold is None else str(fold): member for fold, member in names.items()}
    digests = {names[fold]: file_digest(path) for fold, path in files.items()}
    members = {names[fold]: path.read_bytes() for fold, path in files.items()}
    members[RECIPE] = sealed_text(recipe.stored(models, digests) | {"archive": name})
    if seen is not None:
        members[SEEN] = seen.as_bytes()
    return members


def sealed_text(content: Mapping[str, Any]) -> bytes:
    """Return an object as JSON with its checksum."""
    return json.dumps({**content, CHECKSUM: checksum(content)}, indent=1, sort_keys=True, allow_nan=False).encode()


def read_sealed(path: Path) -> dict[str, Any]:
    """Return what ``jetloom.json`` of an archive says.

    Raises
    ------
    MissingFileError, CorruptFileError, MissingObjectError
        If there is no archive, it is damaged, or has no recipe.
    """
    data = _member(path, RECIPE)
    with Interpreting(path, RECIPE):
        content: dict[str, Any] = dict(json.loads(data))
    if content.pop(CHECKSUM, None) != checksum(content):
        raise CorruptFileError("is not as it was written (its checksum differs)", path=path, where=RECIPE)
    return content


def read_archive(path: Path) -> Archive:
    """Read an archive without its networks.

    Raises
    ------
    MissingFileError, CorruptFileError, MissingObjectError
        If there is no archive, it is damaged, or it cannot be applied because it has no recipe.
    """
    content = read_sealed(path)
    try:
        stored = StoredRecipe.model_validate(content)
        recipe = Recipe.from_stored(stored)
    except (ValidationError, ValueError, KeyError, TypeError) as error:
        cause = f"is not as jetloom writes it ({str(error).splitlines()[0]})"
        raise CorruptFileError(cause, path=path, where=RECIPE, advice="deploy the model again") from None
    seen = None if recipe.task.split.folds else Seen.from_bytes(_member(path, SEEN), path)
    return Archive(path, str(content.get("archive", path.stem)), stored, recipe, seen)


def _member(path: Path, name: str) -> bytes:
    """Read a member of an archive."""
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path, advice="deploy a model first: jetloom deploy")
    with Interpreting(path, advice="deploy the model again"), zipfile.ZipFile(path) as archive:
        if name in archive.namelist():
            if archive.getinfo(name).file_size > MOST_BYTES:
                raise ValueError(f"{name} is too large")
            return archive.read(name)
    raise MissingObjectError(
        f"has no {name}: it is of an older jetloom, or none of ours", path=path, where=name,
        advice="deploy the model again, or give --config and --task",
    )  # fmt: skip
