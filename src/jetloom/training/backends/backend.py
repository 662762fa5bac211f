"""Choosing the Keras backend, and making it deterministic, before Keras is imported."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from jetloom.errors import ConfigurationError, WrongResourceError
from jetloom.training.backends.devices import usable_gpus, why_none

logger = logging.getLogger(__name__)


def use_backend(name: str, threads: int, device: str = "cpu") -> str:
    """Choose the backend of Keras, and where it computes, for this process.

    Parameters
    ----------
    name : str
        ``tensorflow`` or ``jax``.
    threads : int
        CPU threads; the order of sums, and so the last bit of a result, depends on them.
    device : str
        ``gpu``; ``auto``: a GPU if there is one; or ``cpu``: then no GPU is touched although the machine may have one.

    Returns
    -------
    str
        Where it computes: ``gpu`` or ``cpu``, which is logged unless it was ``cpu`` that was asked for.

    Raises
    ------
    ConfigurationError
        If Keras already runs on another backend or the backend is not installed.
    WrongResourceError
        If a GPU is asked for and the backend can use none. It says whether the environment, the driver or the backend
        is the cause.
    """
    import_backend(name, threads, device)
    if name == "tensorflow":
        _prepare_tensorflow(threads)
    return _found_device(name, device)


def import_backend(name: str, threads: int, device: str = "cpu") -> None:
    """Import the backend of Keras, and no more: no device is touched and no thread is started.

    So a process that has done it may fork, and each child goes on from here.

    Raises
    ------
    ConfigurationError
        If Keras already runs on another backend or the backend is not installed.
    """
    if "keras" in sys.modules and os.environ.get("KERAS_BACKEND", "tensorflow") != name:
        raise ConfigurationError(
            f"Keras already runs on {os.environ.get('KERAS_BACKEND', 'tensorflow')}, not on {name}",
            where="training.backend",
        )
    os.environ["KERAS_BACKEND"] = name
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    if device == "cpu":
        os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}
    try:
        if name == "tensorflow":
            with _unseen("jax", "sklearn", "matplotlib"):
                import keras
                import tensorflow as tf  # noqa: F401
        else:
            os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false" if threads == 1 else "")
            import jax  # noqa: F401

            with _unseen("sklearn", "matplotlib"):
                import keras  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed", where="training.backend", advice="run make setup"
        ) from None


def _found_device(name: str, device: str) -> str:
    """Say where the backend computes, and refuse to compute elsewhere than asked for."""
    if device == "cpu":
        return "cpu"
    if names := usable_gpus(name):
        logger.info("computes on %s", ", ".join(names))
        return "gpu"
    reason = why_none(name)
    if device == "gpu":
        raise WrongResourceError(
            f"device: gpu, and no GPU can be used by {name} on {socket.gethostname()}: {reason}",
            where="training.device",
            advice="ask the administrators, or say 'device: auto' to train where there is none as well",
        )
    logger.warning("device: auto: no GPU can be used by %s (%s): it computes on the CPU", name, reason)
    return "cpu"


@contextmanager
def _unseen(*packages: str) -> Iterator[None]:
    """Let packages look as if they were not installed.

    TensorFlow and Keras import these if they find them, for wrappers and figures that a training never uses; without
    them the start of a job takes half the time.
    """
    hidden = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]


def _prepare_tensorflow(threads: int) -> None:
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:  # already started, as in a test session: the first choice holds
        pass
    for device in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(device, True)
    tf.config.experimental.enable_op_determinism()
