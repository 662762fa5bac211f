"""Which events took part in a training: decided by channel, run and event number, whatever files are called."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.data.building.split import event_hash
from jetloom.data.dataset import Dataset
from jetloom.errors import CorruptFileError
from jetloom.io.integrity.damage import Interpreting

Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
SALT = 0x5EE2
"""Sets these hashes apart from those of the split."""
TRAINED = ("train", "validation")
"""The roles whose events shaped a network: the validation part chose its epoch."""


@dataclass(frozen=True)
class Group:
    """Events of some processes."""

    channels: frozenset[int]
    """Their channel numbers; empty: not known, any may be meant."""
    hashes: Hashes
    """Of run and event number, rising."""


@dataclass(frozen=True)
class Seen:
    """The events that trained a network or chose its epoch: 8 bytes each."""

    groups: Sequence[Group]

    @classmethod
    def of_datasets(cls, datasets: Iterable[Dataset]) -> Seen:
        """Return the events of the training and validation parts of some datasets without folds."""
        groups = []
        for dataset in datasets:
            names, samples = dataset.description.get("sample_names", []), dataset.description["samples"]
            found: dict[int, list[Hashes]] = {}
            view = dataset.view()
            for role in TRAINED:
                for rows in view.jet_rows(role):
                    hashes = event_hash(rows["run_number"], rows["event_number"], SALT)
                    for sample in np.unique(rows["sample"]):
                        found.setdefault(int(sample), []).append(np.unique(hashes[rows["sample"] == sample]))
            for sample, parts in found.items():
                facts: Mapping[str, Any] = samples.get(names[sample] if sample < len(names) else "", {})
                channels = frozenset(int(number) for number in facts.get("channels") or ())
                groups.append(Group(channels, np.unique(np.concatenate(parts))))
        return cls(groups)

    @property
    def events(self) -> int:
        """How many events there are."""
        return sum(len(group.hashes) for group in self.groups)

    def contains(self, channel: npt.NDArray[Any], run: npt.NDArray[Any], event: npt.NDArray[Any]) -> Mask:
        """Say which events took part.

        Parameters
        ----------
        channel : int array of shape (n,)
            Number of the process; what is not positive is not known, and may be any.
        run, event : integer arrays of shape (n,)
        """
        hashes = event_hash(run, event, SALT)
        found = np.zeros(len(hashes), bool)
        for group in self.groups:
            if not len(group.hashes):
                continue
            place = np.minimum(np.searchsorted(group.hashes, hashes), len(group.hashes) - 1)
            same = group.hashes[place] == hashes
            if group.channels:
                same &= np.isin(channel, list(group.channels)) | (channel <= 0)
            found |= same
        return found

    def as_bytes(self) -> bytes:
        """Return it as a NumPy archive without pickles."""
        arrays = {f"hashes_{index}": group.hashes for index, group in enumerate(self.groups)}
        arrays |= {
            f"channels_{index}": np.array(sorted(group.channels), np.int64) for index, group in enumerate(self.groups)
        }
        file = io.BytesIO()
        np.savez(file, count=np.array(len(self.groups)), **arrays)  # type: ignore[arg-type]
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, path: Path) -> Seen:
        """Read what :meth:`as_bytes` gave.

        Raises
        ------
        CorruptFileError
            If it is damaged.
        """
        with Interpreting(path, "the events that trained"), np.load(io.BytesIO(data), allow_pickle=False) as archive:
            groups = [
                Group(frozenset(archive[f"channels_{index}"].tolist()), archive[f"hashes_{index}"])
                for index in range(int(archive["count"]))
            ]
        for group in groups:
            if group.hashes.dtype != np.uint64 or group.hashes.ndim != 1:
                raise CorruptFileError("does not hold what it should", path=path, where="the events that trained")
        return cls(groups)
