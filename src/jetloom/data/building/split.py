"""The part of each event, from a hash of its run and event number: never from its position, so it stays for ever."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.split import Split

PARTS = ("train", "validation", "test")


def event_hash(run_number: npt.NDArray[Any], event_number: npt.NDArray[Any], salt: int = 0) -> npt.NDArray[np.uint64]:
    """Hash (run, event) to 64 well-mixed bits, the same on every machine.

    The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) is applied to the event number, then to its
    combination with the run number and the salt.

    Parameters
    ----------
    run_number, event_number : integer arrays of shape (n,)
        The key of each row's event.
    salt : int
        Another salt gives an independent hash.

    Returns
    -------
    uint64 array of shape (n,)
    """
    golden = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        state = mix(event_number.astype(np.uint64) + golden)
        state = mix(state + golden * run_number.astype(np.uint64) + golden)
        return mix(state ^ mix(np.asarray([salt], np.uint64) + golden))


def assign_parts(hashes: npt.NDArray[np.uint64], split: Split) -> npt.NDArray[np.int8]:
    """Return the part of each row: an index into :data:`PARTS`, or the fold if the split has folds.

    Parameters
    ----------
    hashes : uint64 array of shape (n,)
        From :func:`event_hash`.
    split : Split
        Shares of the parts, or the number of folds.

    Returns
    -------
    int8 array of shape (n,)
    """
    shares = uniform(hashes)
    if split.folds:
        return np.minimum(np.floor(shares * split.folds), split.folds - 1).astype(np.int8)
    edges = [split.train, split.train + split.validation]
    return np.searchsorted(edges, shares, side="right").astype(np.int8)


def uniform(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """Return numbers between 0 and 1 for hashes of 64 bits."""
    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53


def part_names(split: Split) -> list[str]:
    """Return the names of the parts that files are made for: train, validation, test; or fold0, fold1, ..."""
    return [f"fold{k}" for k in range(split.folds)] if split.folds else list(PARTS)


def roles(split: Split, fold: int | None) -> dict[str, list[str]]:
    """Say which parts train, validate and test.

    In fold ``f`` the part ``f`` tests, the next one (or as many as ``slices`` says) validates and the others train, so
    that over all folds each event is tested exactly once, by a model that never saw it.
    """
    names = part_names(split)
    if fold is None:
        return {name: [name] for name in names}
    number = 1 if split.slices is None else split.slices.validation
    validation = [(fold + 1 + place) % split.folds for place in range(number)]
    train = [name for k, name in enumerate(names) if k not in (fold, *validation)]
    return {"train": train, "validation": [names[k] for k in validation], "test": [names[fold]]}


def folds(split: Split) -> list[int | None]:
    """Return the folds to train: ``[None]`` without cross-validation."""
    return list(range(split.folds)) if split.folds else [None]


def mix(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return 64 well-mixed bits for each 64 bits: the finaliser of SplitMix64."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
