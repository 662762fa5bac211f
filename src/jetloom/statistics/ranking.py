"""Jets ordered by score once, so that areas and efficiencies cost no further sorting for other weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Array = npt.NDArray[Any]


class Ranking:
    """Signal and background jets ordered by a score.

    The order is found once; the bootstrap then asks for the same quantities with many sets of weights.

    Parameters
    ----------
    positive : array of bool, shape (n,)
        True for signal jets, False for background jets.
    scores : array of float, shape (n,)
        Higher is more like signal. Equal scores stay together, as no cut can separate them.
    """

    def __init__(self, positive: Array, scores: Array) -> None:
        self.signal = np.asarray(positive, dtype=bool)
        self.values, self._place = np.unique(scores, return_inverse=True)

    def _sums(self, weights: Array) -> tuple[Floats, Floats]:
        """Return the weights of signal and of background at each score, from the lowest to the highest."""
        rows = len(self.values)
        signal = np.bincount(self._place, weights * self.signal, minlength=rows)
        background = np.bincount(self._place, weights * ~self.signal, minlength=rows)
        return signal.astype(np.float64), background.astype(np.float64)

    def auc(self, weights: Array) -> float:
        """Return the probability that a signal jet scores higher than a background jet; a tie counts one half.

        The Mann-Whitney form of the area under the ROC curve. Unlike an integral by trapezoids it does not need
        efficiencies that only rise, so weights may be negative. NaN if either kind has no weight.
        """
        signal, background = self._sums(weights)
        pairs = signal.sum() * background.sum()
        if not (signal.sum() > 0 and background.sum() > 0) or np.isnan(self.values).any():
            return float("nan")
        below = np.cumsum(background) - background
        return float((signal * (below + 0.5 * background)).sum() / pairs)

    def efficiencies(self, weights: Array) -> tuple[Floats, Floats]:
        """Return the signal and background efficiencies of all cuts, from the tightest (0, 0) to none (1, 1)."""
        signal, background = (np.cumsum(np.append(0.0, part[::-1])) for part in self._sums(weights))
        with np.errstate(divide="ignore", invalid="ignore"):
            return signal / signal[-1], background / background[-1]

    def background_at(self, targets: Array, weights: Array) -> Floats:
        """Return the background efficiency where the signal efficiency has the values of ``targets``.

        Between two cuts the curve is a straight line. Negative weights can let the signal efficiency fall; it is
        then kept at its highest value so far, so that the curve stays a function.
        """
        signal, background = self.efficiencies(weights)
        if not (np.isfinite(signal[-1]) and np.isfinite(background[-1])):
            return np.full(len(targets), np.nan)
        return np.interp(targets, np.maximum.accumulate(signal), background)

    def cut_at(self, target: float, weights: Array) -> float:
        """Return the cut on the score (jets at or above it pass) that keeps at least the share ``target`` of signal."""
        signal, _ = self.efficiencies(weights)
        if not np.isfinite(signal[-1]):
            return float("nan")
        # Element 0 of the efficiencies is "nothing passes", element k keeps the k highest scores.
        kept = max(1, int(np.argmax(signal >= min(target, signal.max()) - 1e-12)))
        return float(self.values[len(self.values) - kept])
