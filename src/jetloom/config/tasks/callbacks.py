"""Callbacks of the user's own, as the configuration names them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from jetloom.config.settings import Name, Settings

OwnClass = Annotated[
    str, Field(pattern=r"^.+\.py:[A-Za-z_][A-Za-z0-9_]*$", description="a class in a file, as mine.py:Gate")
]


def _or_text(schema: dict[str, Any]) -> None:
    """Let a mapping of the JSON schema be a text, too: that of its key `use`."""
    whole = dict(schema)
    schema.clear()
    schema["anyOf"] = [whole["properties"]["use"], whole]


class OwnCallback(Settings):
    """A callback of your own: `mine.py:Gate` alone, or with what it is made with, `{use: mine.py:Gate, limit: 0.3}`."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_or_text)

    use: OwnClass = Field(description="A class in a file of yours; the path is relative to the working directory.")
    name: Name | None = Field(
        None, description="By which the checkpoint knows it; null: its own. Two of a class need names."
    )

    @model_validator(mode="before")
    @classmethod
    def _alone(cls, given: Any) -> Any:
        return {"use": given} if isinstance(given, str) else given
