"""Constituents of jets on their way to trees, and the policies for what cannot be one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from numba import njit

from jetloom.config.tasks.trees import Trees
from jetloom.physics.clustering import pieces
from jetloom.trees.reasons import APART, FEW, MANY, NO_CONSTITUENTS, NO_ENERGY, NO_PLACE, NONE, NOT_FINITE

Momenta = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LARGEST = 1e30
"""GeV. A component of a momentum beyond counts as not finite: its square must fit, and so must sums in float32."""


@dataclass(frozen=True)
class Constituents:
    """The constituents of some jets.

    Attributes
    ----------
    momenta : float64 array, shape (constituents, 4)
        px, py, pz, E in GeV.
    offsets : int64 array, shape (jets + 1,)
        The constituents of jet i are rows ``offsets[i]`` to ``offsets[i + 1]``.
    found : int64 array, shape (jets,)
        How many each jet really has: more than these if some had no place in the file.
    """

    momenta: Momenta
    offsets: Integers
    found: Integers

    @classmethod
    def of(cls, momenta: Momenta, counts: npt.NDArray[np.integer]) -> Constituents:
        """Return jets of which all constituents are here."""
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
        return cls(momenta, offsets, np.asarray(counts, np.int64))

    def __len__(self) -> int:
        return len(self.found)

    def keep(self, constituents: Mask, jets: Mask) -> Constituents:
        """Return what is left with some constituents, and some of the jets; those of other jets must not be kept."""
        if constituents.all() and jets.all():
            return self
        sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(constituents, dtype=np.int64)])
        counts = np.diff(sums[self.offsets])[jets]
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        return Constituents(self.momenta[constituents], offsets, self.found[jets])


@dataclass
class Judgement:
    """What the policies say of some jets.

    Attributes
    ----------
    reason : uint8 array, shape (jets,)
        Why it is not the tree it should be, :data:`jetloom.trees.reasons.NONE` if it is.
    kept : bool array, shape (jets,)
        Whether it becomes a tree.
    pieces : int32 array, shape (jets, 2)
        Constituents of the largest and the second piece of a jet that falls apart.
    lost : dict of str to int
        Constituents that were taken away, by reason.
    """

    reason: npt.NDArray[np.uint8]
    kept: Mask
    pieces: npt.NDArray[np.int32]
    lost: dict[str, int] = field(default_factory=dict)

    def take_away(self, reason: str, number: int) -> None:
        """Count constituents that are lost."""
        self.lost[reason] = self.lost.get(reason, 0) + int(number)


def judge(constituents: Constituents, settings: Trees) -> tuple[Constituents, Judgement]:
    """Apply the policies of the configuration.

    Returns
    -------
    Constituents
        Those that become trees, of the jets that are kept.
    Judgement
        Of all jets.
    """
    jets = len(constituents)
    verdict = Judgement(np.full(jets, NONE, np.uint8), np.ones(jets, np.bool_), np.zeros((jets, 2), np.int32))
    keep = np.ones(len(constituents.momenta), np.bool_)
    gone = _judge(
        constituents.momenta, constituents.offsets, constituents.found,
        settings.min_constituents, settings.max_constituents, settings.min_energy,
        settings.bad_constituents == "drop_jet", settings.too_long == "truncate",
        keep, verdict.reason, verdict.kept,
    )  # fmt: skip
    for reason, number in zip(("no or negative energy", "beyond trees.max_constituents"), gone, strict=True):
        verdict.take_away(reason, number)
    left = constituents.keep(keep, verdict.kept)
    verdict.take_away("its jet is no tree", len(keep) - sum(gone) - len(left.momenta))
    return left if settings.radius is None else _within_radius(left, settings, verdict), verdict


def _within_radius(constituents: Constituents, settings: Trees, verdict: Judgement) -> Constituents:
    """Find the jets that fall apart, and do with them what the configuration says."""
    piece = pieces(constituents.momenta, constituents.offsets, exponent(settings), settings.radius or 0.0)
    keep = np.ones(len(piece), np.bool_)
    sizes = np.zeros((len(constituents), 2), np.int32)
    _measure_pieces(constituents.momenta, constituents.offsets, piece, settings.split_jets == "largest", sizes, keep)
    apart, stays = sizes[:, 1] > 0, np.ones(len(constituents), np.bool_)
    rows = np.flatnonzero(verdict.kept)
    verdict.reason[rows[apart]] = APART
    verdict.pieces[rows[apart]] = sizes[apart]
    if settings.split_jets == "drop":
        stays = ~apart
    elif settings.split_jets == "largest":
        verdict.take_away("not in the largest piece", len(keep) - int(keep.sum()))
        stays = ~apart | (sizes[:, 0] >= settings.min_constituents)
        verdict.reason[rows[~stays]] = FEW
    verdict.kept[rows[~stays]] = False
    before = int(keep.sum())
    keep &= np.repeat(stays, np.diff(constituents.offsets))
    verdict.take_away("its jet is no tree", before - int(keep.sum()))
    return constituents.keep(keep, stays)


def exponent(settings: Trees) -> float:
    """Return the exponent p of generalised kt."""
    named = {"cambridge_aachen": 0.0, "anti_kt": -1.0, "kt": 1.0}
    return named[settings.algorithm] if isinstance(settings.algorithm, str) else settings.algorithm


@njit(cache=True, error_model="numpy")
def _judge(
    momenta: Momenta, offsets: Integers, found: Integers, fewest: int, most: int, lowest: float, strict: bool,
    truncate: bool, keep: Mask, reason: npt.NDArray[np.uint8], kept: Mask,
) -> tuple[int, int]:  # fmt: skip
    """Judge each jet by its constituents; give the numbers without energy and beyond the hardest of kept jets."""
    powerless, beyond = 0, 0
    for jet in range(len(found)):
        start, stop = offsets[jet], offsets[jet + 1]
        bad, finite = 0, True
        for row in range(start, stop):
            for axis in range(4):
                # Written so that it is also false of NaN.
                finite &= abs(momenta[row, axis]) < LARGEST
            if not momenta[row, 3] > lowest:
                keep[row] = False
                bad += 1
        count = stop - start - bad
        whole = max(count, found[jet] - bad)
        if not finite:
            reason[jet], kept[jet] = NOT_FINITE, False
        elif bad and strict:
            reason[jet], kept[jet] = NO_ENERGY, False
        elif count == 0:
            reason[jet], kept[jet] = NO_CONSTITUENTS, False
        elif count < fewest:
            reason[jet], kept[jet] = FEW, False
        elif whole > most:
            reason[jet], kept[jet] = MANY, truncate
        elif whole > count:
            reason[jet] = NO_PLACE
        if not kept[jet]:
            keep[start:stop] = False
            continue
        powerless += bad
        if count > most:
            _keep_hardest(momenta[start:stop], most, keep[start:stop])
            beyond += count - most
    return powerless, beyond


@njit(cache=True, error_model="numpy")
def _keep_hardest(momenta: Momenta, most: int, keep: Mask) -> None:
    """Keep the ones of highest pt; of equals the first."""
    falling = np.argsort(-(momenta[:, 0] ** 2 + momenta[:, 1] ** 2), kind="mergesort")
    left = most
    for row in falling:
        if keep[row]:
            keep[row] = left > 0
            left -= 1


@njit(cache=True, error_model="numpy")
def _measure_pieces(
    momenta: Momenta, offsets: Integers, piece: npt.NDArray[np.int32], largest_only: bool,
    sizes: npt.NDArray[np.int32], keep: Mask,
) -> None:  # fmt: skip
    """Return the sizes of the two pieces of highest pt of each jet, the second 0 if it is whole."""
    for jet in range(len(sizes)):
        start, stop = offsets[jet], offsets[jet + 1]
        number = piece[start:stop].max() + 1
        count, px, py = np.zeros(number, np.int32), np.zeros(number), np.zeros(number)
        for row in range(start, stop):
            count[piece[row]] += 1
            px[piece[row]] += momenta[row, 0]
            py[piece[row]] += momenta[row, 1]
        falling = np.argsort(-(px * px + py * py), kind="mergesort")
        sizes[jet, 0] = count[falling[0]]
        if number > 1:
            sizes[jet, 1] = count[falling[1]]
            if largest_only:
                for row in range(start, stop):
                    keep[row] = piece[row] == falling[0]
