"""What every part of the configuration has in common: nothing unknown is accepted, nothing changes later."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from jetloom.errors import ExpressionError
from jetloom.expressions import names_in


class Settings(BaseModel):
    """A part of the configuration. Unknown keys are refused and values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)


def _readable(text: str) -> str:
    try:
        names_in(text)
    except ExpressionError as error:
        raise ValueError(error.line()) from None  # pydantic adds the place in the configuration to this kind only
    return text


Expression = Annotated[str, AfterValidator(_readable), Field(description="an expression over named variables")]
Name = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_\-]*$", max_length=100, description="letters, digits, _ and -")
]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200, description="a variable's name")]
