"""Which trainings of a scan one job does: a bundle, which follows from their names alone.

A training belongs where the first bits of a digest of its name say. So a value that is added to the scan puts its
points into bundles that are there, and moves no other one; only when a scan has grown so much that a bundle would hold
more than ``cluster.points_per_job`` on average, one bit more counts, and all bundles are named anew, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from jetloom.config.analysis import Analysis
from jetloom.errors import ConfigurationError
from jetloom.scan.points.space import points, runs

PATTERN = r"b\d+-[0-9a-f]+|p[0-9a-f]{12}-r\d+(f\d+)?"
"""What names of bundles look like: bits and their value, as ``b5-1f``; or the one training that goes alone."""
ALONE = re.compile(r"(p[0-9a-f]{12})-(r\d+(?:f\d+)?)")
SEVERAL = re.compile(r"b(\d+)-([0-9a-f]+)")
MOST_BITS = 64


class Training(NamedTuple):
    """One training of one point."""

    point: str
    run: str
    """Repetition and fold."""

    @property
    def name(self) -> str:
        """Its name in one word."""
        return f"{self.point}-{self.run}"


def trainings(names: Iterable[str], of_each: Iterable[str]) -> list[Training]:
    """Return the trainings of points, by the points' names and the names of the runs that each has."""
    every = list(of_each)
    return [Training(point, run) for point in names for run in every]


def bits_for(number: int, most: int) -> int:
    """Return how many bits bring the mean size of bundles of so many trainings to ``most`` or less."""
    bits = 0
    while number > most << bits:
        bits += 1
    return bits


def bundles(scan: Iterable[Training], most: int) -> dict[str, list[Training]]:
    """Put trainings into bundles.

    Parameters
    ----------
    scan : iterable of Training
        All trainings of a scan.
    most : int
        How many a bundle has on average, at most (``cluster.points_per_job``). With 1, each goes alone.

    Returns
    -------
    dict
        Name of the bundle -> its trainings, in the order of the scan; bundles in the order of their first ones. None
        is empty.
    """
    every = list(scan)
    if most == 1:
        return {training.name: [training] for training in every}
    bits, found = bits_for(len(every), most), dict[str, list[Training]]()
    for training in every:
        found.setdefault(f"b{bits}-{_first_bits(training, bits):x}", []).append(training)
    return found


def _first_bits(training: Training, bits: int) -> int:
    """Return the first bits of a digest of a training's name.

    The point's name is a digest itself, but all repetitions and folds of a point have it: a point with more of them
    than a bundle holds could not be divided.
    """
    return int.from_bytes(sha256(training.name.encode()).digest()[: MOST_BITS // 8], "big") >> (MOST_BITS - bits)


def scan_trainings(analysis: Analysis, task: str) -> list[Training]:
    """Return all trainings of a task's scan."""
    settings = analysis.tasks[task]
    return trainings((point.name for point in points(settings)), runs(settings))


def scan_bundles(analysis: Analysis, task: str) -> dict[str, list[Training]]:
    """Return the bundles of a task's scan."""
    return bundles(scan_trainings(analysis, task), analysis.cluster.points_per_job)


def members(analysis: Analysis, task: str, bundle: str) -> list[Training]:
    """Return the trainings of a bundle that the scan has, also of one that was named before the scan grew.

    Raises
    ------
    ConfigurationError
        If it is no name of a bundle, or the scan has no training of it.
    """
    found: list[Training] = []
    if match := ALONE.fullmatch(bundle):
        found = [training for training in scan_trainings(analysis, task) if training == (match[1], match[2])]
    elif (match := SEVERAL.fullmatch(bundle)) and int(match[1]) <= MOST_BITS:
        bits, value = int(match[1]), int(match[2], 16)
        found = [training for training in scan_trainings(analysis, task) if _first_bits(training, bits) == value]
    if not found:
        raise ConfigurationError(
            f"the scan has no bundle '{bundle}'", where="--bundle", advice="snakemake -n names those that it has"
        )
    return found
