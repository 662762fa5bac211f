"""Classes in files of the user's own, named as ``my_file.py:Class`` in the configuration."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from jetloom.code_digests import own_imports, training_code
from jetloom.errors import ConfigurationError, JetloomError, MissingFileError, near_misses
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


def methods_of(base: type[Any]) -> dict[str, tuple[str, ...]]:
    """Return the public methods of a class with the parameters that they are called with."""
    found = inspect.getmembers(base, inspect.isfunction)
    return {name: tuple(inspect.signature(one).parameters)[1:] for name, one in found if not name.startswith("_")}


def check_methods(kind: type[Any], base: type[Any], what: str) -> None:
    """Refuse a class that lacks a method, has one under a name that is nearly right, or of other parameters.

    Parameters
    ----------
    kind : type
        A class in a file of the user's own; what it inherits from others in such files is looked at, too.
    base : type
        What it is a subclass of.
    what : str
        What such a class is called, as "model".

    Raises
    ------
    ConfigurationError
        For the first mistake: file, line, class, what is wrong and what was meant.
    """
    methods = methods_of(base)
    known = methods.keys() | {name for name in vars(base) if not name.startswith("_")}
    classes = [one for one in kind.__mro__ if one.__module__.startswith(MODULES)]
    written = {name for one in classes for name in vars(one)}
    for one in classes:
        for name, value in vars(one).items():
            meant = [] if name.startswith("_") or name in known else get_close_matches(name, known, 1, 0.75)
            if meant and meant[0] not in written:
                sort = "method" if inspect.isfunction(value) else "attribute"
                article = "an" if what[0] in "aeiou" else "a"
                raise ConfigurationError(
                    f"'{name}' is no {sort} of {article} {what}; did you mean '{meant[0]}'?",
                    path=file_of(one),
                    where=f"{line_of(value if sort == 'method' else one)}, {one.__name__}",
                )
    if missing := sorted(getattr(kind, "__abstractmethods__", ())):
        raise ConfigurationError(
            f"has no method '{missing[0]}'",
            path=file_of(kind),
            where=f"{line_of(kind)}, {kind.__name__}",
            advice=f"def {missing[0]}({', '.join(('self', *methods.get(missing[0], ())))})",
        )
    for one in classes:
        for name in methods.keys() & vars(one).keys():
            _check_parameters(one, name, methods[name])


def _check_parameters(kind: type[Any], name: str, parameters: tuple[str, ...]) -> None:
    """Refuse a method that cannot be called with its parameters."""
    method = vars(kind)[name]
    if not inspect.isfunction(method):
        return
    try:
        inspect.signature(method).bind(None, *parameters)
    except TypeError as error:
        raise ConfigurationError(
            f"{name} takes other parameters ({error})",
            path=file_of(kind),
            where=f"{line_of(method)}, {kind.__name__}",
            advice=f"def {name}({', '.join(('self', *parameters))})",
        ) from None


def line_of_method(kind: type[Any], name: str) -> str:
    """Return the line where a method of a class of the user's own begins; that of the class, if it inherits it."""
    own = next((one for one in kind.__mro__ if name in vars(one)), kind)
    method = vars(own).get(name)
    return line_of(method if own.__module__.startswith(MODULES) and inspect.isfunction(method) else kind)


@contextmanager
def blamed(kind: type[Any], what: str = "failed", method: str = "") -> Iterator[None]:
    """Say which class of the user's own failed, and in which line of its file; others' errors pass.

    Parameters
    ----------
    kind : type
    what : str
        What failed.
    method : str
        In which method it began.

    Raises
    ------
    ConfigurationError
        If one of the user's own fails.
    """
    try:
        yield
    except JetloomError:
        raise
    except Exception as error:  # whatever the user's class does
        if not kind.__module__.startswith(MODULES):
            raise
        place = failed_at(error, sys.modules[kind.__module__]) or line_of_method(kind, method)
        raise ConfigurationError(
            f"{what} ({type(error).__name__}: {error})", path=file_of(kind), where=f"{place}, {kind.__name__}"
        ) from error


def file_of(kind: type[Any]) -> str:
    """Return the file of a class of the user's own."""
    return str(sys.modules[kind.__module__].__file__)


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
