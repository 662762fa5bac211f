"""Single variables that are drawn beside a network's score, by flavour."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import Field, model_validator

from jetloom.config.limits import Single
from jetloom.config.settings import Name, Settings, Variable
from jetloom.errors import near_misses, shown


class Flavours(Settings):
    """Single variables beside the network's score: histograms by class, a density of two, ROC curves."""

    signal: Name = Field(description="The class that is to be found.")
    background: Name = Field(description="The class that is to be rejected.")
    variables: dict[Variable, list[Single]] = Field(
        min_length=1, description="Spectators and the range that is drawn of each: {ip_log_ratio: [-10, 15]}."
    )
    score: list[Single] = Field([-10.0, 15.0], description="Range of log(p_signal / p_background).")

    @model_validator(mode="after")
    def _ranges(self) -> Flavours:
        for name, span in {**self.variables, "score": self.score}.items():
            if len(span) != 2 or not span[0] < span[1]:
                raise ValueError(f"'{name}' has the range {shown(span)}; write [lowest, highest]")
        return self


def check_flavours(flavours: Flavours, labels: Collection[str], spectators: Collection[str]) -> None:
    """Refuse classes and variables that a task has not.

    Raises
    ------
    ValueError
        With the near misses.
    """
    for name in (flavours.signal, flavours.background):
        if labels and name not in labels:
            raise ValueError(f"flavours: no class '{name}'; {near_misses(name, labels)}")
    for name in flavours.variables:
        if name not in spectators:
            raise ValueError(f"flavours: '{name}' is no spectator; {near_misses(name, spectators)}")
