"""What a file lacks: the cuts that name it, the weight of its events, and the word about it in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from jetloom.conversion.task import Task
from jetloom.errors import MissingObjectError
from jetloom.expressions import names_in
from jetloom.locations import Location

LOG = logging.getLogger(__name__)
WEIGHT = "events.mc_event_weight"
LUMI_BLOCK = "events.lumi_block"


def without_given(absent: Mapping[str, str], task: Task) -> dict[str, str]:
    """Leave out what a file does not need to have: the weight of recorded events is 1."""
    return {name: branch for name, branch in absent.items() if not (task.is_data and name == WEIGHT)}


def decided_cuts(task: Task, absent: Mapping[str, str]) -> dict[tuple[str, str], bool]:
    """Say what becomes of the cuts that name a variable which a file lacks.

    Parameters
    ----------
    task : Task
        The conversion; ``select.absent`` says whether such a cut passes or fails.
    absent : mapping of str to str
        Variables such as ``jets.width`` that the file lacks, and their branches.

    Returns
    -------
    dict of (str, str) to bool
        By level and cut, whether all rows pass; other cuts are computed.

    Raises
    ------
    MissingObjectError
        If the configuration does not say; if the events of a simulated sample have no weight; or if there is a
        good-runs list and no luminosity block.
    """
    for name, branch in absent.items():
        LOG.warning("%s: has no branch '%s': '%s' is missing in all of its rows", task.path, branch, name)
    if WEIGHT in absent:
        raise without_weight(task.path, f"there is no branch '{absent[WEIGHT]}'")
    if LUMI_BLOCK in absent and task.is_data and task.conversion.good_runs is not None:
        raise MissingObjectError(
            f"has no branch '{absent[LUMI_BLOCK]}', which the good-runs list needs", path=task.path, where=LUMI_BLOCK
        )
    decided: dict[tuple[str, str], bool] = {}
    for level, cut, group, variable, branch in _touched(task, absent):
        verdict = task.conversion.select.absent.get(variable)
        if verdict is None:
            raise MissingObjectError(
                f"has no branch '{branch}', and the cut '{cut}' needs it",
                path=task.path,
                where=f"{group}.{variable}",
                advice=f"say what the cut does there, 'conversion.select.absent: {{{variable}: pass}}' or 'fail', "
                "or take one of both out",
            )
        LOG.warning("%s: the cut '%s' on %s: all %s, for want of '%s'", task.path, cut, level, verdict, variable)
        decided[level, cut] = verdict == "pass" and decided.get((level, cut), True)
    return decided


def _touched(task: Task, absent: Mapping[str, str]) -> Iterator[tuple[str, str, str, str, str]]:
    """Return level, cut, group, variable and branch of each cut on a variable that is absent."""
    select = task.conversion.select
    for level, cuts in (("events", select.events), ("jets", select.jets), *select.constituents.items()):
        groups = ("jets", "events") if level == "jets" else (level,)
        for cut in cuts:
            for variable in sorted(names_in(cut)):
                for group in groups:
                    if (branch := absent.get(f"{group}.{variable}")) is not None:
                        yield level, cut, group, variable, branch


def without_weight(path: Location, why: str) -> MissingObjectError:
    """Return the error of simulated events that have no weight."""
    return MissingObjectError(
        f"simulated events need a weight, and {why}",
        path=path,
        where="mc_event_weight",
        advice="recorded data says so: 'is_data: true' of its sample, or --data; where all events weigh the same, take "
        "mc_event_weight out of the schema",
    )
