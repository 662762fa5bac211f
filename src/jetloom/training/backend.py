"""Choosing the Keras backend, and making it deterministic, before Keras is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from jetloom.errors import ConfigurationError


def use_backend(name: str, threads: int) -> None:
    """Choose the backend of Keras for this process.

    Parameters
    ----------
    name : str
        ``tensorflow`` or ``jax``.
    threads : int
        CPU threads; the order of sums, and so the last bit of a result, depends on them.

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
    try:
        if name == "tensorflow":
            with _unseen("jax", "sklearn", "matplotlib"):
                import keras
                import tensorflow as tf  # noqa: F401
            _prepare_tensorflow(threads)
        else:
            os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false" if threads == 1 else "")
            import jax  # noqa: F401

            with _unseen("sklearn", "matplotlib"):
                import keras  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{error.name} is not installed", where="training.backend", advice="run make setup"
        ) from None


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
