"""What there is of each sample: its files, which of them are missing or damaged, events, jets, cross-section."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jetloom import paths
from jetloom.config.schema import find_schema
from jetloom.errors import InputError, MissingFileError
from jetloom.io.hdf5 import TableReader
from jetloom.io.root import open_source
from jetloom.locations import Location, Remote

if TYPE_CHECKING:
    from jetloom.config.analysis import Analysis
    from jetloom.config.schema import Schema


@dataclass
class Overview:
    """Facts about a sample.

    Attributes
    ----------
    sample, title, kind, schema : str
        ``kind``: simulated, files or data.
    cross_section : float
        In pb.
    files, converted : int
        DxAODs that the configuration names, and HDF5 files made of them.
    missing : list of str
        DxAODs that are not there, or patterns without a match.
    bad : dict of str to str
        Files that cannot be read, and why.
    remote : int
        Files of other machines that are not converted yet; nobody looks whether they are there.
    events, jets : int
        Events in the files that are there; jets in those that are converted.
    sum_of_weights : float
        Of the generator, of the converted files or as the configuration says.
    absent : dict of str to int
        Variables and collections that converted files lack, and how many files do.
    """

    sample: str
    title: str
    kind: str
    schema: str
    cross_section: float
    files: int = 0
    converted: int = 0
    missing: list[str] = field(default_factory=list)
    bad: dict[str, str] = field(default_factory=dict)
    events: int = 0
    jets: int = 0
    sum_of_weights: float = 0.0
    absent: dict[str, int] = field(default_factory=dict)
    remote: int = 0

    @property
    def luminosity(self) -> float | None:
        """Integrated luminosity (1/pb) that the sample stands for; None for data and for what is not converted."""
        return None if self.kind == "data" or not self.sum_of_weights else self.sum_of_weights / self.cross_section


def overview(analysis: Analysis, sample: str) -> Overview:
    """Look at the files of a sample. No event is read: the numbers stand in the heads of the files.

    Raises
    ------
    ConfigurationError
        If there is no such schema.
    """
    settings = analysis.samples[sample]
    kind = "data" if settings.is_data else "files" if settings.simulate is None else "simulated"
    found = Overview(sample, settings.title or sample, kind, settings.schema_name, settings.cross_section)
    schema = find_schema(settings.schema_name)
    try:
        sources = paths.converted_files(analysis, sample)
    except MissingFileError as error:
        found.missing.append(str(error.cause))
        return found
    for name, path in sources.items():
        found.files += 1
        _look(found, path, paths.hdf5_file(analysis, sample, name), schema)
    found.sum_of_weights = settings.sum_of_weights or found.sum_of_weights
    return found


def _look(found: Overview, path: Location, hdf5: Path, schema: Schema) -> None:
    try:
        if hdf5.is_file():
            found.converted += 1
            with TableReader(hdf5) as reader:
                found.events += reader.attribute("events")
                found.jets += reader.rows["jets"]
                found.sum_of_weights += reader.attribute("sum_of_weights")
                for variable in reader.attribute("absent"):
                    found.absent[variable] = found.absent.get(variable, 0) + 1
        elif isinstance(path, Remote):
            found.remote += 1
        elif path.is_file():
            with open_source(path, schema.trees) as source:
                found.events += source.entries
        if isinstance(path, Path) and not path.is_file():
            found.missing.append(str(path))
    except InputError as error:
        found.bad[str(error.path or path)] = str(error.cause)
