"""What of the collections of a row goes to the models: variables, cuts, order and number of slots."""

from __future__ import annotations

from pydantic import Field, model_validator

from jetloom.config.inputs.transforms import Transform
from jetloom.config.limits import Single, SlotCount
from jetloom.config.settings import EntryExpression, Settings, Variable
from jetloom.errors import near_misses
from jetloom.expressions import column_name

TAKEN = ("jets", "events", "branchings", "before", "valid")
"""Names with another meaning in files and in datasets."""


class Collected(Settings):
    """What of a collection of `conversion.slots` goes to the models that read it."""

    inputs: list[EntryExpression] = Field(
        min_length=1,
        description="Variables of the collection, or expressions of them and of the variables of its jet: "
        "[log(pt / jets.pt), eta - jets.eta].",
    )
    slots: SlotCount = Field(
        description="Places a jet has in the dataset: the first entries after `select` and `sort`. What finds no place "
        "is counted."
    )
    of: Variable | None = Field(
        None,
        description="The collection in the files; the key if not given. So one can be given twice, by other cuts.",
    )
    select: list[EntryExpression] = Field(
        default_factory=list, description="Cuts on its entries, counted one by one: ['pt > 500 MeV', charge != 0]."
    )
    sort: EntryExpression | None = Field(
        None,
        description="Entries stand in falling order of this, those where it is missing last; as in the files (the "
        "hardest first) if not given.",
    )
    transforms: list[Transform] = Field(
        default_factory=list,
        description="Preparation of its variables, one after the other, before `inputs` are computed: "
        "{use: flip, variables: [eta]}. Where the model is applied it is the same.",
    )
    missing: dict[Variable, Single] = Field(
        default_factory=dict, description="Value in the place of NaN, by input column; otherwise the training mean."
    )

    @property
    def columns(self) -> list[str]:
        """Names of the columns of the inputs, in their order."""
        return [column_name(text) for text in self.inputs]

    @model_validator(mode="after")
    def _known_columns(self) -> Collected:
        columns = self.columns
        for text, column in zip(self.inputs, columns, strict=True):
            if columns.count(column) > 1:
                raise ValueError(f"inputs: two have the column name '{column}'")
            if column == "valid":
                raise ValueError(f"inputs: '{text}' has the name of the column that says which slots are filled")
        for name in self.missing:
            if name not in columns:
                raise ValueError(f"missing: no input column '{name}'; {near_misses(name, columns)}")
        return self


def check_names(collections: dict[str, Collected]) -> dict[str, Collected]:
    """Refuse names of collections that mean something else.

    Raises
    ------
    ValueError
        With the name.
    """
    for name in collections:
        if name in TAKEN:
            raise ValueError(f"'{name}' has another meaning; give the collection another name")
    return collections
