"""Boosted decision trees as plain numbers: read from scikit-learn, written as JSON, applied by a compiled loop.

scikit-learn has no format of its own but pickles, which run code when they are opened and do not outlive a version.
Here the trees are lists of numbers, and :meth:`BoostedTrees.sums` gives the same bits as scikit-learn does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from numba import njit

from jetloom.errors import CorruptFileError
from jetloom.io import sealed

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

FORMAT = "jetloom-boosted-trees-1"
MOST_CLASSES = 10_000
NODE = np.dtype(
    [
        ("feature", "<i4"), ("threshold", "<f8"), ("missing_left", "?"),
        ("left", "<i4"), ("right", "<i4"), ("value", "<f8"),
    ]
)  # fmt: skip
"""A node: a jet goes to ``left`` if its ``feature`` is at most ``threshold`` (or is NaN and ``missing_left``), else to
``right``. A leaf has the feature -1, and adds its ``value`` to the sum of its class. Root first."""


@dataclass(frozen=True)
class BoostedTrees:
    """A trained ensemble.

    Attributes
    ----------
    inputs : list of str
        Columns of the inputs, in order.
    classes : int
        Number of classes.
    learnt : list of int
        Classes that the training part had; the others get probability 0.
    baseline : float64 array, shape (sums,)
        What the sums start from. Two classes have one sum, the log odds of the second; more have one a class.
    trees : list of structured arrays
        Nodes of each tree (:data:`NODE`), ``sums`` trees a round of boosting.
    """

    inputs: list[str]
    classes: int
    learnt: list[int]
    baseline: Floats
    trees: list[Array]

    @classmethod
    def of(cls, estimator: Any, inputs: list[str], classes: int) -> Self:
        """Read the trees of a fitted ``HistGradientBoostingClassifier`` (numerical features only)."""
        trees = [nodes_of(predictor) for round_ in estimator._predictors for predictor in round_]
        learnt = [int(value) for value in estimator.classes_]
        return cls(inputs, classes, learnt, np.ravel(estimator._baseline_prediction).astype(np.float64), trees)

    @property
    def rounds(self) -> int:
        """Rounds of boosting."""
        return len(self.trees) // len(self.baseline)

    def first(self, rounds: int) -> Self:
        """Return the ensemble after its first rounds."""
        return replace(self, trees=self.trees[: rounds * len(self.baseline)])

    def sums(self, features: Array) -> Floats:
        """Return the sums of the trees for features of shape (n, inputs): (n, sums)."""
        total = np.tile(self.baseline, (len(features), 1))
        for place, tree in enumerate(self.trees):
            add(tree, features, total[:, place % len(self.baseline)])
        return total

    def probabilities(self, features: Array) -> Floats:
        """Return the probabilities of the classes for features of shape (n, inputs): (n, classes)."""
        return spread(self.sums(features), self.learnt, self.classes)

    def save(self, path: Path) -> None:
        """Publish the trees as JSON: numbers as decimal digits that read back to the same bits."""
        trees = [{name: tree[name].tolist() for name in NODE.names or ()} for tree in self.trees]
        head = {"format": FORMAT, "inputs": self.inputs, "classes": self.classes, "learnt": self.learnt}
        # What is published is what was read back: a file that lost a digit is not published.
        sealed.write_json(path, head | {"baseline": self.baseline.tolist(), "trees": trees}, indent=None)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        MissingFileError, CorruptFileError
            If there is no such file, or it does not hold trees as they were written.
        """
        content = sealed.read_json(path, "train this point again", "train this point first")
        try:
            return cls._from(content)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise CorruptFileError(f"does not hold boosted trees ({error})", path=path) from None

    @classmethod
    def _from(cls, content: dict[str, Any]) -> Self:
        if content["format"] != FORMAT:
            raise ValueError(f"its format is {content['format']!r}")
        inputs, classes, learnt = content["inputs"], int(content["classes"]), [int(one) for one in content["learnt"]]
        trees = [_tree(entry, len(inputs)) for entry in content["trees"]]
        baseline = np.array(content["baseline"], dtype=np.float64)
        if not 2 <= len(learnt) <= classes <= MOST_CLASSES or sorted(set(learnt) & set(range(classes))) != learnt:
            raise ValueError("its classes cannot be")
        if baseline.shape != (1 if len(learnt) == 2 else len(learnt),) or len(trees) % len(baseline):
            raise ValueError("its sums are not those of its classes")
        if not np.isfinite(baseline).all():
            raise ValueError("a sum begins with no number")
        return cls(inputs, classes, learnt, baseline, trees)


def nodes_of(predictor: Any) -> Array:
    """Return the nodes of one tree of scikit-learn's as :data:`NODE`."""
    theirs = predictor.nodes
    nodes = np.zeros(len(theirs), NODE)
    leaf = theirs["is_leaf"].astype(bool)
    nodes["feature"] = np.where(leaf, -1, theirs["feature_idx"])
    # "All that is not missing" is the threshold infinity there, which JSON has not; no input is larger than this.
    nodes["threshold"] = np.where(leaf, 0.0, np.minimum(theirs["num_threshold"], np.finfo(np.float64).max))
    nodes["missing_left"] = theirs["missing_go_to_left"].astype(bool) & ~leaf
    for name in ("left", "right"):
        nodes[name] = np.where(leaf, 0, theirs[name])
    nodes["value"] = theirs["value"]
    return nodes


def spread(sums: Floats, learnt: list[int], classes: int) -> Floats:
    """Turn sums of shape (n, sums) into probabilities of shape (n, classes), by softmax."""
    # The log odds of two classes are a softmax as well, in which the first class has the sum 0.
    exponents = np.column_stack([np.zeros(len(sums)), sums]) if sums.shape[1] == 1 else sums
    found = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    found /= found.sum(axis=1, keepdims=True)
    probabilities = np.zeros((len(sums), classes))
    probabilities[:, learnt] = found
    return probabilities


def _tree(entry: dict[str, list[Any]], inputs: int) -> Array:
    """Return a tree's nodes as an array in which no step leads out of it or back."""
    nodes = np.zeros(len(entry["feature"]), NODE)
    for name in NODE.names or ():
        nodes[name] = entry[name]
    split = nodes["feature"] >= 0
    own = np.arange(len(nodes))
    for name in ("left", "right"):
        if not ((nodes[name] > own) & (nodes[name] < len(nodes)))[split].all():
            raise ValueError("a node leads nowhere")
    if not len(nodes) or nodes["feature"].max() >= inputs:
        raise ValueError("a node asks for an input that there is not")
    if not (np.isfinite(nodes["threshold"]).all() and np.isfinite(nodes["value"]).all()):
        raise ValueError("a node holds no number")
    return nodes


@njit(cache=True)
def add(tree: Array, features: Array, total: Floats) -> None:
    """Add to ``total`` of shape (n,) what a tree says of features of shape (n, inputs)."""
    for row in range(len(features)):
        place = 0
        while tree[place]["feature"] >= 0:
            node = tree[place]
            value = features[row, node["feature"]]
            left = node["missing_left"] if np.isnan(value) else value <= node["threshold"]
            place = node["left"] if left else node["right"]
        total[row] += tree[place]["value"]
