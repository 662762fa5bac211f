"""The conda environments and the container have what the lock files pin."""

import re
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).parent.parent
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z-]+\])?==([^ ;\\\n]+)", flags=re.MULTILINE)


def _pins(text: str) -> dict[str, str]:
    return {name: version.strip() for name, version in PIN.findall(text)}


@pytest.mark.parametrize(
    ("environment", "lock", "tensorflow"),
    [("cpu", "requirements.lock", "tensorflow-cpu"), ("gpu", "envs/gpu.lock", "tensorflow")],
)
def test_a_conda_environment_has_the_pins_of_its_lock(environment, lock, tensorflow):
    locked = _pins((CHECKOUT / lock).read_text())
    content = yaml.safe_load((CHECKOUT / "envs" / f"{environment}.yaml").read_text())
    lines = [line for part in content["dependencies"] if isinstance(part, dict) for line in part["pip"]]
    pinned = _pins("\n".join(lines))
    assert len(pinned) == len(lines)
    assert pinned == {name: locked[name] for name in pinned}
    assert {tensorflow, "snakemake", "uproot", "snakemake-executor-plugin-slurm"} <= set(pinned)


def test_both_conda_environments_pin_the_same_but_tensorflow():
    cpu, gpu = (
        _pins((CHECKOUT / "envs" / f"{name}.yaml").read_text().replace("      - ", "")) for name in ("cpu", "gpu")
    )
    assert cpu.pop("tensorflow-cpu") == gpu.pop("tensorflow")
    assert cpu == gpu
    assert len(cpu) > 20


def test_the_container_is_made_from_a_lock():
    recipe = (CHECKOUT / "envs" / "container.def").read_text()
    assert "LOCK=requirements.lock" in recipe
    assert "envs/set_up.py /opt/jetloom-env {{ LOCK }}" in recipe
    for lock in re.findall(r"[a-z/]+\.lock", recipe):
        assert (CHECKOUT / lock).is_file()
