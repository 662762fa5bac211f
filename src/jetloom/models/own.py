"""Classes in files of the user's own, named as ``my_file.py:Class`` in the configuration."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from jetloom.code_digests import own_imports, training_code
from jetloom.errors import ConfigurationError, MissingFileError, near_misses
from jetloom.provenance import digest, file_digest

OWN = ".py:"
"""What the name of such a class has in it."""

MODULES = "jetloom_own_"
"""What the names of their modules begin with."""


def own_class(name: str, kind: type[Any], what: str, where: str) -> Any:
    """Import a file and return a class of it.

    Parameters
    ----------
    name : str
        File and class, as ``my_models.py:Residual``; the path is relative to the working directory.
    kind : type
        What it must be a subclass of.
    what : str
        What such a class is called, as "model".
    where : str
        The key of the configuration.

    Raises
    ------
    ConfigurationError
        If there is no such class, or the file cannot be imported; the message names the near misses.
    MissingFileError
        If there is no such file.
    """
    path, attribute = own_file(name, where), name.rpartition(":")[2]
    module = _imported(path)
    found = getattr(module, attribute, None)
    if not (isinstance(found, type) and issubclass(found, kind)):
        known = [key for key, value in vars(module).items() if isinstance(value, type) and issubclass(value, kind)]
        raise ConfigurationError(
            f"has no {what} '{attribute}' (a subclass of {kind.__module__}.{kind.__name__})",
            path=path,
            advice=near_misses(attribute, {key for key in known if vars(module)[key].__module__ == module.__name__}),
        )
    return found


def own_file(name: str, where: str) -> Path:
    """Return the file of a class.

    Raises
    ------
    MissingFileError
        If it is not there.
    """
    path = Path(name.rpartition(":")[0])
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path, where=where)
    return path


def own_code(trainer: str, path: Path) -> str:
    """Return a digest of the code of a file that takes part in a training, and of what it imports from jetloom."""
    return digest([file_digest(path), training_code(trainer, *own_imports(path.read_bytes()))])


def line_of(thing: Any) -> str:
    """Return the line where a class or a function begins, as "line 12"."""
    return f"line {inspect.getsourcelines(thing)[1]}"


def check_methods(kind: type[Any], methods: Mapping[str, tuple[str, ...]], what: str, path: Path) -> None:
    """Refuse a class that lacks a method, has one under a name that is nearly right, or of other parameters.

    Parameters
    ----------
    kind : type
        The class.
    methods : mapping of str to tuple of str
        What is called of it, and with what.
    what : str
        What such a class is called, as "callback".
    path : Path
        Its file.

    Raises
    ------
    ConfigurationError
        With file and line.
    """
    written = {name: value for name, value in vars(kind).items() if inspect.isfunction(value)}
    for name, method in written.items():
        meant = get_close_matches(name, methods, 1, 0.75)
        if name not in methods and meant and meant[0] not in written:
            raise ConfigurationError(
                f"'{name}' is no method of {'an' if what[0] in 'aeiou' else 'a'} {what}; did you mean '{meant[0]}'?",
                path=path,
                where=f"{line_of(method)}, {kind.__name__}",
            )
    if missing := sorted(getattr(kind, "__abstractmethods__", ())):
        raise ConfigurationError(
            f"has no method '{missing[0]}'",
            path=path,
            where=f"{line_of(kind)}, {kind.__name__}",
            advice=f"def {missing[0]}(self, {', '.join(methods.get(missing[0], ()))})",
        )
    for name in methods.keys() & written.keys():
        try:
            inspect.signature(written[name]).bind(None, *methods[name])
        except TypeError as error:
            raise ConfigurationError(
                f"{name} takes other parameters ({error})",
                path=path,
                where=f"{line_of(written[name])}, {kind.__name__}",
                advice=f"def {name}({', '.join(('self', *methods[name]))})",
            ) from None


def defined_at(kind: type[Any], otherwise: str) -> tuple[str, Path | None]:
    """Return line and name, and the file, of a class of the user's own; of another one what stands in their place."""
    module = sys.modules[kind.__module__]
    if not module.__name__.startswith(MODULES):
        return otherwise, None
    return f"{line_of(kind)}, {kind.__name__}", Path(str(module.__file__))


def failed_at(error: BaseException, module: ModuleType) -> str:
    """Return the last line of a module that an error came through, as "line 12"."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == module.__file__]
    return f"line {lines[-1]}" if lines else ""


def _imported(path: Path) -> ModuleType:
    # Under one name, so that layers which the file registers with Keras are registered once.
    name = f"{MODULES}{path.stem}_{file_digest(path)[-12:]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module  # before its code, as Python does: dataclasses look themselves up
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the user's file does
        del sys.modules[name]
        raise ConfigurationError(f"cannot be imported ({type(error).__name__}: {error})", path=path) from error
    return module
