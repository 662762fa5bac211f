"""The fields of an RNTuple, each with those that it holds, found in one pass."""

from __future__ import annotations

from collections import defaultdict
from typing import Any


def index_fields(ntuple: Any) -> None:
    """Tell each field of an RNTuple which fields it holds.

    uproot looks for them among all fields, for one field after another, when it first needs them: seconds for the
    thousand fields of a DxAOD. What it finds then it keeps in ``_fields``, and so does this.
    """
    every = ntuple.all_fields
    held: dict[int, list[int]] = defaultdict(list)
    for number, record in enumerate(ntuple.field_records):
        if record.parent_field_id != number:
            held[record.parent_field_id].append(number)

    def fields_of(number: int) -> list[Any]:
        found: list[Any] = []
        for child in held[number]:
            # In the place of an anonymous field stand those that it holds.
            found += fields_of(child) if every[child].is_anonymous else [every[child]]
        return found

    for number, field in enumerate(every):
        field._fields = fields_of(number)
