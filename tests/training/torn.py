"""What is asked of a training that is torn apart: its weights, its history, and a checkpoint in the middle."""

import csv
import io
import time
import zipfile

import h5py

from jetloom.training import checkpoint


def weights(directory, part="model"):
    """Return the weights of the saved network of a training, or of a part of it, by name."""
    with zipfile.ZipFile(directory / f"{part}.keras") as archive:
        file = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
    found = {}
    file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def history(directory):
    """Return the rows of its history without the time that they took."""
    with (directory / "history.csv").open(newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def wait_for(path, epoch, process):
    """Wait for a checkpoint in the middle of an epoch, not before the one given."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, process.communicate()[1]
        stored = checkpoint.load(path)
        if stored is not None and stored[0].epoch >= epoch:
            return stored[0]
        time.sleep(0.005)
    raise AssertionError("no checkpoint in a minute")
