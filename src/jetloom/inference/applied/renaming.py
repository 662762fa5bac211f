"""Copies of archives under another name: what is named after the archive inside of it gets the new name too."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from jetloom.errors import ConfigurationError, MissingFileError
from jetloom.inference.applied.archive import RECIPE, read_sealed, sealed_text
from jetloom.io.atomic import publishing
from jetloom.io.integrity.damage import Interpreting

DETAILS = "details.json"
OLD_MODEL = "_model.json"
"""How a member of an archive of the first Talos ends; it begins with the archive's name, as others there do."""
NAME = re.compile(r"[A-Za-z0-9][\w.+-]*")


def copy_archive(source: Path, target: Path) -> Path:
    """Copy an archive; its content is called by the new name.

    Of archives of jetloom, the recipe and the details of Talos say the name; in those of the first Talos the members
    themselves are called by it, and a copy of the file alone cannot be loaded.

    Parameters
    ----------
    source, target : Path
        The archive, and the file to publish; ``.zip`` is added to a name without it.

    Returns
    -------
    Path
        The copy.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no archive, or it cannot be read.
    ConfigurationError
        If the new name is none, or taken.
    """
    target = target if target.suffix == ".zip" else target.with_name(f"{target.name}.zip")
    if not source.is_file():
        raise MissingFileError("there is no such file", path=source)
    if target.exists():
        raise ConfigurationError("is there already", path=target, advice="give another name, or remove it")
    if not NAME.fullmatch(target.stem):
        raise ConfigurationError("is no name", path=target, advice="letters, digits, and ._+- within")
    with publishing(target, _check) as part, Interpreting(source), zipfile.ZipFile(source) as old:
        before = _old_name(old)
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as new:
            for info in old.infolist():
                name, data = info.filename, old.read(info)
                if name == RECIPE:
                    data = sealed_text(read_sealed(source) | {"archive": target.stem})
                elif name == DETAILS:
                    data = _renamed_details(data, target.stem)
                if before is not None and name.startswith(f"{before}_"):
                    name = f"{target.stem}{name.removeprefix(before)}"
                new.writestr(zipfile.ZipInfo(name, info.date_time), data, zipfile.ZIP_DEFLATED)
    return target


def _old_name(archive: zipfile.ZipFile) -> str | None:
    """Return the name that the members of an archive of the first Talos begin with; None of others."""
    found = [name.removesuffix(OLD_MODEL) for name in archive.namelist() if name.endswith(OLD_MODEL)]
    return found[0] if len(found) == 1 and found[0] else None


def _renamed_details(data: bytes, name: str) -> bytes:
    content = json.loads(data)
    return json.dumps(content | {"name": name}).encode() if isinstance(content, dict) else data


def _check(path: Path) -> None:
    with Interpreting(path), zipfile.ZipFile(path) as archive:
        if (bad := archive.testzip()) is not None:
            raise ValueError(f"{bad} is damaged")
