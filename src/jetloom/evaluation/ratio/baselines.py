"""What jets tell by their energy, mass and number of constituents alone: what a ratio of two densities is held against.

A density of trees takes energy and mass as given (its seed), so of the classes its ratio can know p(tree | E, m) alone.
The simplest thing in a tree is how many constituents it has. Hence two baselines:

* ``constituents_given_seed``, p(N | E, m): for ratios as they are;
* ``seed_and_constituents``, p(E, m, N): for ratios to which the seed's own was added.

A ratio that is no better has learnt nothing of the trees but their size, however large its area is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jetloom.config.comparisons import BASELINES
from jetloom.errors import EmptySampleError
from jetloom.evaluation.ratio.seeds import dataset_of, require_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from jetloom.data.dataset import Dataset
    from jetloom.data.view import View
    from jetloom.evaluation.classification.aligned import Compared

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

ROUNDS, RATE, LEAVES, FEWEST = 200, 0.05, 12, 40
"""Of the boosted trees: rounds at most, learning rate, leaves of a tree, jets of a leaf."""

NEAREST = 32
"""Training jets of about a jet's energy and mass."""
AT_ONCE = 1 << 13
"""Jets whose neighbours are looked up together."""


@dataclass(frozen=True)
class Known:
    """What is known of jets: all arrays have shape (n,) except ``variables``, (n, 3): log E, log m, N."""

    label: Array
    variables: Floats
    weight: Floats
    events: Array
    """Event numbers, to see that jets are the same as elsewhere."""

    @classmethod
    def of(cls, view: View, role: str) -> Known:
        """Read the jets of a role, without their trees."""
        columns = ("label", "seed_e", "seed_m", "n_branchings", view.weight, "event_number")
        # Copies of the columns: a view would keep all others of the part in memory.
        blocks = [[block[name].copy() for name in columns] for block in view.jet_rows(role)]
        if not blocks:
            return cls(np.zeros(0, np.int32), np.zeros((0, 3)), np.zeros(0), np.zeros(0, np.uint64))
        label, energy, mass, branchings, weight, events = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        # A jet of one massless constituent has a mass of rounding, of either sign.
        logarithms = [np.log(np.maximum(values.astype(np.float64), 1e-6)) for values in (energy, mass)]
        variables = np.stack([*logarithms, branchings + 1.0], axis=1)
        return cls(label, variables, weight.astype(np.float64), events)

    def pair(self, source: int, target: int) -> Known:
        """Return the jets of two classes, with the labels 0 and 1, and weights of the same sum."""
        kept = np.isin(self.label, (source, target))
        is_target, weight = self.label[kept] == target, np.abs(self.weight[kept])
        sums = np.where(is_target, weight[is_target].sum(), weight[~is_target].sum())
        scaled = np.divide(weight, sums, out=np.zeros(len(weight)), where=sums > 0) * len(weight) / 2
        return Known(is_target.astype(np.int32), self.variables[kept], scaled, self.events[kept])


def baselines(view: View, source: int, target: int, role: str = "test") -> tuple[dict[str, Floats], Array]:
    """Return the log ratio of two classes by each baseline, for all jets of a role.

    Boosted trees on (E, m, N) are fitted to the training part with its weights, in absolute value, each class scaled to
    the same sum; the validation part decides on the number of rounds. With their f = log p(E, m, N | target) -
    log p(E, m, N | source), the part of energy and mass alone is the log odds of the mean of 1 / (1 + exp(-f)) over the
    numbers N of training jets of about this energy and mass; what N says for given energy and mass is the rest.
    (Trees on (E, m) of their own would not do: their errors do not cancel in the difference.)

    Parameters
    ----------
    view : View
        Of a dataset with trees.
    source, target : int
        Indices of the classes; the ratio is that of the target to the source.
    role : str

    Returns
    -------
    dict of str to float64 array, shape (n,)
        By the names in :data:`~jetloom.config.comparisons.BASELINES`.
    array, shape (n,)
        The jets' event numbers.

    Raises
    ------
    EmptySampleError
        If the training part has no jets of one of the classes.
    """
    train, validation = (Known.of(view, part).pair(source, target) for part in ("train", "validation"))
    if len(np.unique(train.label)) < 2:
        raise EmptySampleError("lacks jets of one of the classes", where="training part")
    jets = Known.of(view, role)
    odds = _fitted(train, validation)
    whole = odds(jets.variables)
    return dict(zip(BASELINES, (whole - _seed_odds(odds, train, jets), whole), strict=True)), jets.events


def _fitted(train: Known, validation: Known) -> Callable[[Floats], Floats]:
    """Fit boosted trees; give the function that says the log ratio of variables of shape (n, 3)."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    def grown(rounds: int) -> Any:
        trees = HistGradientBoostingClassifier(
            max_iter=rounds, learning_rate=RATE, max_leaf_nodes=LEAVES, min_samples_leaf=FEWEST, early_stopping=False,
            random_state=0,
        )  # fmt: skip
        return trees.fit(train.variables, train.label, sample_weight=train.weight)

    # The order of sums, and so the last bit of a result, depends on the number of threads.
    with threadpool_limits(1):
        trees = grown(ROUNDS)
        if (best := _best_round(trees, validation)) < ROUNDS:
            trees = grown(best)

    def odds(variables: Floats) -> Floats:
        with threadpool_limits(1):
            return np.asarray(trees.decision_function(variables), np.float64)

    return odds


def _best_round(trees: Any, validation: Known) -> int:
    """Return the rounds after which the cross-entropy of the validation part is smallest; all if it is empty."""
    if not validation.weight.sum() > 0:
        return ROUNDS
    sign = 1.0 - 2.0 * validation.label
    staged = trees.staged_decision_function(validation.variables)
    return 1 + int(np.argmin([float(validation.weight @ np.logaddexp(0.0, sign * odds)) for odds in staged]))


def _seed_odds(odds: Callable[[Floats], Floats], train: Known, jets: Known) -> Floats:
    """Return the part of energy and mass alone of the log ratio of jets, shape (n,)."""
    from sklearn.neighbors import KDTree

    spread = np.maximum(train.variables[:, :2].std(axis=0), 1e-9)
    tree, count = KDTree(train.variables[:, :2] / spread), min(NEAREST, len(train.label))
    found = np.empty(len(jets.variables))
    for start in range(0, len(found), AT_ONCE):
        own = jets.variables[start : start + AT_ONCE]
        near = tree.query(own[:, :2] / spread, k=count, return_distance=False)
        # At the energy and mass of the jet, with the numbers that its neighbours have.
        there = np.repeat(own, count, axis=0)
        there[:, 2] = train.variables[near.ravel(), 2]
        weight = train.weight[near] + 1e-12
        chance = 0.5 * (1.0 + np.tanh(0.5 * odds(there).reshape(near.shape)))
        mean = np.clip((weight * chance).sum(axis=1) / weight.sum(axis=1), 1e-9, 1 - 1e-9)
        found[start : start + AT_ONCE] = np.log(mean) - np.log1p(-mean)
    return found


def with_baselines(compared: Compared, dataset: Dataset) -> Compared:
    """Add the baselines to the models that are compared, after all others.

    Raises
    ------
    StaleError, CorruptFileError
        If the predictions are not of this dataset, or its test part holds other jets.
    """
    view = dataset_of(compared, dataset).view(compared.fold)
    found, events = baselines(view, 0, 1)
    require_events(view, "test", events, compared.rows["event_number"])
    return replace(compared, log_ratios=compared.log_ratios | found)
