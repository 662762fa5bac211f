"""Numbers with both ends: how much of each kind anybody can mean, and why not more.

A number that is a slip of the keyboard (``slots: 30000000``) is refused here, and not after hours by a machine without
memory. The ends are far above what is of use; each says in its message what it protects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, NonNegativeFloat, NonNegativeInt, PositiveFloat
from pydantic import PositiveInt as _PositiveInt
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from jetloom.errors import shown


@dataclass(frozen=True)
class AtMost:
    """The largest magnitude of a number, as a part of its type."""

    limit: int | float
    reason: str
    """Why there is one; ends the message."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check after whatever else the type asks for, but for yes and no, which it would take for 1 and 0."""
        checked = core_schema.no_info_after_validator_function(self._check, handler(source))
        return core_schema.no_info_before_validator_function(_number, checked)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Tell editors."""
        return {**handler(schema), "maximum": self.limit}

    def _check(self, value: Any) -> Any:
        if abs(value) > self.limit:
            raise ValueError(f"{shown(value)} is more than {self.limit:,}: {self.reason}")
        return value


def _number(value: Any) -> Any:
    """Refuse what pydantic takes for 1 and 0."""
    if isinstance(value, bool):
        raise PydanticCustomError("number", "yes and no are no numbers")
    return value


Seed = Annotated[NonNegativeInt, AtMost(2**63 - 1, "seeds have 63 bits")]
Silent = Annotated[NonNegativeInt, AtMost(10_080, "a week is longer than most wall times")]
Events = Annotated[_PositiveInt, AtMost(10**11, "no experiment has recorded so many events")]
Shown = Annotated[NonNegativeInt, AtMost(10**7, "what is drawn lies in memory")]
Files = Annotated[_PositiveInt, AtMost(100_000, "each is a job of its own")]
SlotCount = Annotated[_PositiveInt, AtMost(10_000, "every jet takes all places in the file, filled or not")]
Bins = Annotated[_PositiveInt, AtMost(10_000, "bins without jets say nothing")]
Constituents = Annotated[_PositiveInt, AtMost(16_383, "indices in trees have 15 bits")]
Index = Annotated[NonNegativeInt, AtMost(2**31 - 1, "vectors of a file have no more elements")]
Key = Annotated[NonNegativeInt, AtMost(2**32 - 1, "keys of containers have 32 bits")]
Channel = Annotated[NonNegativeInt, AtMost(2**32 - 1, "channel numbers have 32 bits")]

Energy = Annotated[PositiveFloat, AtMost(1e6, "it is in GeV, and no collider reaches 1,000 TeV")]
LeastEnergy = Annotated[NonNegativeFloat, AtMost(1e6, "it is in GeV, and no collider reaches 1,000 TeV")]
Angle = Annotated[PositiveFloat, AtMost(100.0, "no detector is so wide in rapidity")]
Picobarn = Annotated[PositiveFloat, AtMost(1e15, "it is in pb, and all that two protons do has 1e11")]
GroupShare = Annotated[PositiveFloat, AtMost(1e6, "the others would weigh nothing")]
Luminosity = Annotated[PositiveFloat, AtMost(1e12, "it is in 1/pb, and no collider gives 1,000 1/ab")]
SumOfWeights = Annotated[PositiveFloat, AtMost(1e30, "weights have single precision")]
Single = Annotated[float, AtMost(3.4028236e38, "variables have single precision")]
Exponent = Annotated[float, AtMost(100.0, "distances would overflow")]

Epochs = Annotated[_PositiveInt, AtMost(1_000_000, "each is a row of the history")]
LastEpochs = Annotated[NonNegativeInt, AtMost(1_000_000, "there are no more epochs")]
Steps = Annotated[NonNegativeInt, AtMost(10**9, "no training has so many steps")]
Batch = Annotated[_PositiveInt, AtMost(10**7, "a batch lies in memory as a whole")]
MicroBatch = Annotated[NonNegativeInt, AtMost(10**7, "a batch lies in memory as a whole")]
Width = Annotated[_PositiveInt, AtMost(30_000, "a layer has the square of it in weights")]
Layers = Annotated[NonNegativeInt, AtMost(1_000, "no network as deep learns")]
Trees = Annotated[_PositiveInt, AtMost(100_000, "each is an epoch of the history")]
Rate = Annotated[PositiveFloat, AtMost(1_000.0, "every training with it diverges")]
Temperature = Annotated[PositiveFloat, AtMost(1e6, "all jets would look alike")]
Norm = Annotated[NonNegativeFloat, AtMost(1e9, "nothing would be clipped; 0 says so")]
Penalty = Annotated[NonNegativeFloat, AtMost(1e6, "nothing would be learnt")]
Change = Annotated[NonNegativeFloat, AtMost(1e6, "no change would be an improvement")]
Repetitions = Annotated[_PositiveInt, AtMost(10_000, "each is a training of every point")]

Memory = Annotated[_PositiveInt, AtMost(10**8, "it is in MB, and no machine has 100 TB")]
Minutes = Annotated[_PositiveInt, AtMost(527_040, "no batch system lets a job run for more than a year")]
Seconds = Annotated[NonNegativeFloat, AtMost(86_400.0, "it is in seconds, and a day is the most to wait")]
SomeSeconds = Annotated[PositiveFloat, AtMost(86_400.0, "it is in seconds, and a day is the most to keep back")]
Tries = Annotated[_PositiveInt, AtMost(10_000, "each is a job")]
Jobs = Annotated[_PositiveInt, AtMost(10_000, "they run one after the other")]
Share = Annotated[_PositiveInt, AtMost(16, "more trainings on one card only take each other's time and memory")]
Threads = Annotated[_PositiveInt, AtMost(4_096, "no machine has so many")]
Gpus = Annotated[NonNegativeInt, AtMost(1_024, "no machine has so many")]
