"""Sets of variables of jets by name, as triggers and derivations of ATLAS keep them (names of DxAODs).

``27`` is what studies of trigger-level jets with autoencoders kept of a jet, in their order; ``25`` is that without
widths, ``16`` what DAOD_PHYS has of it (with moments of tracks), ``4`` the momentum alone.
``19`` and ``24`` are those of particle-flow jets in open data of CMS (arXiv:2305.02283), under the names of PFJet.
"""

from __future__ import annotations

from jetloom.errors import ConfigurationError, near_misses

FOUR = ("pt", "eta", "phi", "m")
_AREA = ("ActiveArea4vec_eta", "ActiveArea4vec_m", "ActiveArea4vec_phi", "ActiveArea4vec_pt")
_27 = (
    *FOUR, "ActiveArea", *_AREA, "AverageLArQF", "NegativeE", "HECQuality", "LArQuality", "Width", "WidthPhi",
    "CentroidR", "DetectorEta", "LeadingClusterCenterLambda", "LeadingClusterPt", "LeadingClusterSecondLambda",
    "LeadingClusterSecondR", "N90Constituents", "EMFrac", "HECFrac", "Timing", "OotFracClusters10", "OotFracClusters5",
)  # fmt: skip
_24 = (
    "pt_", "eta_", "phi_", "mass_", "mJetArea", "mChargedHadronEnergy", "mNeutralHadronEnergy", "mPhotonEnergy",
    "mElectronEnergy", "mMuonEnergy", "mHFHadronEnergy", "mHFEMEnergy", "mChargedHadronMultiplicity",
    "mNeutralHadronMultiplicity", "mPhotonMultiplicity", "mElectronMultiplicity", "mMuonMultiplicity",
    "mHFHadronMultiplicity", "mHFEMMultiplicity", "mChargedEmEnergy", "mChargedMuEnergy", "mNeutralEmEnergy",
    "mChargedMultiplicity", "mNeutralMultiplicity",
)  # fmt: skip
_MOSTLY_ZERO = ("mChargedEmEnergy", "mChargedMuEnergy", "mMuonEnergy", "mMuonMultiplicity", "mElectronEnergy")

SETS = {
    "4": FOUR,
    "16": (
        *FOUR, *_AREA, "Jvt", "JVFCorr", "JvtRpt", "FracSamplingMax", "FracSamplingMaxIndex", "Width", "EMFrac",
        "Timing",
    ),
    "19": tuple(name for name in _24 if name not in _MOSTLY_ZERO),
    "24": _24,
    "25": tuple(name for name in _27 if name not in ("Width", "WidthPhi")),
    "27": _27,
}  # fmt: skip
"""Name -> variables, in order."""

DISCRETE = ("N90Constituents", "ActiveArea")
"""Those that take few values: a decoder rounds the one, and snaps the other to values that it has seen."""

GROUPS = {
    "momentum": FOUR,
    "active area": ("ActiveArea", *_AREA),
    "liquid argon": ("AverageLArQF", "LArQuality", "HECQuality", "NegativeE"),
    "fractions": ("EMFrac", "HECFrac", "N90Constituents"),
    "shape": ("Width", "WidthPhi", "CentroidR", "DetectorEta"),
    "leading cluster": (
        "LeadingClusterPt", "LeadingClusterCenterLambda", "LeadingClusterSecondLambda", "LeadingClusterSecondR",
    ),
    "time": ("Timing", "OotFracClusters5", "OotFracClusters10"),
}  # fmt: skip
"""Variables that are drawn together."""


def variables_of(name: str, where: str) -> tuple[str, ...]:
    """Return the variables of a set.

    Raises
    ------
    ConfigurationError
        If there is no such set.
    """
    if name not in SETS:
        raise ConfigurationError(f"no set of variables '{name}'", where=where, advice=near_misses(name, SETS))
    return SETS[name]
