"""The metrics of all objectives that come with jetloom: no parameter of any model takes the column of one."""

from __future__ import annotations

from jetloom.models.junipr.objective import TreeDensity
from jetloom.models.objectives.classification import Classification
from jetloom.models.objectives.metric import Metrics
from jetloom.models.objectives.regression import Regression

SHIPPED = Metrics([*Classification.metrics, *TreeDensity.metrics, *Regression.metrics])
