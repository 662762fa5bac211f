"""Which branches hold the variables of jets, whatever their prefix, and why some cannot be had."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import awkward as ak

from jetloom.errors import InputError, MissingObjectError, near_misses
from jetloom.io.root.files import Source

JOINTS = ("", ".", ":", "_", "Aux.", "AuxDyn.", "Aux:", "AuxDyn:", ".obj.", ".obj.m_specific.")
"""What stands between the prefix of a container and a variable, in the DxAODs of ATLAS and the RECO of CMS."""
EVENT_IDS = {"run_number": "runNumber", "event_number": "eventNumber"}
_EVENT_PREFIXES = ("EventInfo", "")


@dataclass(frozen=True)
class Branches:
    """Where variables lie in a tree.

    Attributes
    ----------
    jets, events : dict of str to str
        Name of a variable to that of its branch.
    missing : dict of str to str
        Variables that cannot be had, and why.
    """

    jets: dict[str, str]
    events: dict[str, str]
    missing: dict[str, str]

    @property
    def all(self) -> list[str]:
        """All branches."""
        return [*self.jets.values(), *self.events.values()]


def find_branches(source: Source, prefix: str, wanted: Iterable[str]) -> Branches:
    """Look where variables of jets lie, and the numbers of run and event.

    Parameters
    ----------
    source : Source
    prefix : str
        Name of the container, as ``AnalysisJets`` or ``HLT_xAOD__JetContainer_TrigHLTJetDSSelectorCollection``; the
        endings Aux and AuxDyn need not be written, because a container has branches of both.
    wanted : iterable of str
        Variables.

    Raises
    ------
    MissingObjectError
        If no variable is there.
    """
    jets: dict[str, str] = {}
    missing: dict[str, str] = {}
    for name in wanted:
        branch = _find(source, _stems(prefix), name)
        reason = "is not in the file" if branch is None else _why_not(source, branch)
        if branch is None or reason:
            missing[name] = reason
        else:
            jets[name] = branch
    if not jets:
        owners = {full.rsplit("/", 1)[-1].partition(".")[0].partition(":")[0] for full in source.names}
        name, reason = next(iter(missing.items()))
        advice = near_misses(prefix, owners) if reason == "is not in the file" else None
        raise MissingObjectError(
            f"has none of the variables ({name}: {reason})", path=source.path, where=prefix, advice=advice
        )
    found = {name: _find(source, _EVENT_PREFIXES, branch) for name, branch in EVENT_IDS.items()}
    return Branches(jets, {name: branch for name, branch in found.items() if branch is not None}, missing)


def _stems(prefix: str) -> tuple[str, ...]:
    """Return a prefix, and without its ending: pt may lie in <container>Aux and Width in <container>AuxDyn."""
    bare = prefix.rstrip(".:")
    for ending in ("AuxDyn", "Aux"):
        if bare.endswith(ending):
            return prefix, bare.removesuffix(ending)
    return (prefix,)


def _find(source: Source, prefixes: Iterable[str], name: str) -> str | None:
    for prefix in prefixes:
        for joint in JOINTS:
            if (found := source.names.get(f"{prefix}{joint}{name}")) is not None:
                return found
    return None


def _why_not(source: Source, branch: str) -> str:
    """Say why a branch is no list of numbers, one a jet; empty if it is."""
    if reason := source.why_unreadable(branch):
        return reason
    try:
        block = next(source.blocks([branch], 100, 100), None)
    except InputError as error:
        return error.cause
    if block is None or len(block[branch]) == 0:
        return ""
    values = block[branch]
    if values.ndim == 2 and not ak.fields(values):
        return ""
    if values.ndim > 2:
        return "has a list of its own length for each jet, not one number: no column can hold it"
    return "has one value an event, not one a jet"
