"""Which card a backend computes on, and why it has none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

HIDDEN = ("", "10000", "NoDevFiles", "-1")
"""Values of CUDA_VISIBLE_DEVICES that hide all cards; 10000 is HTCondor's, NoDevFiles Slurm's."""
STEP_DONE = "trained a step on the GPU"
"""What a probe says that could."""
DRIVER = Path("/proc/driver/nvidia/version")
ROCM = Path("/dev/kfd")
"""What a driver of AMD's cards leaves."""


def usable_gpus(backend: str) -> list[str]:
    """Return the names of the GPUs that a backend of Keras, which is imported already, can compute on."""
    if backend == "jax":
        import jax

        return [str(found) for found in jax.devices() if found.platform != "cpu"]
    import tensorflow as tf

    return [found.name for found in tf.config.list_physical_devices("GPU")]


def why_none(
    backend: str, environment: Mapping[str, str] = os.environ, driver: Path = DRIVER, rocm: Path = ROCM
) -> str:
    """Say why a backend sees no GPU: the environment, the driver or the backend itself.

    Parameters
    ----------
    backend : str
        ``tensorflow`` or ``jax``.
    environment : mapping of str to str
        The environment variables of the process.
    driver, rocm : Path
        What the drivers of NVIDIA's and AMD's cards leave on a machine.
    """
    for name in ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"):
        if environment.get(name) in HIDDEN:
            return f"{name} is '{environment[name]}', which hides all cards: the job was given none"
    if (platforms := environment.get("JAX_PLATFORMS", "")) and backend == "jax" and "cpu" in platforms.split(","):
        return f"JAX_PLATFORMS is '{platforms}'"
    if not driver.exists() and not rocm.exists():
        given = environment.get("CUDA_VISIBLE_DEVICES")
        told = f" (CUDA_VISIBLE_DEVICES is '{given}')" if given else ""
        return f"this machine has no driver of a GPU: there is no {driver}{told}"
    return _without_support(backend) or "the driver does not let it: see what nvidia-smi says on this machine"


def _without_support(backend: str) -> str:
    """Say what an installed backend lacks to compute on GPUs; empty if nothing."""
    if backend == "jax":
        plugins = ("jax_cuda13_plugin", "jax_cuda12_plugin", "jax_rocm7_plugin", "jax_rocm60_plugin")
        lacks = not any(map(find_spec, plugins))
        return "the JAX that is installed is for CPUs: install jax[cuda12]" if lacks else ""
    import tensorflow as tf

    if not tf.test.is_built_with_gpu_support():
        return "the TensorFlow that is installed is for CPUs: use envs/gpu.yaml, or install tensorflow[and-cuda]"
    return ""
