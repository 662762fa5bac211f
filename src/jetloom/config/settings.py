"""What every part of the configuration has in common: nothing unknown is accepted, nothing changes later."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from jetloom.errors import ExpressionError
from jetloom.expressions import ROW, names_in
from jetloom.expressions.of_jets import parted


class Settings(BaseModel):
    """A part of the configuration. Unknown keys are refused and values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)


def _readable(text: str) -> str:
    try:
        return _of_rows(text, names_in(text))
    except ExpressionError as error:
        raise ValueError(error.line()) from None  # pydantic adds the place in the configuration to this kind only


def _of_rows(text: str, names: Iterable[str]) -> str:
    """Refuse names such as ``jets.pt``, by which what belongs to a row asks for the row's own variables."""
    for name in sorted(names):
        if (plain := name.removeprefix(f"{ROW}.")) != name:
            raise ExpressionError(f"'{text}': '{name}' is not allowed here", advice=f"write '{plain}'")
    return text


def _of_entries(text: str) -> str:
    try:
        names_in(text)
    except ExpressionError as error:
        raise ValueError(error.line()) from None
    return text


def _of_events(text: str) -> str:
    try:
        return _of_rows(text, names_in(parted(text)[0]))
    except ExpressionError as error:
        raise ValueError(error.line()) from None


EventExpression = Annotated[
    str,
    AfterValidator(_of_events),
    Field(
        description="an expression over variables of events, and of their jets as jets[0].pt, len(jets), sum(jets.pt)"
    ),
]
Expression = Annotated[str, AfterValidator(_readable), Field(description="an expression over named variables")]
EntryExpression = Annotated[
    str,
    AfterValidator(_of_entries),
    Field(description="an expression over the variables of a collection, and those of its jet as in 'eta - jets.eta'"),
]
Name = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]*$", max_length=100, description="letters, digits, _ and -")
]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200, description="a variable's name")]
