"""The choice of the device; each in a process of its own, because a backend is chosen once."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import logging, os
logging.basicConfig(level=logging.INFO, format="%(message)s")
from jetloom.training.backend import use_backend
print(use_backend("{backend}", 1, "{device}"), os.environ.get("CUDA_VISIBLE_DEVICES", "any"))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_gpu_that_is_not_there_is_missed_aloud(backend):
    done = _run(backend, "gpu", CUDA_VISIBLE_DEVICES="-1", JAX_PLATFORMS="cpu")
    assert done.stdout.split()[0] == "cpu"
    assert f"no GPU is visible to {backend}: it computes on the CPU" in done.stderr


def test_without_a_word_no_gpu_is_touched():
    done = _run("jax", "cpu", CUDA_VISIBLE_DEVICES="0")
    assert done.stdout.split() == ["cpu", "-1"]
    assert "GPU" not in done.stderr


def _run(backend, device, **environment):
    program = PROGRAM.format(backend=backend, device=device)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ | environment
    )
