"""The metrics of all objectives that come with jetloom: no parameter of any model takes the column of one."""

from __future__ import annotations

from jetloom.models.displaced.objective import AgainstData
from jetloom.models.junipr.objective import TreeDensity
from jetloom.models.objectives.metric import Metrics
from jetloom.models.objectives.regression import Regression

SHIPPED = Metrics([*AgainstData.metrics, *TreeDensity.metrics, *Regression.metrics])
