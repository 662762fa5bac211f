"""What the variables of events need of the schema: variables of events, and of their jets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from jetloom.errors import ConfigurationError, near_misses
from jetloom.expressions import names_in
from jetloom.expressions.of_jets import parted

if TYPE_CHECKING:
    from jetloom.config.conversion import Conversion
    from jetloom.config.schema import Schema


def used_in_events(schema: Schema, conversion: Conversion, name: str) -> Iterator[str]:
    """Return the variables of events, or of their jets, that the variables of events follow from."""
    if name not in ("events", "jets"):
        return
    known = schema.group(name).fields
    for text in conversion.event_variables.values():
        plain, wanted = parted(text)
        used = names_in(plain) - set(wanted) if name == "events" else {one.variable for one in wanted.values()} - {""}
        for variable in sorted(used):
            if variable not in known:
                cause = f"'{text}': the schema has no variable '{variable}' of {name}"
                raise ConfigurationError(cause, where="conversion.event_variables", advice=near_misses(variable, known))
            yield variable
