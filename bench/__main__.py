"""Measure everything, print the table, and write it as CSV: ``python -m bench [part ...]``."""

from __future__ import annotations

import csv
import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from bench import (
    adversary,
    apply,
    cluster,
    compression,
    conversion,
    demo,
    displaced,
    exports,
    hdf5,
    junipr,
    learning,
    memory,
    scale,
    startup,
    trees,
)
from bench.measurement import CHECKOUT, Measurement

MODULES = {
    module.__name__.rsplit(".", 1)[1]: module
    for module in (
        conversion,
        hdf5,
        trees,
        junipr,
        adversary,
        apply,
        compression,
        memory,
        scale,
        startup,
        cluster,
        demo,
        learning,
        exports,
        displaced,
    )
}
PACKAGES = ("snakemake", "uproot", "awkward", "h5py", "numpy", "keras", "tensorflow-cpu", "jax")


def main(wanted: list[str]) -> None:
    """Run the parts that are wanted, all if none is named."""
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}")
    print(", ".join(f"{name} {version(name)}" for name in PACKAGES))
    rows: list[Measurement] = []
    # What needs a batch system or hours is measured by its name only: python -m bench cluster.
    for name in wanted or [name for name in MODULES if name not in ("cluster", "learning")]:
        with tempfile.TemporaryDirectory() as directory:
            for row in MODULES[name].measure(Path(directory)):
                rows.append(row)
                print(f"{row.what}\n    {row.value:.4g} {row.unit}; {row.peer}; ratio {row.ratio:.3f}", flush=True)
                print(f"    goal {row.goal}" if row.goal else "    no goal", flush=True)
    target = CHECKOUT / "bench" / "results" / "benchmarks.csv"
    target.parent.mkdir(exist_ok=True)
    with target.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Measurement._fields)
        writer.writerows(rows)
    print(f"written to {target.relative_to(CHECKOUT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
