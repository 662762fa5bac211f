"""jetloom: DxAODs to trained, ranked and reported jet taggers, orchestrated by Snakemake."""

from __future__ import annotations

__version__ = "0.1.0"
