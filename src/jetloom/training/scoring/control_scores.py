"""What a network says of the control region, as one number a metric."""

from __future__ import annotations

import numpy as np

from jetloom.errors import ConfigurationError, EmptySampleError
from jetloom.models.base import Model
from jetloom.training.callbacks.context import Validation
from jetloom.training.scoring.scores import Scores
from jetloom.training.steppers.base import Stepper


def control_scores(stepper: Stepper, model: Model, part: Validation, prefix: str) -> Scores:
    """Evaluate a network on a part of the control region, which is in memory for it: its outputs, not its collections.

    Returns
    -------
    Scores
        The metrics of the objective that are of the control region, with the prefix.

    Raises
    ------
    ConfigurationError
        If its dataset lacks a variable that they need.
    EmptySampleError
        If there are no rows.
    """
    objective = model.objective
    if not objective.of_control:
        return Scores({}, {})
    variables: dict[str, list[np.ndarray]] = {name: [] for name in objective.control_variables}
    for rows in part.rows():
        for name, found in variables.items():
            if name not in (rows.dtype.names or ()):
                raise ConfigurationError(
                    f"the control region has no '{name}', which its metrics are made of",
                    where="spectators",
                    advice=f"add {name} to the spectators of its task",
                )
            found.append(np.asarray(rows[name]))
    targets, outputs, weights = [], [], []
    for batch in part.blocks():
        real = batch.real
        targets.append(np.asarray(batch.target)[real])
        outputs.append(stepper.predict(batch.features)[real])
        weights.append(batch.weights[real])
    if not targets:
        raise EmptySampleError("has no jet of its task's classes", where="control region")
    arrays = {name: np.concatenate(found) for name, found in variables.items()}
    target, output, weight = (np.concatenate(found) for found in (targets, outputs, weights))
    judged = objective.control_metrics(target, output, weight, arrays, stepper.parameters)
    names = objective.of_control
    return Scores.of(
        {f"{prefix}{name}": judged[name][0] for name in names},
        {f"{prefix}{name}": judged[name][1] for name in names},
        arrays={"control": {"target": target, "outputs": output, "weights": weight, **arrays}},
    )
