"""What is asked of a conversion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jetloom.config.conversion import Conversion
from jetloom.config.schema import Schema
from jetloom.locations import Location
from jetloom.provenance import digest, file_digest
from jetloom.samples.processes import Allowed


@dataclass(frozen=True)
class Task:
    """One conversion: the file, what it means, what to keep.

    Attributes
    ----------
    path : Path or Remote
        The DxAOD (or, for :func:`jetloom.conversion.convert.to_hdf5`, an ntuple of ours).
    schema : Schema or None
        Meaning of the DxAOD; None is possible for an ntuple, which knows.
    conversion : Conversion
        Cuts, variables, places, filter, budget.
    is_data : bool
        Recorded data: every event has weight 1.
    channels : list of int, "any" or None
        The processes that may be in it, see :mod:`jetloom.samples.processes`.
    """

    path: Location
    schema: Schema | None
    conversion: Conversion
    is_data: bool = False
    channels: Allowed = None

    def settings(self) -> dict[str, Any]:
        """Return the settings that shape the events of the ntuple: neither route nor filter nor number of places."""
        conversion = self.conversion.model_dump(exclude={"route", "compression", "slots", "budget"})
        if self.conversion.rows == "jets" and not self.conversion.event_variables:  # as before these were known
            del conversion["rows"], conversion["event_variables"]
        conversion["collections"] = sorted(self.conversion.slots)
        if self.conversion.good_runs is not None:
            conversion["good_runs"] = file_digest(self.conversion.good_runs) if self.is_data else None
        schema = None if self.schema is None else digest(self.schema.model_dump())
        return {"conversion": conversion, "schema": schema, "is_data": self.is_data}
