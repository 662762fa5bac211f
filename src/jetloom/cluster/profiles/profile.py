"""Snakemake's profiles, read as ``snakemake --profile`` reads them: where they lie, and what they say together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jetloom.config.yaml_text import read_yaml
from jetloom.errors import MissingFileError, near_misses

CHECKOUT = Path(__file__).resolve().parents[4]
"""Where the Snakefile and the profiles of this jetloom lie, if it was installed from a checkout."""
FILE = re.compile(r"(?:profile|config)(?:\.v(\d+)\+)?\.yaml")


def find_profile(name: str) -> Path:
    """Return the file of a profile: by a path, or by a name in the places where Snakemake looks.

    Raises
    ------
    MissingFileError
        If there is none.
    """
    for candidate in [Path(name)] if Path(name).exists() else [place / name for place in places()]:
        if candidate.is_file():
            return candidate
        if found := _file_in(candidate):
            return found
    known = {path.name for place in places()[1:] for path in place.glob("*") if path.is_dir() and _file_in(path)}
    raise MissingFileError("there is no such profile", where=f"--profile {name}", advice=near_misses(name, known))


def places() -> list[Path]:
    """Return the directories in which Snakemake looks for a profile by its name."""
    from platformdirs import PlatformDirs

    found = PlatformDirs("snakemake", "snakemake")
    return [Path(), Path(found.user_config_dir), Path(found.site_config_dir)]


def read_profile(names: Sequence[str], snakefile: Path | None = None) -> dict[str, Any]:
    """Return what profiles say together, with the workflow's own ``profiles/default``.

    Parameters
    ----------
    names : sequence of str
        Names or paths, as they stand after ``--profile``; later ones win, a key at a time.
    snakefile : Path, optional
        The workflow, whose own profile wins over all of these; the checkout's if not given.

    Returns
    -------
    dict
        Snakemake's long options without their dashes, and their values.

    Raises
    ------
    MissingFileError, ConfigurationError
        If there is no profile of a name, or its file is not a mapping.
    """
    return {key: value for file in profile_files(names, snakefile) for key, value in read_file(file).items()}


def profile_files(names: Sequence[str], snakefile: Path | None = None) -> list[Path]:
    """Return the files of profiles in the order in which they are merged, the workflow's own ``profiles/default`` last.

    Raises
    ------
    MissingFileError
        If there is no profile of a name.
    """
    files = [find_profile(name) for name in names]
    if (default := _workflow_profile(snakefile or CHECKOUT / "Snakefile")) is not None:
        files.append(default)
    return files


def executor_of(profile: Mapping[str, Any]) -> str:
    """Return the executor that a profile chooses; ``local`` if it chooses none."""
    return str(profile.get("executor") or "local")


def _workflow_profile(snakefile: Path) -> Path | None:
    for place in (Path("default"), Path("profiles/default"), snakefile.parent / "profiles" / "default"):
        if place.exists():
            return _file_in(place)
    return None


def read_file(file: Path) -> dict[str, Any]:
    """Read the file of one profile."""
    content = read_yaml(file)
    if content.get("__use_yte__"):
        import yte

        with file.open(encoding="utf-8") as stream:
            content = yte.process_yaml(stream, require_use_yte=True)
    return content


def _file_in(directory: Path) -> Path | None:
    """Return the file of a profile in its directory: that for the newest version of Snakemake which is not too new."""
    from importlib.metadata import version

    major = int(version("snakemake").split(".")[0])
    names = [path.name for path in directory.iterdir()] if directory.is_dir() else []
    fitting = {name: int(match[1] or 0) for name in names if (match := FILE.fullmatch(name))}
    fitting = {name: least for name, least in fitting.items() if least <= major}
    return directory / max(fitting, key=lambda name: fitting[name]) if fitting else None
