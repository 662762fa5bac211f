"""What there is of each sample: its files, which of them are missing or damaged, events, jets, cross-section."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jetloom import paths
from jetloom.config.schema import sample_schema
from jetloom.errors import InputError, JetloomError, MissingFileError
from jetloom.io.root.files import open_source
from jetloom.locations import Location, Remote
from jetloom.samples.facts import SKIPPED, WAITING, FileFacts, read_facts
from jetloom.samples.normalisation import normalise
from jetloom.samples.processes import add_channels, described, require_meant, unknown_processes
from jetloom.samples.repeated import repeated_events
from jetloom.samples.same import refuse_equal, shared_content
from jetloom.samples.shared import shared_events

if TYPE_CHECKING:
    from jetloom.config.analysis import Analysis
    from jetloom.config.samples import Sample
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
    absent : dict of str to int
        Variables and collections that converted files lack, and how many files do.
    normalisation : dict or None
        See :class:`jetloom.samples.normalisation.Normalisation`; None if nothing is converted or it cannot be.
    processes : str
        Channel numbers with their shares.
    sources : list of Path or Remote
        The files as the configuration names them.
    warnings : list of str
        What does not fit together: normalisation, processes, events that come again, equal files.
    """

    sample: str
    title: str
    kind: str
    schema: str
    cross_section: float | None
    files: int = 0
    converted: int = 0
    missing: list[str] = field(default_factory=list)
    bad: dict[str, str] = field(default_factory=dict)
    events: int = 0
    jets: int = 0
    absent: dict[str, int] = field(default_factory=dict)
    remote: int = 0
    normalisation: dict[str, Any] | None = None
    processes: str = ""
    sources: list[Location] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def sum_of_weights(self) -> float:
        """Sum of generator weights that the converted events stand for."""
        return 0.0 if self.normalisation is None else float(self.normalisation["total"])

    @property
    def luminosity(self) -> float | None:
        """Integrated luminosity (1/pb) that the sample stands for; None for data and for what is not converted."""
        if self.kind == "data" or not self.sum_of_weights or self.cross_section is None:
            return None
        return self.sum_of_weights / self.cross_section


def overviews(analysis: Analysis) -> list[Overview]:
    """Look at the files of all samples. Of DxAODs no event is read: the numbers stand in the heads of the files.

    Raises
    ------
    ConfigurationError
        If there is no such schema.
    """
    looked = {sample: _overview(analysis, sample) for sample in analysis.samples}
    found = {sample: one for sample, (one, _) in looked.items()}
    for path, names in paths.shared_files({name: one.sources for name, one in found.items()}).items():
        for name in [name for name in names[1:] if found[name].converted < found[name].files]:
            found[name].warnings.append(f"{path} is a file of sample '{names[0]}', too")
    files_of = {sample: files for sample, (_, files) in looked.items()}
    for shared in (shared_content(files_of), shared_events(files_of, analysis.samples)):
        for name, lines in shared.items():
            found[name].warnings += lines
    return list(found.values())


def _overview(analysis: Analysis, sample: str) -> tuple[Overview, list[FileFacts]]:
    settings = analysis.samples[sample]
    kind = "data" if settings.is_data else "files" if settings.simulate is None else "simulated"
    found = Overview(sample, settings.title or sample, kind, settings.schema_name, settings.cross_section)
    schema = sample_schema(settings)
    try:
        sources = paths.converted_files(analysis, sample)
        found.sources = list(paths.source_files(analysis, sample).values())
    except MissingFileError as error:
        found.missing.append(str(error.cause))
        return found, []
    files = []
    for name, path in sources.items():
        found.files += 1
        files += _look(found, path, paths.hdf5_file(analysis, sample, name), schema)
    if found.converted:
        _judge(found, settings, files)
    return found, files


def _look(found: Overview, path: Location, hdf5: Path, schema: Schema) -> list[FileFacts]:
    """Return the facts about a file, none if it cannot be read; what it adds to a sample is added."""
    files = []
    try:
        if hdf5.is_file():
            found.converted += 1
            files = [read_facts(hdf5)]
        elif isinstance(path, Remote):
            found.remote += 1
        elif path.is_file():
            with open_source(path, schema.trees) as source:
                files = [FileFacts(hdf5, WAITING, entries=source.entries)]
        if isinstance(path, Path) and not path.is_file():
            found.missing.append(str(path))
    except InputError as error:
        found.bad[str(error.path or path)] = str(error.cause)
    for file in files:
        found.events += file.entries if file.status == WAITING else file.events
        found.jets += file.rows
        for variable in file.absent:
            found.absent[variable] = found.absent.get(variable, 0) + 1
    return files


def _judge(found: Overview, settings: Sample, files: list[FileFacts]) -> None:
    """Say what the dataset would refuse or tell of a sample."""
    channels = None if settings.is_data else add_channels(file.channels for file in files)
    found.processes = described(channels) if channels else ""
    converted = [file.path for file in files if file.status not in (SKIPPED, WAITING)]
    try:
        found.normalisation = (normalisation := normalise(found.sample, settings, files)).as_json()
        found.warnings += normalisation.warnings
        refuse_equal(found.sample, files)
        require_meant(channels, settings.channels, f"sample '{found.sample}'")
        unknown = unknown_processes(channels, sum(file.events for file in files), settings.channels)
        found.warnings += filter(None, [unknown, repeated_events(converted).warning()])
    except JetloomError as error:
        found.warnings.append(error.line())
