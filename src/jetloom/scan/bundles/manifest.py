"""The manifest of a bundle: written when each of its trainings has a result, with the digests of these results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jetloom import paths
from jetloom.config.analysis import Analysis
from jetloom.io.sealed import write_json
from jetloom.provenance import file_digest
from jetloom.scan.bundles.membership import Training
from jetloom.scan.result_file import RESULT


def lacking(analysis: Analysis, task: str, trainings: Sequence[Training]) -> list[Training]:
    """Return those of some trainings that have no result, whatever it may be a result of."""
    root = str(paths.scan(analysis, task))
    return [one for one in trainings if not Path(f"{root}/{one.point}/{one.run}/{RESULT}").is_file()]


def write_manifest(analysis: Analysis, task: str, bundle: str, trainings: Sequence[Training]) -> Path:
    """Write the manifest of a bundle whose trainings all have a result; give its path.

    Equal results give an equal manifest, so what follows from it is not made again.
    """
    path = paths.manifest(analysis, task, bundle)
    digests = {one.name: file_digest(paths.training(analysis, task, *one) / RESULT) for one in trainings}
    write_json(path, {"bundle": bundle, "results": digests})
    return path
