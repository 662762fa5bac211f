"""Events that two samples have in common: overlapping skims of one process, or of one stream of recorded data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from jetloom.config.samples import Sample
from jetloom.samples.facts import SKIPPED, WAITING, FileFacts
from jetloom.samples.repeated import repeated_events

DATA = "data"


def shared_events(samples: Mapping[str, Sequence[FileFacts]], settings: Mapping[str, Sample]) -> dict[str, list[str]]:
    """Return, by sample, a line for each sample before it that holds some of its events.

    Run and event number alone say nothing across samples, for each simulated one counts from 1. With the channel
    number they do, and so they do of recorded data. Samples that jetloom simulates number their events alike, and are
    left out.

    Parameters
    ----------
    samples : mapping of str to sequence of FileFacts
        The files of each sample.
    settings : mapping of str to Sample
        The configuration of these samples, and perhaps of others.
    """
    owners: dict[str, list[str]] = {}
    for name, files in samples.items():
        if settings[name].simulate is None:
            for kind in [DATA] if settings[name].is_data else _channels(files):
                owners.setdefault(kind, []).append(name)
    alike = {(kind == DATA, tuple(names)) for kind, names in owners.items() if len(names) > 1}
    found: dict[tuple[str, str], int] = Counter()
    for recorded, names in sorted(alike):
        for pair, number in _counted(names, samples, known_only=not recorded).items():
            found[pair] = max(found[pair], number)
    lines: dict[str, list[str]] = {}
    for (first, again), number in found.items():
        line = f"{number} of its events are in sample '{first}', too (equal channel, run and event number)"
        lines.setdefault(again, []).append(line)
    return lines


def _channels(files: Sequence[FileFacts]) -> list[str]:
    return list({channel: None for file in files for channel in file.channels or {} if int(channel) > 0})


def _counted(
    names: Sequence[str], samples: Mapping[str, Sequence[FileFacts]], known_only: bool
) -> dict[tuple[str, str], int]:
    """Count the events that come again in another sample, by the sample where they stood first and that one."""
    files = [(name, file.path) for name in names for file in samples[name] if file.status not in (SKIPPED, WAITING)]
    counts: Counter[tuple[str, str]] = Counter()
    found = repeated_events([path for _, path in files], names=[name for name, _ in files], known_only=known_only)
    for (first, again), number in found.pairs.items():
        if first != again:
            counts[first, again] += number
    return counts
