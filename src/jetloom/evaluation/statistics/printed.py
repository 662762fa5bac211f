"""Numbers with their uncertainties as texts, the same in logs, tables and legends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from jetloom.statistics.meaning import KEY, not_meaningful


def measured(value: float | None, std: float | None) -> str:
    """Write a value with its uncertainty, both to two digits of the uncertainty, e.g. ``0.8123 ± 0.0021``."""
    if value is None or not math.isfinite(value):
        return "∞" if value is not None and value > 0 and math.isinf(value) else "–"
    if std is None or not math.isfinite(std) or std <= 0:
        return f"{value:.4g}"
    digits = max(0, min(6, 1 - math.floor(math.log10(std))))
    return f"{value:.{digits}f} ± {std:.{digits}f}"


def written(entry: Mapping[str, Any]) -> str:
    """Write a figure as JSON files hold it; :meth:`jetloom.statistics.meaning.Figure.entry` gives them."""
    return not_meaningful(entry[KEY]) if entry.get(KEY) else measured(entry["value"], entry["std"])
