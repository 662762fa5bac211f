"""What jobs read and are told, as functions of their wildcards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jetloom import paths
from jetloom.locations import Location, Remote
from jetloom.planning.applied import pieces, source_of
from jetloom.planning.plan import Plan
from jetloom.provenance import file_digest
from jetloom.scan.bundles.manifest import lacking

Files = list[str]


class Inputs:
    """Functions that rules use as inputs and parameters.

    Parameters
    ----------
    plan : Plan
        The analysis.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._analysis = plan.analysis
        self._root = plan.root
        self._digests: dict[tuple[str, str], str] = {}

    # --- conversion

    def original(self, wildcards: Any) -> Path | Files:
        """Return the file of a sample as the user names it; none if it is remote: Snakemake knows local ones only."""
        found = self._plan.sources[wildcards.sample][wildcards.file]
        return found if isinstance(found, Path) else []

    def remote_original(self, wildcards: Any) -> Files:
        """Return the URL of a remote file, with its token if it has one; none of another file."""
        found = self._plan.sources[wildcards.sample][wildcards.file]
        return [found.url] if isinstance(found, Remote) else []

    def remote_dxaod(self, wildcards: Any) -> Files:
        """Return the same of what the conversion reads."""
        return self.remote_original(wildcards) if self.prepare_command(wildcards) is None else []

    def remote_hdf5_source(self, wildcards: Any) -> Files:
        """Return the same of what the HDF5 file is made from."""
        return self.remote_dxaod(wildcards) if self._analysis.conversion.route == "direct" else []

    def prepare_command(self, wildcards: Any) -> str | None:
        """Return a sample's own command before the conversion."""
        return self._analysis.samples[wildcards.sample].prepare

    def dxaod(self, wildcards: Any) -> str | Path | Files:
        """Return what the conversion of a file reads: the DxAOD, or what the sample's own command made of it."""
        if self.prepare_command(wildcards) is None:
            return self.original(wildcards)
        return f"{self._root}/prepared/{wildcards.sample}/{wildcards.file}.root"

    def state_of_original(self, wildcards: Any) -> str:
        """Return size and time of the file of a sample; a change of either, to an older time too, makes it stale."""
        return paths.state(self._plan.sources[wildcards.sample][wildcards.file])

    def state_of_dxaod(self, wildcards: Any) -> str:
        """Return the same of what the conversion reads; "" for what another rule makes, which is newer when it is."""
        settings = self._analysis.samples[wildcards.sample]
        made = settings.prepare is not None or settings.simulate is not None
        return "" if made else self.state_of_original(wildcards)

    def state_of_hdf5_source(self, wildcards: Any) -> str:
        """Return the same of what the HDF5 file is made from."""
        return self.state_of_dxaod(wildcards) if self._analysis.conversion.route == "direct" else ""

    def of_hdf5(self, wildcards: Any) -> str | Path | Files:
        """Return what the HDF5 file is made from: the ntuple, or the DxAOD on the direct route."""
        if self._analysis.conversion.route == "direct":
            return self.dxaod(wildcards)
        return f"{self._root}/ntuple/{wildcards.sample}/{wildcards.file}.root"

    # --- samples and datasets

    def shown_dxaods(self, _wildcards: Any) -> list[Path]:
        """Return the DxAODs of this machine of which some events are drawn before cuts."""
        shown = [path for files in self._plan.shown.values() for path in files.values()]
        return [path for path in shown if isinstance(path, Path)]

    def shown_hdf5(self, _wildcards: Any) -> Files:
        """Return the HDF5 files made of them."""
        return [f"{self._root}/hdf5/{sample}/{file}.h5" for sample, files in self._plan.shown.items() for file in files]

    def hdf5_of_task(self, wildcards: Any) -> Files:
        """Return the HDF5 files of the samples of a task."""
        return self._of_samples("hdf5", wildcards.task)

    def of_dataset(self, wildcards: Any) -> Files:
        """Return the files that a dataset is built from: those of trees, if its task reads them."""
        reads_trees = self._analysis.tasks[wildcards.task].reads == "trees"
        return self._of_samples("trees" if reads_trees else "hdf5", wildcards.task)

    def _of_samples(self, stage: str, task: str) -> Files:
        return [
            f"{self._root}/{stage}/{sample}/{file}.h5"
            for sample in self._analysis.task_samples(task)
            for file in self._plan.sources[sample]
        ]

    def in_dataset(self, name: str) -> Callable[[Any], str]:
        """Return a function that names a file of the dataset that a task uses, its own or another task's."""

        def path(wildcards: Any) -> str:
            return f"{self._root}/datasets/{self._plan.datasets[wildcards.task]}/{name}"

        return path

    # --- scans

    def starting_scans(self, wildcards: Any) -> Files:
        """Return the scans whose best models a training starts from; none for most tasks."""
        starts = self._analysis.tasks[wildcards.task].starts
        return [f"{self._root}/scans/{task}/scan.json" for task in starts.values()]

    def control_dataset(self, wildcards: Any) -> Files:
        """Return the fingerprint of the dataset of a training's control region; none for most tasks."""
        control = self._analysis.tasks[wildcards.task].control
        return [] if control is None else [f"{self._root}/datasets/{self._plan.datasets[control]}/fingerprint.txt"]

    def training_settings(self, wildcards: Any) -> str:
        """Return what makes a training stale besides its data; ``lookup`` costs more for 10,000 points."""
        settings = self._plan.settings["train"][wildcards.task]
        return " ".join([settings, *(self._content(path) for path in self.starting_scans(wildcards))])

    def _content(self, path: str) -> str:
        """Return the digest of a small file, "" if it is not there yet; it is read once for each state."""
        key = path, paths.state(Path(path))
        if key not in self._digests:
            self._digests[key] = file_digest(path) if key[1] else ""
        return self._digests[key]

    def lacking_results(self, wildcards: Any) -> str:
        """Name the trainings of a bundle without a result: one that was taken away makes the bundle stale."""
        trainings = self._plan.bundles[wildcards.task][wildcards.bundle]
        return " ".join(training.name for training in lacking(self._analysis, wildcards.task, trainings))

    def manifests_of_scan(self, wildcards: Any) -> Files:
        """Return the manifests of all bundles of a scan."""
        return self._plan.manifests_of(wildcards.task)

    # --- best points and comparisons

    def sampled(self, wildcards: Any) -> int:
        """Return the number of jets that are drawn from a task's best model."""
        return self._analysis.tasks[wildcards.task].sampled

    def drawings(self, wildcards: Any) -> int:
        """Return the number of trees that are drawn of a task's best model."""
        return self._analysis.tasks[wildcards.task].drawings

    def applied_files(self, wildcards: Any) -> Files:
        """Return the files of this machine that a job applies a model to."""
        return [str(path) for path in self._applied(wildcards) if isinstance(path, Path)]

    def state_of_applied(self, wildcards: Any) -> str:
        """Return size and time of these, if they are a user's own."""
        own = self._analysis.tasks[wildcards.task].apply.reads_originals
        return " ".join(map(paths.state, self._applied(wildcards))) if own else ""

    def _applied(self, wildcards: Any) -> list[Location]:
        files = pieces(self._analysis, wildcards.task)[wildcards.piece]
        return [source_of(self._analysis, wildcards.task, *one) for one in files]

    def compared_predictions(self, wildcards: Any) -> Files:
        """Return the predictions of the models of a comparison, those of ratios too."""
        comparison = self._analysis.comparisons[wildcards.comparison]
        pairs = [task for ratio in comparison.ratios.values() for task in (ratio.signal, ratio.background)]
        return [f"{self._root}/best/{task}/predictions.h5" for task in dict.fromkeys([*comparison.tasks, *pairs])]

    def in_compared_dataset(self, name: str) -> Callable[[Any], str]:
        """Return a function that names a file of the dataset that the tasks of a comparison share."""

        def path(wildcards: Any) -> str:
            first = self._analysis.comparisons[wildcards.comparison].tasks[0]
            return f"{self._root}/datasets/{self._plan.datasets[first]}/{name}"

        return path

    # --- compressions

    def uncompressed(self, wildcards: Any) -> Path | str | Files:
        """Return the file that is compressed: a sample's own, or the HDF5 file made of it; none if it is remote."""
        compression = self._analysis.compressions[wildcards.compression]
        return self._of_sample(compression.sample, wildcards.file, compression.source)

    def state_of_uncompressed(self, wildcards: Any) -> str:
        """Return size and time of it, if it is a user's own."""
        compression = self._analysis.compressions[wildcards.compression]
        made = compression.source == "hdf5" or self._analysis.samples[compression.sample].simulate is not None
        return "" if made else paths.state(self._plan.sources[compression.sample][wildcards.file])

    def all_uncompressed(self, wildcards: Any) -> list[Path | str]:
        """Return all files that a compression compresses."""
        compression = self._analysis.compressions[wildcards.compression]
        return self._local(compression.sample, compression.source)

    def all_compressed(self, stage: str) -> Callable[[Any], Files]:
        """Return a function that names all files that were ``compressed`` or ``decompressed``."""

        def paths_of(wildcards: Any) -> Files:
            compression = self._analysis.compressions[wildcards.compression]
            ending = ".jlc" if stage == "compressed" else {"hdf5": ".h5", "dxaod": ".root"}[compression.source]
            files = self._plan.sources[compression.sample]
            return [f"{self._root}/{stage}/{wildcards.compression}/{file}{ending}" for file in files]

        return paths_of

    def other_uncompressed(self, wildcards: Any) -> list[Path | str]:
        """Return the files of the other samples that a compression is tried on."""
        compression = self._analysis.compressions[wildcards.compression]
        return [path for sample in compression.others for path in self._local(sample, compression.source)]

    def _local(self, sample: str, source: str) -> list[Path | str]:
        found = (self._of_sample(sample, file, source) for file in self._plan.sources[sample])
        return [path for path in found if isinstance(path, Path | str)]

    def _of_sample(self, sample: str, file: str, source: str) -> Path | str | Files:
        if source == "hdf5":
            return f"{self._root}/hdf5/{sample}/{file}.h5"
        if self._analysis.samples[sample].prepare is not None:
            return f"{self._root}/prepared/{sample}/{file}.root"
        found = self._plan.sources[sample][file]
        return found if isinstance(found, Path) else []
