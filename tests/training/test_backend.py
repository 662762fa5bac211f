"""The choice of the device; each in a process of its own, because a backend is chosen once."""

import os
import subprocess
import sys

import pytest

from jetloom.training.backends.devices import why_none

PROGRAM = """
import logging, os
logging.basicConfig(level=logging.INFO, format="%(message)s")
from jetloom.training.backends.backend import use_backend
print(use_backend("{backend}", 1, "{device}"), os.environ.get("CUDA_VISIBLE_DEVICES", "any"))
"""


HIDDEN = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_gpu_that_is_not_there_is_refused_or_missed_aloud(backend):
    refused = _run(backend, "gpu", **HIDDEN)
    assert refused.returncode == 1
    assert "WrongResourceError: training.device: device: gpu, and no GPU can be used by" in refused.stderr
    assert "CUDA_VISIBLE_DEVICES is '-1', which hides all cards" in refused.stderr
    done = _run(backend, "auto", **HIDDEN)
    assert done.stdout.split()[0] == "cpu"
    assert f"device: auto: no GPU can be used by {backend}" in done.stderr
    assert "it computes on the CPU" in done.stderr


def test_without_a_word_no_gpu_is_touched():
    done = _run("jax", "cpu", CUDA_VISIBLE_DEVICES="0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["cpu", "-1"]
    assert "GPU" not in done.stderr


def _run(backend, device, **environment):
    program = PROGRAM.format(backend=backend, device=device)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=os.environ | environment
    )


@pytest.mark.parametrize(
    ("environment", "driver", "words"),
    [
        ({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, True, "CUDA_VISIBLE_DEVICES is 'NoDevFiles', which hides all cards"),
        ({"ROCR_VISIBLE_DEVICES": ""}, True, "ROCR_VISIBLE_DEVICES is '', which hides all cards"),
        ({"JAX_PLATFORMS": "cpu"}, True, "JAX_PLATFORMS is 'cpu'"),
        ({"CUDA_VISIBLE_DEVICES": "0"}, False, "has no driver of a GPU: there is no .* (CUDA_VISIBLE_DEVICES is '0')"),
        ({}, True, "the JAX that is installed is for CPUs"),
    ],
)
def test_it_is_said_why_there_is_no_gpu(tmp_path, environment, driver, words):
    path = tmp_path / "version"
    if driver:
        path.write_text("NVRM version")
    found = why_none("jax", environment, path, tmp_path / "none")
    assert all(part in found for part in words.split(" .* "))


def test_a_step_on_a_card_that_is_not_there_is_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "jetloom.training.backends.one_step", "jax"],
        capture_output=True, text=True, check=False, env=os.environ | HIDDEN,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("training.device: device: gpu, and no GPU can be used by jax on ")
    assert done.stdout == ""
