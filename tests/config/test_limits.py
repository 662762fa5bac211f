"""No number of the configuration, of a schema or of a model's parameters is without an end."""

from typing import Annotated, get_args, get_origin, get_type_hints

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from jetloom.config.analysis import Analysis
from jetloom.config.limits import AtMost
from jetloom.config.load import load_merged
from jetloom.config.schema import Schema
from jetloom.errors import ConfigurationError
from jetloom.models.registry import MODELS, find_model
from tiny_analysis import CONFIG, merged


def _numbers(hint, metadata=()):
    """The numbers of a type with all that is known of each: bare numbers, and those in lists, mappings, unions."""
    if get_origin(hint) is Annotated:
        inner, *more = get_args(hint)
        found = [part for entry in more for part in (entry.metadata if isinstance(entry, FieldInfo) else [entry])]
        yield from _numbers(inner, (*metadata, *found))
    elif hint in (int, float):
        yield hint, metadata
    else:
        for inner in get_args(hint):
            if not isinstance(inner, str | int):  # the words of a Literal
                yield from _numbers(inner)


def _models(root, seen):
    """A model and those inside of it, once each."""
    if isinstance(root, type) and issubclass(root, BaseModel):
        if root not in seen:
            seen.add(root)
            for hint in get_type_hints(root, include_extras=True).values():
                _models(hint, seen)
    else:
        for inner in get_args(root):
            _models(inner, seen)
    return seen


MODELS_OF_SETTINGS = _models(Analysis, set()) | _models(Schema, set())
for _name in MODELS:
    MODELS_OF_SETTINGS |= _models(find_model(_name).parameters, set())


@pytest.mark.parametrize("model", sorted(MODELS_OF_SETTINGS, key=lambda model: model.__name__))
def test_every_number_has_both_ends(model):
    for name, hint in get_type_hints(model, include_extras=True).items():
        if name not in model.model_fields:
            continue
        for _, metadata in _numbers(hint, tuple(model.model_fields[name].metadata)):
            kinds = {type(part) for part in metadata}
            assert kinds & {AtMost, Le, Lt}, f"{model.__name__}.{name} has no upper end"
            assert kinds & {AtMost, Ge, Gt}, f"{model.__name__}.{name} has no lower end"


def test_the_walk_sees_all_kinds_of_numbers():
    assert len(MODELS_OF_SETTINGS) > 30
    assert len(list(_numbers(dict[str, Annotated[int, Le(3)] | None] | list[float]))) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"conversion": {"slots": {"tracks": 30000000}}},
            r"^conversion.slots.tracks: 30000000 is more than 10,000: every jet takes all places in the file",
        ),
        (
            {"tasks": {"flavour": {"search": {"repetitions": 10**9}}}},
            r"repetitions: 1000000000 is more than 10,000",
        ),
        ({"cluster": {"stages": {"train": {"memory": 10**9}}}}, r"it is in MB, and no machine has 100 TB"),
        ({"samples": {"dijet": {"cross_section": 1e40}}}, r"^samples.dijet.cross_section: 1e\+40 is more than"),
        ({"tasks": {"flavour": {"missing": {"width": -1e300}}}}, r"missing.width: -1e\+300 is more than 3.4"),
        ({"seed": 10**400}, r"^seed: 10000.*00 is more than 9,223"),
        ({"analysis": "a" * 300}, r"^analysis: string should have at most 100 characters"),
    ],
)
def test_a_number_beyond_its_end_is_refused_with_the_reason(changes, message):
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_merged(merged(CONFIG, changes))
    assert len(caught.value.line()) < 300


@pytest.mark.parametrize("value", [True, False])
@pytest.mark.parametrize(
    "place",
    [("conversion", "max_events"), ("samples", "dijet", "cross_section"), ("samples", "dijet", "sum_of_weights")],
)
def test_yes_and_no_are_no_numbers(place, value):
    """`max_events: yes` would read one event of each file."""
    changes = value
    for key in reversed(place):
        changes = {key: changes}
    with pytest.raises(ConfigurationError, match=f"{place[-1]}.*yes and no are no numbers"):
        load_merged(merged(CONFIG, changes))
