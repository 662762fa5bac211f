"""Peak memory of conversion, dataset building and training, for 0.2 and for 2 million jets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from bench import conversion
from bench.measurement import Measurement, peak_memory
from jetloom.io.hdf5.tables import TableWriter

SMALL, LARGE = 200_000, 2_000_000


def measure(directory: Path) -> list[Measurement]:
    """Return the peak of each stage at the large size, beside that at the small one."""
    peaks: dict[str, list[float]] = {"conversion": [], "dataset building": [], "training": []}
    for jets in (SMALL, LARGE):
        home = directory / str(jets)
        home.mkdir()
        source = home / "dxaod.root"
        # Few constituents, so that ten times as many jets still fit on a disk.
        conversion.make_file(source, conversion.COMPRESSIONS["zstd"], jets // conversion.JETS, constituents=4)
        arguments = ["--schema", "simulated", "--slots", "constituents=10", source, "--output", home / "converted.h5"]
        peaks["conversion"].append(peak_memory("hdf5", "-q", *arguments))
        source.unlink()
        for sample, seed in (("a", 1), ("b", 2)):
            _hdf5(home / f"{sample}.h5", jets // 2, seed)
        config = home / "analysis.yaml"
        config.write_text(yaml.safe_dump(_analysis()))
        task = ["--config", config, "--task", "task"]
        files = ["--hdf5", f"a={home / 'a.h5'}", "--hdf5", f"b={home / 'b.h5'}"]
        peaks["dataset building"].append(peak_memory("dataset", "-q", *task, *files, "--output", home / "dataset"))
        peaks["training"].append(
            peak_memory("train", "-q", *task, "--dataset", home / "dataset", "--output", home / "run")
        )
    return [
        Measurement(
            f"peak memory of {stage}, {LARGE / 1e6:g} M jets", large, "MB", f"{SMALL / 1e6:g} M jets {small:.0f} MB",
            large / small, "< 1.10",
        )
        for stage, (small, large) in peaks.items()
    ]  # fmt: skip


def _hdf5(path: Path, jets: int, seed: int) -> None:
    """Write a file as jetloom hdf5 does, of jets with ten variables."""
    random = np.random.default_rng(seed)
    names = [f"v{index}" for index in range(10)]
    keys = [("run_number", "<u4"), ("event_number", "<u8"), ("mc_event_weight", "<f4"), ("label", "<i4")]
    dtype = np.dtype(keys + [(name, "<f4") for name in names])
    with TableWriter(path, {"jets": (dtype, None), "before": (dtype, None)}) as writer:
        for start in range(0, jets, 50_000):
            rows = np.zeros(min(50_000, jets - start), dtype)
            rows["event_number"] = np.arange(start, start + len(rows))
            rows["mc_event_weight"] = 1
            rows["label"] = random.integers(0, 2, len(rows))
            for name in names:
                rows[name] = random.normal(rows["label"] * 0.1, 1.0)
            writer.append(jets=rows, before=rows[:10])
        writer.attributes = {
            "status": "converted", "reason": "", "events": jets, "sum_of_weights": float(jets), "counts": [],
            "titles": {}, "units": {},
        }  # fmt: skip


def _analysis() -> dict[str, object]:
    return {
        "samples": {name: {"files": [f"{name}.root"]} for name in ("a", "b")},
        "tasks": {
            "task": {
                "labels": {"zero": {"when": "label == 0"}, "one": {"when": "label == 1"}},
                "inputs": [f"v{index}" for index in range(10)],
                "spectators": ["v0"],
                "parameters": {"epochs": 1, "batch_size": 4096},
            }
        },
    }
