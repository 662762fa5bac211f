"""The rows of any file as a model takes them: cuts of its task, inputs and collections, as its dataset has them."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.config.tasks.task import Task
from jetloom.cutflow import CutFlow
from jetloom.data.block import BRANCHINGS, Block
from jetloom.data.building.absence import absent_variables, input_values, verdict
from jetloom.data.building.collected import collectors
from jetloom.data.building.labels import UNLABELLED, assign_labels, of_other_samples
from jetloom.errors import BadValueError, ConfigurationError, MissingObjectError, near_misses
from jetloom.expressions import column_name, evaluate_mask, names_in
from jetloom.inference.applied.recipe import Recipe
from jetloom.io.hdf5.described import Described
from jetloom.io.trees import JET_TREE

logger = logging.getLogger(__name__)

STAGE = "apply"
NONE: Mapping[str, float] = MappingProxyType({})


class Preparation:
    """Makes what a model takes of the rows of one file.

    Parameters
    ----------
    recipe : Recipe
        The model's inputs, cuts and collections.
    described : Described
        The tables of the file.
    sample : str
        Name of its sample.
    conditions : mapping of str to float
        Values of the task's conditions, where the sample has none of its own.

    Raises
    ------
    MissingObjectError
        If the file lacks a variable of an input or a cut; one line with the near misses.
    BadValueError
        If a variable has another unit than where the model was trained.
    """

    def __init__(
        self, recipe: Recipe, described: Described, sample: str = "", conditions: Mapping[str, float] = NONE
    ) -> None:
        self.task, self._path, self._sample = recipe.task, described.path, sample
        self._conditions = _conditions(recipe.task, described, sample, conditions)
        self._check_variables(described)
        _check_units(recipe, described)
        self._absent = absent_variables(described)
        self._cuts: dict[str, bool] = {}
        for text in self.task.select:
            for name in sorted(names_in(text) & set(self._absent)):
                said = verdict(self.task, described, name, f"cut '{text}'", self._absent[name])
                self._cuts[text] = said == "pass" and self._cuts.get(text, True)
        for text in self.task.inputs:
            if not names_in(text).isdisjoint(self._absent):
                logger.warning("%s: the input '%s' is missing in all of its rows", described.path, text)
        self._collectors = collectors(self.task, described)
        self._dtype = np.dtype(
            [
                *((column_name(text), "<f4") for text in self.task.inputs),
                *((name, JET_TREE[name].str) for name in (JET_TREE.names or ()) if self.task.reads == "trees"),
            ]
        )

    def _check_variables(self, described: Described) -> None:
        known = {*(described.dtype("jets").names or ()), *self._conditions}
        if self.task.reads == "trees" and BRANCHINGS not in described.rows:
            raise MissingObjectError(
                "holds no trees, which the model reads", path=self._path, advice="give a file that jetloom trees made"
            )
        for text in [*self.task.inputs, *self.task.select]:
            for name in sorted(names_in(text) - known):
                raise MissingObjectError(
                    f"has no variable '{name}', which the model needs for '{text}'",
                    path=self._path,
                    where="jets",
                    advice=near_misses(name, known),
                )

    def passed(self, block: Block, unit: str, flow: CutFlow) -> npt.NDArray[np.bool_]:
        """Say which rows pass the cuts of the task, and count what each takes away."""
        columns, mask = self._columns(block), np.ones(len(block), bool)
        left = len(block)
        for cut in self.task.select:
            decided = self._cuts.get(cut)
            mask = mask & (evaluate_mask(cut, columns, len(block)) if decided is None else decided)
            after = int(mask.sum())
            flow.add(STAGE, unit, cut, left, after)
            left = after
        return mask

    def prepared(self, block: Block, flow: CutFlow) -> Block:
        """Return what the model takes of some rows: their inputs as float32, NaN where one is missing."""
        rows = np.zeros(len(block), self._dtype)
        columns = self._columns(block)
        for text in self.task.inputs:
            absent = not names_in(text).isdisjoint(self._absent)
            values = np.float32(np.nan) if absent else input_values(text, columns, len(block))
            rows[column_name(text)] = np.where(np.isfinite(values), values, np.float32(np.nan))
        for name in (self._dtype.names or ())[len(self.task.inputs) :]:
            rows[name] = block.rows[name]
        trees = {} if block.trees is None else {BRANCHINGS: block.trees}
        return Block(rows, {**trees, **{one.name: one.of(block, flow) for one in self._collectors}}, block.unit)

    def _columns(self, block: Block) -> dict[str, npt.NDArray[Any]]:
        constant = {name: np.full(len(block), value, np.float32) for name, value in self._conditions.items()}
        return columns_of(block.rows) | constant

    def labels(self, block: Block) -> npt.NDArray[np.int32]:
        """Return the class of each row as far as the file knows it, -1 where it does not."""
        known = set(block.rows.dtype.names or ()) - set(self._absent)
        unknown = {name for name, label in self.task.labels.items() if not names_in(label.when) <= known}
        unknown |= of_other_samples(self.task.labels, self._sample)
        if len(unknown) == len(self.task.labels):
            return np.full(len(block), UNLABELLED, np.int32)
        return assign_labels(self.task.labels, columns_of(block.rows), len(block), unknown)


def columns_of(rows: npt.NDArray[np.void]) -> dict[str, npt.NDArray[Any]]:
    """Return the columns of structured rows by name."""
    return {name: rows[name] for name in rows.dtype.names or ()}


def _check_units(recipe: Recipe, described: Described) -> None:
    """Refuse a file whose variables have other units than those that the model was trained on."""
    if not described.has_attribute("units"):
        return
    units: Mapping[str, Mapping[str, str]] = described.attribute("units", dict[str, dict[str, str]])
    for table, wanted in recipe.units().items():
        for name, unit in wanted.items():
            found = units.get(table, {}).get(name, unit)
            if found != unit:
                raise BadValueError(
                    f"is in {found or 'no unit'}, and the model was trained on {unit or 'no unit'}",
                    path=described.path,
                    where=f"{table}.{name}",
                    advice="give the schema of the file its 'unit', and convert it again",
                )


def _conditions(task: Task, described: Described, sample: str, given: Mapping[str, float]) -> dict[str, float]:
    """Return the values of the inputs that parametrise: the sample's own, or those that are given.

    Raises
    ------
    ConfigurationError
        If there is none, or one is given that the task does not have.
    """
    if unknown := sorted(set(given) - set(task.conditions)):
        advice = near_misses(unknown[0], task.conditions)
        raise ConfigurationError(f"the task has no condition '{unknown[0]}'", where="conditions", advice=advice)
    found = {name: given.get(name, values.get(sample)) for name, values in task.conditions.items()}
    for name, value in found.items():
        if value is None:
            raise ConfigurationError(
                f"the model is parametrised in '{name}', and sample '{sample}' has no value of it",
                path=described.path,
                where=f"conditions.{name}",
                advice=f"say at which value: --condition {name}=500, or tasks.<name>.apply.conditions",
            )
    return {name: float(value) for name, value in found.items() if value is not None}


LEGAL = re.compile(r"\W")


def output_names(recipe: Recipe, taken: Mapping[str, object]) -> list[str]:
    """Return the names of the columns of the outputs: ``output_<class>``; of other models what their objective says.

    Raises
    ------
    ConfigurationError
        If two are the same, or one is that of a variable.
    """
    columns = recipe.model.objective.columns(recipe.facts(recipe.folds[0]))
    names = [LEGAL.sub("_", f"output_{name.removeprefix('score_')}") for name in columns]
    for name in names:
        if names.count(name) > 1 or name in taken:
            raise ConfigurationError(f"two columns of the output would be called '{name}'", advice="rename the class")
    return names
