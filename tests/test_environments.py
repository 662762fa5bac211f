"""The conda environment of the rules pins what the lock file pins."""

import re
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).parent.parent


def test_the_conda_environment_has_the_pins_of_the_lock():
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\\\]+)", (CHECKOUT / "requirements.lock").read_text(), flags=re.M))
    environment = yaml.safe_load((CHECKOUT / "envs" / "cpu.yaml").read_text())
    pinned = dict(
        line.split("==") for part in environment["dependencies"] if isinstance(part, dict) for line in part["pip"]
    )
    assert pinned
    assert pinned == {name: locked[name] for name in pinned}
    assert {"tensorflow-cpu", "snakemake", "uproot", "tensorboard"} <= set(pinned)
