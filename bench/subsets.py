"""Datasets with fewer jets to train on: the first so many of one random order, so that each holds the smaller ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from jetloom.data.block import Block
from jetloom.data.building.part_writer import PartWriter
from jetloom.data.dataset import DESCRIPTION, Dataset
from jetloom.io import sealed
from jetloom.provenance import digest

ORDER = 11


def subset(source: Path, directory: Path, jets: int) -> int:
    """Write a dataset that trains on some of another's jets, and validates and tests on all; give how many train.

    What was fitted on the training part (means, ranges, factors of the classes) stays that of all its jets.

    Parameters
    ----------
    source : Path
        Directory of the dataset. Its parts besides the training part are linked to.
    directory : Path
        Where the new one goes.
    jets : int
        How many are to train.
    """
    whole = Dataset.open(source)
    view, description = whole.view(), json.loads(json.dumps(whole.description))
    every = Block.concatenate(list(view.blocks("train")))
    chosen = every.take(np.sort(np.random.default_rng(ORDER).permutation(len(every))[:jets]))
    for role, files in view.files.items():
        for path in files:
            target = directory / path.relative_to(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            if role == "train":
                with PartWriter(target, chosen.rows.dtype, chosen.branchings is not None, "none") as writer:
                    writer.append(chosen)
            else:
                target.symlink_to(path.resolve())
    for entry in description["summary"]:
        if entry["part"] == "train":
            entry["jets"] = int((chosen["label"] == whole.classes.index(entry["class"])).sum())
    description["fingerprint"] = digest([description["fingerprint"], ORDER, jets])
    sealed.write_json(directory / DESCRIPTION, description)
    return len(chosen)
