"""Whether two samples, or data and a model, agree: chi^2 with its degrees of freedom, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jetloom.statistics.meaning import KEY, finite


@dataclass(frozen=True)
class Agreement:
    """chi^2 and its degrees of freedom; where it means nothing it is NaN, for the reason in ``doubt``."""

    chi2: float
    ndf: int
    doubt: str = ""

    @classmethod
    def of(cls, chi2: float, ndf: int, doubt: str) -> Agreement:
        """Return a chi^2, unless there is a doubt: it is dropped then."""
        return cls(float("nan"), 0, doubt) if doubt else cls(float(chi2), int(ndf))

    def entry(self) -> dict[str, Any]:
        """Return it as JSON files hold it: ``chi2`` and ``ndf``, and the reason where there is no chi^2."""
        found: dict[str, Any] = {"chi2": finite(self.chi2), "ndf": self.ndf}
        return found | ({KEY: self.doubt} if self.doubt else {})

    @property
    def text(self) -> str:
        r"""What stands at a panel, with matplotlib's mathtext: ``$\chi^2$/ndf: 12/10``."""
        return rf"no $\chi^2$ ({self.doubt})" if self.doubt else rf"$\chi^2$/ndf: {self.ratio}"

    @property
    def ratio(self) -> str:
        """The two numbers, ``12/10``, a dash where there are none."""
        return "–" if self.doubt else f"{self.chi2:.0f}/{self.ndf}"
