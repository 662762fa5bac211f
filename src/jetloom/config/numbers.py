"""Cross-sections and sums of weights that lie in a file of their own, beside the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jetloom.config.yaml_text import read_yaml
from jetloom.errors import near_misses

NUMBERS = ("cross_section", "sum_of_weights")


def with_numbers(name: str, sample: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a sample with the numbers of the file that it names, which they name no more.

    So a stored configuration holds what was meant when it was stored.

    Parameters
    ----------
    name : str
        The sample.
    sample : mapping
        Its settings as they were read.

    Raises
    ------
    ValueError
        If the file has no numbers of the sample, or others than it should; ConfigurationError if it cannot be read.
    """
    if not isinstance(sample["numbers"], str):
        raise ValueError(f"{name}.numbers: must be the path of a file")  # noqa: TRY004 - pydantic knows this one
    era = str(sample.get("era", ""))
    path = str(sample["numbers"]).replace("{era}", era)
    known = read_yaml(path)
    known = known[era] if isinstance(known.get(era), Mapping) and name in known[era] else known
    found = known.get(name)
    if not isinstance(found, Mapping):
        raise ValueError(  # noqa: TRY004 - pydantic knows this one
            f"{name}.numbers: '{path}' has no sample '{name}'; {near_misses(name, list(map(str, known)))}"
        )
    for key in found:
        if key not in NUMBERS:
            raise ValueError(f"{name}.numbers: '{path}' has '{key}' of '{name}'; known are {' and '.join(NUMBERS)}")
        if key in sample:
            raise ValueError(f"{name}.{key}: is given here and in '{path}'; take one out")
    return {**{key: value for key, value in sample.items() if key != "numbers"}, **found}
