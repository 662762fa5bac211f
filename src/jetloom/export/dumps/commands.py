"""Commands of a site for its data and its grid, made from a template and the names of data sets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping

from jetloom.errors import ConfigurationError, near_misses

PLACES = ("dataset", "number", "user", "tag")


def commands(template: str, datasets: Iterable[str], number: str, fills: Mapping[str, str]) -> list[list[str]]:
    """Return one command a data set, as a list of words: no shell reads them.

    Parameters
    ----------
    template : str
        With ``{dataset}``, ``{number}``, ``{user}`` and ``{tag}``.
    datasets : iterable of str
        Names such as ``mc16_13TeV.410470.PhPy8EG.deriv.DAOD_FTAG2``.
    number : str
        Regular expression whose first group is the sample's number.
    fills : mapping of str to str
        For the other places.

    Raises
    ------
    ConfigurationError
        If the template has another place, one that has nothing to fill it, or a name has no number that is needed.
    """
    wanted = re.findall(r"\{(\w*)\}", template)
    for place in wanted:
        if place not in PLACES:
            advice = near_misses(place, PLACES)
            raise ConfigurationError(f"there is no place '{{{place}}}'", where="--template", advice=advice)
        if place in fills and not fills[place]:
            raise ConfigurationError(f"nothing fills '{{{place}}}'", where="--template", advice=f"give --{place}")
    try:
        pattern, words = re.compile(number), shlex.split(template)
    except (re.error, ValueError) as error:
        raise ConfigurationError(f"cannot be read ({error})", where="--template or --number") from None
    if not words:
        raise ConfigurationError("is empty", where="--template")
    found = []
    for dataset in datasets:
        match = pattern.search(dataset)
        if "number" in wanted and (match is None or not match.groups()):
            raise ConfigurationError(
                f"the name '{dataset}' has no sample number", where="--number", advice="see --help"
            )
        values = {**fills, "dataset": dataset, "number": match.group(1) if match and match.groups() else ""}
        found.append([word.format(**values) for word in words])
    return found
