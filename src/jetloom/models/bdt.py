"""Boosted decision trees on jet variables: gradient boosting on histograms, the baseline that networks have to beat.

The trees are those of scikit-learn's ``HistGradientBoostingClassifier``. The defaults are the number of trees, depth
and learning rate of the ATLAS quark/gluon study. NaN is a value of its own: each cut sends it to the better side.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, PositiveInt

from jetloom.config.limits import Penalty, Rate, Trees
from jetloom.config.settings import Settings
from jetloom.data.block import Block
from jetloom.data.features import input_matrix
from jetloom.data.streams.batch import Batch
from jetloom.data.view import DataFacts
from jetloom.models.base import Model


class BdtParameters(Settings):
    """Parameters of boosted decision trees. All of them can be scanned, and together they name a point."""

    n_trees: Trees = Field(300, description="Rounds of boosting at most; each is an epoch of the history.")
    depth: Annotated[int, Field(ge=1, le=20)] = Field(3, description="Cuts from the root to a leaf at most.")
    learning_rate: Rate = Field(0.15, description="Share of each tree that is added.")
    leaf_jets: Annotated[PositiveInt, Field(le=10**9)] = Field(20, description="Jets in a leaf at least.")
    leaves: Annotated[int, Field(ge=2, le=2**20)] | None = Field(
        None, description="Leaves of a tree at most; null: no limit."
    )
    l2: Penalty = Field(0.0, description="L2 penalty on the values of leaves.")
    inputs_per_cut: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="Random share of the inputs that each cut chooses from."
    )
    bins: Annotated[int, Field(ge=2, le=255)] = Field(255, description="Bins of each input, of equal content.")


class Bdt(Model):
    """Boosted decision trees."""

    parameters: ClassVar[type[Settings]] = BdtParameters
    trainer: ClassVar[Literal["network", "boosted"]] = "boosted"
    file: ClassVar[str] = "model.json"

    def build(
        self,
        parameters: BdtParameters,
        data: DataFacts,  # noqa: ARG002 - the bins are found by the fit
        seed: int,
        start: Mapping[str, Path],  # noqa: ARG002 - it starts from no other model
    ) -> Any:
        """Build the classifier that is to be fitted."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            learning_rate=parameters.learning_rate,
            max_iter=parameters.n_trees,
            max_leaf_nodes=parameters.leaves,
            max_depth=parameters.depth,
            min_samples_leaf=parameters.leaf_jets,
            l2_regularization=parameters.l2,
            max_features=parameters.inputs_per_cut,
            max_bins=parameters.bins,
            early_stopping=False,
            random_state=seed,
        )

    def features(self, jets: Block, data: DataFacts) -> npt.NDArray[np.float32]:
        """Return the input columns as a matrix of shape (rows, inputs)."""
        return input_matrix(jets.rows, data.rows.names)

    def loss(self, batch: Batch, outputs: Any, parameters: BdtParameters) -> Any:  # noqa: ARG002
        """Return the cross-entropy of each row from probabilities, with numpy: nothing is differentiated here."""
        return -np.log(np.maximum(outputs[np.arange(len(batch)), batch.target], np.finfo(np.float64).tiny))
