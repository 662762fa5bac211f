"""`make demo` in a fresh clone with an environment of its own; the packages come from the cache if they are there."""

from __future__ import annotations

from pathlib import Path

from bench.measurement import CHECKOUT, Measurement, run


def measure(directory: Path) -> list[Measurement]:
    """Time the demonstration from nothing, and its set-up alone."""
    clone = directory / "clone"
    run(["git", "clone", "-q", CHECKOUT, clone])
    set_up = run(["make", "setup"], cwd=clone).seconds
    demo = run(["make", "demo"], cwd=clone).seconds
    total = set_up + demo
    return [
        Measurement("make demo in a fresh clone", total, "s", f"its set-up {set_up:.0f} s", total / set_up, "< 600 s")
    ]
