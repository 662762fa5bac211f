"""Where results lie below ``results/<analysis>/``: the one place that knows, for rules and verbs alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from jetloom.config.analysis import Analysis
from jetloom.config.samples import Sample
from jetloom.errors import ConfigurationError, CorruptFileError, MissingFileError, shown
from jetloom.locations import URL, Location, Remote, checked_remote
from jetloom.provenance import digest

SHOWN_FILES = 8
JETS = "jets"
LISTS = (".txt", ".list")
"""How text files end that name one file a line."""

Identity = tuple[int, int] | str


def results(analysis: Analysis) -> Path:
    """Return the directory of all results of an analysis."""
    return Path("results") / analysis.analysis


def source_files(analysis: Analysis, sample: str) -> dict[str, Location]:
    """Return the DxAODs of a sample by the names that their results get.

    One file is one file, whatever its paths: of links to a file, and of several ways to write a path, the first counts.
    A result is named by the file's own name; where two files of a sample share it, a digest of the whole path is
    added, so that a file keeps its results when others come.

    Raises
    ------
    MissingFileError, ConfigurationError
        If a pattern matches nothing, a pattern or URL is none, or a file has a brace in its path.
    """
    settings = analysis.samples[sample]
    if settings.simulate is not None:
        return {name: simulated_file(analysis, sample, name) for name in chunk_names(settings)}
    found: dict[Identity, Location] = {}
    for path in _named_files(analysis.data, settings.files, f"samples.{sample}.files"):
        found.setdefault(identity(path), path)
    for path in found.values():
        if set("{}") & set(str(path)):
            raise ConfigurationError(
                f"the file '{path}' has a brace in its path, and Snakemake takes that for a wildcard",
                where=f"samples.{sample}.files",
                advice="rename it, or name a link to it",
            )
    stems = Counter(path.stem for path in found.values())
    return {
        path.stem if stems[path.stem] == 1 else f"{path.stem}-{digest(str(path), 6)}": path for path in found.values()
    }


def _named_files(data: str, names: Iterable[str], where: str, in_list: bool = False) -> Iterator[Location]:
    """Return the files that URLs, patterns and lists name; ``data`` is where relative ones begin."""
    for name in names:
        if URL.match(name):
            yield checked_remote(name, where)
            continue
        if URL.match(data) and not Path(name).is_absolute():
            yield checked_remote(f"{data.rstrip('/')}/{name}", where)
            continue
        matches = sorted(expand(Path(data), name, where))
        if not matches:
            raise MissingFileError(
                f"the pattern '{name}' matches nothing in '{data}'",
                where=where,
                advice="patterns are relative to the configuration's 'data'",
            )
        for path in matches:
            if path.suffix in LISTS and not in_list:
                yield from _named_files(data, _lines(path), f"{where}: {path}", in_list=True)
            else:
                yield path


def _lines(path: Path) -> list[str]:
    """Read a list of files: one a line, but for empty lines and those that begin with #."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise CorruptFileError(f"cannot be read as a list of files ({error})", path=path) from None
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise CorruptFileError("names no file", path=path, advice="write one path or URL a line")
    return found


def identity(path: Location) -> Identity:
    """Return what tells a file from others whatever its path: its device and its number there, or its URL."""
    if isinstance(path, Remote):
        return path.url
    state = path.stat()
    return state.st_dev, state.st_ino


def state(path: Location) -> str:
    """Return size and time of what a path resolves to, as text that differs after any change of either.

    Snakemake notices newer inputs only; ``cp -p``, ``rsync -a`` and restored files have an older time than the one
    before. It costs a look at the directory and reads nothing; "" if there is no file. Of a remote file it is the URL:
    nobody asks its server.
    """
    if isinstance(path, Remote):
        return str(path)
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size} bytes of {found.st_mtime_ns}"


def shared_files(sources: Mapping[str, Iterable[Location]]) -> dict[Location, list[str]]:
    """Return the files that several samples have, with the names of those samples; files that are not there are not."""
    owners: dict[Identity, list[str]] = {}
    first: dict[Identity, Location] = {}
    for sample, files in sources.items():
        for path in files:
            if isinstance(path, Remote) or path.is_file():
                owners.setdefault(identity(path), []).append(sample)
                first.setdefault(identity(path), path)
    return {first[key]: samples for key, samples in owners.items() if len(samples) > 1}


def converted_files(analysis: Analysis, sample: str) -> dict[str, Location]:
    """Return what the conversion of a sample reads: its files, or what its own command makes of them."""
    if analysis.samples[sample].prepare is None:
        return source_files(analysis, sample)
    return {name: results(analysis) / "prepared" / sample / f"{name}.root" for name in source_files(analysis, sample)}


def shown_files(sources: Mapping[str, Location]) -> dict[str, Location]:
    """Return the files whose events are drawn before and after cuts: a few, spread evenly over all of a sample."""
    names, most = list(sources), SHOWN_FILES
    if len(names) > most:
        names = [names[place * (len(names) - 1) // (most - 1)] for place in range(most)]
    return {name: sources[name] for name in names}


def shown_collections(analysis: Analysis) -> list[str]:
    """Return what is drawn before and after cuts, if anything is: the jets, and each collection that is converted."""
    return [JETS, *sorted(analysis.conversion.slots)] if analysis.diagnostics else []


def diagnostics(analysis: Analysis) -> Path:
    """Return the directory of the figures of samples."""
    return results(analysis) / "diagnostics"


def expand(directory: Path, pattern: str, where: str) -> list[Path]:
    """Expand a pattern relative to a directory, or an absolute one; ``where`` is its key.

    Raises
    ------
    ConfigurationError
        If it is no pattern of files, such as "", "." or "**.root".
    """
    path = Path(pattern)
    base, relative = (Path(path.anchor), path.relative_to(path.anchor)) if path.is_absolute() else (directory, path)
    if not relative.parts:
        raise ConfigurationError(
            f"{shown(pattern)} names no file", where=where, advice="name files, as in 'user.me/*.root'"
        )
    try:
        return [match for match in base.glob(str(relative)) if match.is_file()]
    except (ValueError, OSError, RecursionError) as error:  # glob calls itself for each directory of a pattern
        cause = getattr(error, "strerror", error)
        raise ConfigurationError(f"{shown(pattern)} cannot be looked for ({cause})", where=where) from None


def chunk_names(sample: Sample) -> list[str]:
    """Return the names of the files of a simulated sample."""
    return [f"chunk{index}" for index in range(sample.simulate.chunks)] if sample.simulate else []


def simulated_file(analysis: Analysis, sample: str, name: str) -> Path:
    """Return the path of a simulated DxAOD."""
    return results(analysis) / "dxaod" / sample / f"{name}.root"


def hdf5_file(analysis: Analysis, sample: str, name: str) -> Path:
    """Return the path of a converted file."""
    return results(analysis) / "hdf5" / sample / f"{name}.h5"


def hdf5_files(analysis: Analysis, task: str) -> dict[str, list[Path]]:
    """Return the HDF5 files of each sample of a task."""
    return {
        sample: [hdf5_file(analysis, sample, name) for name in source_files(analysis, sample)]
        for sample in analysis.task_samples(task)
    }


def tree_files(analysis: Analysis, task: str) -> dict[str, list[Path]]:
    """Return the files of clustering trees of each sample of a task."""
    return {
        sample: [results(analysis) / "trees" / sample / path.name for path in files]
        for sample, files in hdf5_files(analysis, task).items()
    }


def all_tree_files(analysis: Analysis) -> dict[str, list[Path]]:
    """Return the files of trees of each sample that has some: those of tasks that read trees."""
    tasks = [name for name, task in analysis.tasks.items() if task.reads == "trees"]
    found = {sample: files for task in tasks for sample, files in tree_files(analysis, task).items()}
    return {sample: found[sample] for sample in analysis.samples if sample in found}


def dataset_files(analysis: Analysis, task: str) -> dict[str, list[Path]]:
    """Return the files that a task's dataset is built from, by sample."""
    return (tree_files if analysis.tasks[task].reads == "trees" else hdf5_files)(analysis, task)


def compression(analysis: Analysis, name: str) -> Path:
    """Return the directory of what is known of a compression."""
    return results(analysis) / "compressions" / name


def comparison(analysis: Analysis, name: str) -> Path:
    """Return the directory of a comparison of models."""
    return results(analysis) / "comparisons" / name


def reweighting(analysis: Analysis, name: str, ratio: str) -> Path:
    """Return the directory of the reweighting with a ratio of a comparison."""
    return comparison(analysis, name) / "reweighting" / ratio


def dataset(analysis: Analysis, task: str) -> Path:
    """Return the directory of a task's dataset, which may be that of another task."""
    return results(analysis) / "datasets" / analysis.dataset_of(task)


def scan(analysis: Analysis, task: str) -> Path:
    """Return the directory of a task's scan."""
    return results(analysis) / "scans" / task


def training(analysis: Analysis, task: str, point: str, run: str) -> Path:
    """Return the directory of one training of a point."""
    return scan(analysis, task) / point / run


def manifest(analysis: Analysis, task: str, bundle: str) -> Path:
    """Return the file that says that all trainings of a bundle have a result."""
    return scan(analysis, task) / "bundles" / f"{bundle}.json"


def training_log(analysis: Analysis, task: str, point: str, run: str) -> Path:
    """Return the log of one training of a point."""
    return results(analysis) / "logs" / "train" / task / point / f"{run}.log"


def bundle_log(analysis: Analysis, task: str, bundle: str) -> Path:
    """Return the log of the job that does the trainings of a bundle."""
    return results(analysis) / "logs" / "train" / task / f"{bundle}.log"


def attempts(analysis: Analysis, rule: str, wildcards: Mapping[str, str]) -> Path:
    """Return the ledger of a job of a rule; that of a training lies beside its results."""
    if rule == "train":
        return scan(analysis, wildcards["task"]) / wildcards["point"] / wildcards["run"] / "attempts.csv"
    return results(analysis).joinpath("attempts", rule, *wildcards.values()).with_suffix(".csv")


def best(analysis: Analysis, task: str) -> Path:
    """Return the directory of a task's best point."""
    return results(analysis) / "best" / task


def exported(analysis: Analysis, task: str) -> Path:
    """Return the directory of the exported files of a task's best point."""
    return best(analysis, task) / "export"


def applied(analysis: Analysis, task: str) -> Path:
    """Return the directory of what a task's best model says of files."""
    return results(analysis) / "applied" / task
