"""What a callback wants after a validation."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """What a callback wants; by default that all goes on.

    Attributes
    ----------
    stop : str
        Why the training should end with this epoch; "": it should not. What counts is what is said at the end of an
        epoch.
    forbidden : str
        Why the weights of this validation may not be kept; "": they may.
    miss : float
        By how much they miss what is asked for, above 0. If no weights may be kept, those that miss least are; of
        several callbacks the sum counts.

    Raises
    ------
    ValueError
        If they are forbidden and miss nothing.
    """

    stop: str = ""
    forbidden: str = ""
    miss: float = math.inf

    def __post_init__(self) -> None:
        if self.forbidden and not self.miss > 0:
            raise ValueError(f"weights that may not be kept miss something by more than 0, not by {self.miss}")

    def __add__(self, other: Decision) -> Decision:
        """Return what two callbacks want together."""
        missed = [one.miss for one in (self, other) if one.forbidden]
        stop, forbidden = (
            "; ".join(filter(None, said)) for said in ((self.stop, other.stop), (self.forbidden, other.forbidden))
        )
        return Decision(stop, forbidden, sum(missed) if missed else math.inf)


GO_ON = Decision()
