"""Reading a configuration: YAML or JSON in, a checked :class:`Analysis` out, one line for each mistake."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from jetloom.config.analysis import Analysis
from jetloom.config.tasks.task import Task
from jetloom.config.yaml_text import read_yaml
from jetloom.errors import ConfigurationError, near_misses, shown

Model = TypeVar("Model", bound=BaseModel)


def checked(model: type[Model], content: Mapping[str, Any], path: str | Path | None) -> Model:
    """Check a mapping against a model of the configuration.

    Raises
    ------
    ConfigurationError
        One line that names the file, the key, what is wrong, and for an unknown key the near misses.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        more = error.error_count() - 1
        where = ".".join(_short(part) for part in first["loc"])
        raise ConfigurationError(
            _cause(first, model) + (f" (and {more} more)" if more else ""), path=path, where=where or None
        ) from None


def load_analysis(path: str | Path) -> Analysis:
    """Read and check the configuration of an analysis."""
    return checked(Analysis, read_yaml(path), path)


def load_merged(content: Mapping[str, Any]) -> Analysis:
    """Check a configuration that Snakemake merged from files and command line."""
    return checked(Analysis, content, None)


def _cause(error: Any, model: type[BaseModel]) -> str:
    match error["type"]:
        case "extra_forbidden":
            key = _short(error["loc"][-1])
            return f"unknown key '{key}'; {near_misses(key, _keys_at(model, error['loc']))}"
        case "missing":
            return "is missing"
        case "value_error":
            return str(error["ctx"]["error"])
        case _:
            return f"{error['msg'][0].lower()}{error['msg'][1:]}, not {shown(error['input'])}"


def _short(part: int | str) -> str:
    """Return a part of a key's place, cut where nobody would read on."""
    return str(part)[:60]


def _keys_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are known where an unknown one was found, by walking the models along the location."""
    annotation: Any = model
    for part in location[:-1]:
        annotation = _inside(annotation, part)
    found = _model_in(annotation)
    if found is None:
        return []
    return [field.alias or name for name, field in found.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (found := _model_in(argument)) is not None:
            return found
    return None


def _inside(annotation: Any, part: int | str) -> Any:
    """Step from an annotation to that of one of its keys; for a mapping, to that of its values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if part in (name, field.alias):
                return field.annotation
        return None
    origin = getattr(annotation, "__origin__", None)
    if origin in (dict, list):
        return annotation.__args__[-1]
    found = _model_in(annotation)
    return _inside(found, part) if found is not None else None


def find_task(analysis: Analysis, name: str) -> Task:
    """Return a task of an analysis.

    Raises
    ------
    ConfigurationError
        If there is none of that name.
    """
    if name not in analysis.tasks:
        raise ConfigurationError(f"no task '{name}'", where="tasks", advice=near_misses(name, analysis.tasks))
    return analysis.tasks[name]


def find_owner(analysis: Analysis, name: str) -> Task:
    """Return a task of an analysis that has a dataset of its own.

    Raises
    ------
    ConfigurationError
        If there is none of that name, or it uses another task's dataset.
    """
    task = find_task(analysis, name)
    if task.dataset is not None:
        raise ConfigurationError(
            f"'{name}' uses the dataset of '{task.dataset}'", where="tasks", advice=f"say --task {task.dataset}"
        )
    return task
