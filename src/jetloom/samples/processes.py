"""The processes of a sample by their channel numbers: a sample is one process, unless its configuration says more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from jetloom.errors import ConfigurationError
from jetloom.locations import Location

Channels = Mapping[str, list[float]]
"""Channel number -> number of events and sum of weights."""
Allowed = list[int] | Literal["any"] | None

SHOWN = 5
MOST = 1000
"""Different numbers that a channel can have; a variable of more is none."""


def add_channels(parts: Iterable[Channels | None]) -> dict[str, list[float]] | None:
    """Return the channels of several files together; None if none of them has channel numbers."""
    known = [part for part in parts if part is not None]
    total: dict[str, list[float]] = {}
    for part in known:
        for channel, (events, weights) in part.items():
            before = total.get(channel, [0, 0.0])
            total[channel] = [before[0] + events, before[1] + weights]
    return total if known else None


def require_meant(found: Channels | None, allowed: Allowed, where: str, path: Location | None = None) -> None:
    """Require that all processes are meant to be in a sample: one, or those that its configuration lists.

    Parameters
    ----------
    found : mapping or None
        The channels that there are.
    allowed : list of int, "any" or None
        ``samples.<name>.channels``.
    where, path : str, Path or Remote or None
        For the message.

    Raises
    ------
    ConfigurationError
        With the channels and their shares of events and weights.
    """
    if not found or allowed == "any" or (allowed is None and len(found) == 1):
        return
    if allowed is not None and {int(channel) for channel in found} <= set(allowed):
        return
    processes = "1 process that is not in 'channels'" if len(found) == 1 else f"{len(found)} processes"
    raise ConfigurationError(
        f"holds {processes}: {described(found)}",
        path=path,
        where=where,
        advice="they share one cross-section and one sum of weights: make a sample of each; or say that they are "
        f"meant with samples.<name>.channels: [{', '.join(list(found)[:SHOWN])}]",
    )


def unknown_processes(found: Channels | None, events: int, allowed: Allowed) -> str | None:
    """Return a line about events without a channel number beside others that have one, None if there are none."""
    unknown = events - sum(int(part[0]) for part in (found or {}).values())
    if not found or unknown <= 0 or allowed == "any":
        return None
    return (
        f"{unknown} of {events} events have no channel number, the others are of {', '.join(list(found)[:SHOWN])}: "
        "whether they are of one process is not known"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def described(found: Channels) -> str:
    """Return channels as text, with their shares of events and of weights, the most frequent first."""
    events, weights = (sum(part[place] for part in found.values()) or 1.0 for place in (0, 1))
    order = sorted(found.items(), key=lambda item: -item[1][0])
    parts = [
        f"channel {channel} ({_percent(number / events)} of the events, {_percent(weight / weights)} of the weights)"
        for channel, (number, weight) in order[:SHOWN]
    ]
    return ", ".join([*parts, *(["..."] if len(order) > SHOWN else [])])
