"""Moments of jets: numbers that summarise their constituents and tracks, under their names in DxAODs (GeV here)."""

from __future__ import annotations

from typing import Any

import numpy as np

from jetloom.simulation.geometry import delta_r

MISSING = -1.0
_JVF_SLOPE = 0.01
_C1_POWER = 0.2


def constituent_moments(jets: Any) -> dict[str, Any]:
    """Return the moments of the constituents of jets.

    Parameters
    ----------
    jets : awkward.Array
        A list an event, with ``eta``, ``phi`` and ``constituents`` (``pt``, ``eta``, ``phi``, ``m``, ``em``).

    Returns
    -------
    dict of str to awkward.Array
        A list an event each. ``Width``: sum of pT dR over sum of pT. ``EMFrac``: electromagnetic share of the energy.
        ``N90Constituents``: the least number of constituents that carry 90 % of the energy.
    """
    import awkward as ak

    parts = jets.constituents
    energy = np.sqrt((parts.pt * np.cosh(parts.eta)) ** 2 + parts.m**2)
    return {
        "Width": _width(parts.pt, delta_r(parts, jets)),
        "EMFrac": ak.sum(energy * parts.em, axis=2) / ak.sum(energy, axis=2),
        "N90Constituents": _leading_count(energy, 0.9),
    }


def track_moments(tracks: Any, others: Any) -> dict[str, Any]:
    """Return the moments of the tracks of jets.

    Parameters
    ----------
    tracks : awkward.Array
        A list of lists an event: the tracks of each jet, with ``pt`` (GeV), ``eta``, ``phi``, ``dr`` (distance to the
        jet) and ``primary`` (is it of the primary vertex).
    others : array (events,)
        Number of tracks in the event that are not of the primary vertex.

    Returns
    -------
    dict of str to awkward.Array
        A list an event each, all but ``Jvt`` of tracks of the primary vertex: ``NumTrkPt500`` and ``SumPtTrkPt500``
        (GeV) above 0.5 GeV; ``TrackWidthPt1000`` above 1 GeV; and the three variables of the quark/gluon tagger of
        arXiv:2308.00716: number, width, and the two-point correlation C1 with exponent 0.2. Widths and C1 are
        -1 without tracks.
    """
    import awkward as ak

    primary = tracks[tracks.primary]
    half = primary[primary.pt > 0.5]
    count = ak.values_astype(ak.num(half.pt, axis=2), np.int32)
    whole = primary[primary.pt > 1.0]
    return {
        "NumTrkPt500": count,
        "SumPtTrkPt500": ak.sum(half.pt, axis=2),
        "TrackWidthPt1000": _width(whole.pt, whole.dr),
        "Jvt": _vertex_fraction(tracks, others),
        "DFCommonJets_QGTagger_NTracks": count,
        "DFCommonJets_QGTagger_TracksWidth": _width(half.pt, half.dr),
        "DFCommonJets_QGTagger_TracksC1": _correlation(half),
    }


def _ratio(numerator: Any, denominator: Any) -> Any:
    import awkward as ak

    return ak.where(denominator > 0, numerator / ak.where(denominator > 0, denominator, 1.0), MISSING)


def _width(pt: Any, distance: Any) -> Any:
    import awkward as ak

    return _ratio(ak.sum(pt * distance, axis=2), ak.sum(pt, axis=2))


def _correlation(tracks: Any) -> Any:
    """Return the sum over pairs of pT1 pT2 dR^0.2, over the squared sum of pT: ECF(2)/ECF(1)^2 of arXiv:1305.0007."""
    import awkward as ak

    one, other = ak.unzip(ak.combinations(tracks[["pt", "eta", "phi"]], 2, axis=2))
    pairs = ak.sum(one.pt * other.pt * delta_r(one, other) ** _C1_POWER, axis=2)
    return _ratio(pairs, ak.sum(tracks.pt, axis=2) ** 2)


def _vertex_fraction(tracks: Any, others: Any) -> Any:
    """Return the corrected jet-vertex fraction corrJVF (ATLAS-CONF-2014-018, k = 0.01), an input of the real Jvt."""
    import awkward as ak

    good = ak.sum(tracks.pt[tracks.primary], axis=2)
    bad = ak.sum(tracks.pt[~tracks.primary], axis=2)
    return _ratio(good, good + bad / (_JVF_SLOPE * np.maximum(others, 1)))


def _leading_count(energy: Any, share: float) -> Any:
    import awkward as ak

    falling = ak.sort(energy, axis=2, ascending=False)
    counts = ak.to_numpy(ak.flatten(ak.num(falling, axis=2)))
    values = ak.to_numpy(ak.flatten(falling, axis=None))
    running = np.concatenate([[0.0], np.cumsum(values)])
    last = np.cumsum(counts)
    before, total = running[last - counts], running[last] - running[last - counts]
    # A constituent is needed as long as those ahead of it fall short of the share.
    ahead = running[:-1] - np.repeat(before, counts)
    needed = ahead < np.repeat(share * total, counts) * (1 - 1e-12)
    kept = np.diff(np.concatenate([[0], np.cumsum(needed)])[np.concatenate([[0], last])])
    return ak.unflatten(kept.astype(np.int32), ak.num(energy, axis=1))
