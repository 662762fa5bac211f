"""Input schemas: which branches of a ROOT file hold what, in which units, and how constituents belong to jets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from jetloom.config.bookkeeping import Bookkeeping
from jetloom.config.inputs.columns import Branches, Column, as_fields
from jetloom.config.inputs.matches import Matched
from jetloom.config.limits import Key
from jetloom.config.load import checked
from jetloom.config.settings import Settings, Variable
from jetloom.config.yaml_text import read_yaml
from jetloom.errors import ConfigurationError, near_misses
from jetloom.expressions import names_in

if TYPE_CHECKING:
    from jetloom.config.samples import Sample

SHIPPED = Path(__file__).parents[3] / "config" / "schemas"
"""The schemas that come with jetloom."""

CHANNEL_NAMES = {"mcchannelnumber", "channelnumber", "mcchannel", "channel", "dsid", "datasetid", "datasetnumber"}
"""Names of variables that number the process of an event, in small letters without underscores."""

EVENT_KEYS: dict[str, str] = {"run_number": "uint32", "event_number": "uint64", "mc_event_weight": "float32"}
"""What every event has, and its type in all results."""


class Container(Settings):
    """Variables that belong together: the events or the jets."""

    container: str = Field("", description="Container (style 'xaod'), e.g. AnalysisJets.")
    fields: Annotated[dict[Variable, Column], BeforeValidator(as_fields)] = Field(
        description="The variables; or a list of branches, whose names become legal ones: 'lep1.Pt()' is lep1_Pt."
    )

    @model_validator(mode="after")
    def _known_names(self) -> Container:
        for name, field in self.fields.items():
            for needed in names_in(field.expression) if field.expression else ():
                source = self.fields.get(needed)
                if source is None or source.expression:
                    advice = near_misses(needed, [key for key, value in self.fields.items() if not value.expression])
                    raise ValueError(f"fields.{name}.expression: no variable '{needed}' with a branch; {advice}")
        return self

    def kept(self) -> list[str]:
        """Return the variables that may be written, in the order of the schema."""
        return [name for name, field in self.fields.items() if not field.internal]

    def may_be_missing(self, name: str) -> bool:
        """Say whether a variable can be without a value in a file or in some of its rows."""
        field = self.fields[name]
        if field.optional or field.missing or field.index is not None or field.reduce in ("max", "min"):
            return True
        return field.expression is not None and any(map(self.may_be_missing, names_in(field.expression)))

    def stored_type(self, name: str) -> str:
        """Return the type of a column: float64, with NaN for what is missing, for integers that may be missing."""
        kind = self.fields[name].type
        return "float64" if "int" in kind and self.may_be_missing(name) else kind


class Link(Settings):
    """How one finds the constituents of a jet."""

    kind: Literal["element_link", "jet_index", "begin_count", "index_pairs", "nested"] = Field(
        description="element_link: the jet holds ElementLinks to the container. jet_index: each constituent holds the "
        "index of its jet (or a vector of them). begin_count: the jet holds the first index and the number. "
        "index_pairs: a table of pairs, index of the jet and index of the constituent. "
        "nested: the fields are vectors of vectors already."
    )
    branch: Branches = Field(
        default_factory=list, description="Branch of the links, the index of the jet, or the first index."
    )
    count: Branches = Field(default_factory=list, description="begin_count: branch of the number.")
    target: Branches = Field(default_factory=list, description="index_pairs: branch of the constituent's index.")
    key: Key | None = Field(None, description="element_link: m_persKey of the container; other keys point elsewhere.")

    @model_validator(mode="after")
    def _complete(self) -> Link:
        if self.kind != "nested" and not self.branch:
            raise ValueError(f"a link of kind '{self.kind}' needs 'branch'")
        for key, kind in (("count", "begin_count"), ("target", "index_pairs")):
            if (self.kind == kind) != bool(getattr(self, key)):
                raise ValueError(f"'{key}' belongs to links of kind '{kind}', and they need it")
        return self


class Constituents(Container):
    """What belongs to jets: tracks, clusters, particle-flow objects."""

    of: Literal["jets"] = Field("jets", description="The collection that it belongs to.")
    link: Link = Field(description="How constituents are found.")


class Schema(Settings):
    """What is where in the input files."""

    trees: Branches = Field(
        min_length=1, description="TTree or RNTuple, by its path in the file; the first found is read."
    )
    naming: Literal["xaod", "flat"] = Field(
        "xaod", description="xaod: container + variable, over AuxDyn and Aux; flat: branch names as they stand."
    )
    meaning: str = Field("", description="What files these are.")
    bookkeeping: Bookkeeping | None = Field(
        None, description="Sum of weights in a histogram or a tree; CutBookkeepers and Runs are found without."
    )
    events: Container = Field(description="Variables of the event: run_number, event_number, mc_event_weight, ...")
    jets: Container = Field(
        default_factory=lambda: Container(fields={}),
        description="Variables of the jets; left out where a row of the tree is an event and no more.",
    )
    collections: dict[Variable, Constituents] = Field(default_factory=dict, description="What belongs to the jets.")

    matches: dict[Variable, Matched] = Field(
        default_factory=dict,
        description="Objects of the event that jets are matched to, as long-lived particles: variables of the jets.",
    )

    @model_validator(mode="after")
    def _matched(self) -> Schema:
        for name, settings in self.matches.items():
            for key, spec in settings.columns(name).items():
                if self.jets.fields.setdefault(key, spec).matched != name:
                    raise ValueError(f"matches.{name}: '{key}' is a variable of the jets already; choose another name")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Schema:
        for needed in ("run_number", "event_number"):
            if needed not in self.events.fields:
                raise ValueError(f"events.fields: '{needed}' is missing")
            if self.events.may_be_missing(needed):
                raise ValueError(f"events.fields: '{needed}' says which event it is, and may not be missing")
        if self.unit == "events" and self.collections:
            raise ValueError("collections: belong to jets, and the schema has none")
        for needed in ("pt", "eta", "phi"):
            if self.unit == "jets" and needed not in self.jets.fields:
                raise ValueError(f"jets.fields: '{needed}' is missing")
        if shared := sorted(set(self.events.kept()) & set(self.jets.kept())):
            raise ValueError(f"'{shared[0]}' is a variable of both events and jets; rename one")
        for name in {"jets", "events", "before", "valid"} & set(self.collections):
            raise ValueError(f"collections: '{name}' has another meaning; choose another name")
        return self

    @property
    def unit(self) -> Literal["jets", "events"]:
        """What a row of the converted files is: a jet, or an event where the schema has no jets."""
        return "jets" if self.jets.fields else "events"

    @property
    def channel(self) -> str | None:
        """Variable of the events that numbers their process, known by its name or that of its branch; None without."""
        for name, field in self.events.fields.items():
            names = [name, *(branch.replace(":", ".").rsplit(".", 1)[-1] for branch in field.branch)]
            if any(text.replace("_", "").lower() in CHANNEL_NAMES for text in names):
                return name
        return None

    def group(self, name: str) -> Container:
        """Return the events, the jets or a collection by name.

        Raises
        ------
        ConfigurationError
            If there is no such collection.
        """
        if name in ("events", "jets"):
            return self.events if name == "events" else self.jets
        try:
            return self.collections[name]
        except KeyError:
            raise ConfigurationError(
                f"the schema has no collection '{name}'", advice=near_misses(name, self.collections)
            ) from None


def sample_schema(sample: Sample) -> Schema:
    """Return the schema of a sample, with its `constants` among the variables of events.

    Raises
    ------
    ConfigurationError
        See :func:`find_schema`; or if a constant is a variable that the schema reads.
    """
    schema = find_schema(sample.schema_name)
    for name, value in sample.constants.items():
        old = schema.events.fields.get(name)
        if (old is not None and not old.expression) or name in schema.jets.fields:
            raise ConfigurationError(
                f"'{name}' is a variable that the schema '{sample.schema_name}' reads",
                where="samples.constants",
                advice="give the constant another name",
            )
        said = {"type": "float32"} if old is None else old.model_dump()
        schema.events.fields[name] = Column.model_validate({**said, "expression": repr(float(value))})
    return schema


def schema_directories() -> list[Path]:
    """Return the directories that hold schemas by name: of the working directory, then of the checkout."""
    return [Path("config/schemas"), SHIPPED]


def shipped_schemas() -> list[Path]:
    """Return the schemas that come with jetloom, in the order of their names."""
    return sorted(SHIPPED.glob("*.yaml"))


def find_schema(name: str | Path) -> Schema:
    """Read a schema.

    Parameters
    ----------
    name : str or Path
        A name in ``config/schemas`` (of the working directory, then of the checkout), or the path of a YAML file.

    Raises
    ------
    ConfigurationError
        If there is none of that name, or it is not a schema; one line with the near misses.
    """
    path = schema_file(name)
    return checked(Schema, read_yaml(path), path)


def schema_file(name: str | Path) -> Path:
    """Return the file of a schema, by a name or a path.

    Raises
    ------
    ConfigurationError
        If there is no schema of that name.
    """
    if str(name).endswith((".yaml", ".yml", ".json")):
        return Path(name)
    known: dict[str, Path] = {}
    for directory in schema_directories():
        for path in sorted(directory.glob("*.yaml")):
            known.setdefault(path.stem, path)
    if str(name) not in known:
        raise ConfigurationError(f"no schema '{name}'", where="schema", advice=near_misses(str(name), known))
    return known[str(name)]
