"""Tasks: what is to be learnt from the jets, by which model, over which points."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt, field_validator, model_validator

from jetloom.config.limits import (
    Repetitions,
    Seed,
    Shown,
    Single,
)
from jetloom.config.settings import Expression, Name, Settings, Variable
from jetloom.config.tasks.applied import Applied
from jetloom.config.tasks.collected import Collected, check_names
from jetloom.config.tasks.flavours import Flavours, check_flavours
from jetloom.config.tasks.split import Split
from jetloom.config.tasks.training import MetricName, Training
from jetloom.config.tasks.trees import Binning
from jetloom.config.tasks.weights import Weights
from jetloom.errors import near_misses, shown
from jetloom.expressions import column_name

ModelName = Annotated[
    str,
    Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_\-]*|.+\.py:[A-Za-z_][A-Za-z0-9_]*)$", description="a model's name"),
]


ExportName = Literal["onnx", "lwtnn", "frugally_deep", "saved_model", "keras"]


class Label(Settings):
    """A class of jets, or of events: by an expression, by sample, or by both."""

    when: Expression = Field("True", description="Jets of this class, e.g. 'PartonTruthLabelID == 21'.")
    samples: list[Name] = Field(
        default_factory=list,
        description="Samples that have it; all if empty. Without `when`, all of their rows.",
    )
    title: str = Field("", description="Name in plots; the key if empty.")
    color: str | None = Field(None, description="Colour in plots, e.g. '#0072B2'; colour-blind-safe if empty.")

    @model_validator(mode="after")
    def _known_by(self) -> Label:
        if self.when == "True" and not self.samples:
            raise ValueError("say by what it is known: 'when: <expression>', or 'samples: [...]'")
        return self


class Operation(Settings):
    """What becomes of an input inside of the network."""

    op: Literal["onehot"] = Field("onehot", description="One place for each category, and 1 in the place of its own.")
    categories: list[Single] = Field(
        default_factory=list,
        description="The values that there are; those of the training part if empty. Rows of others, which are "
        "counted, have "
        "zeros everywhere.",
    )


class Search(Settings):
    """Which points of the scan are trained, how often, and how they are ranked."""

    fraction: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="Random share of the grid.")
    seed: Seed = Field(0, description="Seed of that choice.")
    repetitions: Repetitions = Field(1, description="Trainings of each point, each with its own seed.")
    rank_by: MetricName | None = Field(
        None,
        description="Metric of the model's objective that ranks the points; its direction is known. Null: the one that "
        "the objective names, `val_auc` for classifiers, `val_loss` for densities and regressions.",
    )


TARGET = "target"
"""The column of the variable that is to be learnt."""

DATA_SETTINGS = {
    "samples", "rows", "select", "absent", "fraction", "labels", "unlabelled", "inputs", "spectators", "missing",
    "scaling", "weights", "split", "reads", "binning", "collections", "target", "conditions", "operations", "particles",
}  # fmt: skip
"""The settings of a task that shape its dataset."""


class Task(Settings):
    """One thing to learn: classes of jets, inputs, weights, split, model and scan."""

    title: str = Field("", description="Name in plots and in the report.")
    dataset: Name | None = Field(
        None,
        description="Another task whose dataset this one uses, with all that shapes it: samples, labels, inputs, "
        "weights, split, binning. So their models see the same jets.",
    )
    classes: list[Name] = Field(
        default_factory=list, description="Classes that train and validate; all if empty. A density model learns these."
    )
    unaries: dict[Name, Name] = Field(
        default_factory=dict,
        description="For junipr_binary: the task whose density model each class starts from.",
    )
    start: Name | None = Field(
        None,
        description="For junipr, and models of your own with `can_continue`: the task of the same model from whose "
        "best point each training goes on. Densities that go on from one of all classes err alike where that one errs, "
        "which their ratio does not see.",
    )
    control: Name | None = Field(
        None,
        description="For models of your own with an adversary: the task that owns the dataset of the control region, "
        "with labels, weights and split of its own and the same inputs. Its batches stand beside this task's.",
    )
    rows: Literal["jets", "events"] = Field(
        "jets", description="What is classified: jets; or events, of samples whose schema has no jets."
    )
    reads: Literal["jets", "trees"] = Field(
        "jets", description="'trees': the dataset holds the clustering trees too, and only jets that have one."
    )
    samples: list[Name] = Field(default_factory=list, description="Samples that take part; all if empty.")
    select: list[Expression] = Field(default_factory=list, description="Further cuts on jets for this task.")
    absent: dict[Variable, Literal["pass", "fail"]] = Field(
        default_factory=dict,
        description="What a cut or a label does in a file that lacks a variable of it: {Jvt: pass}; with 'fail', a "
        "label holds for no jet there. Otherwise that is an error. Jets of recorded data have no such label anyway.",
    )
    fraction: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="Share of the events that is used, by a hash of run and event: the same ones on each machine."
    )
    labels: dict[Name, Label] = Field(
        default_factory=dict, description="The classes, in the order of the network's outputs."
    )
    unlabelled: Literal["drop", "keep", "majority"] = Field(
        "drop",
        description="Jets of no class: 'drop' them; 'keep' them for application only, with weight 0; or give them the "
        "class that most jets of their sample have ('majority'). The class by the labels alone stays in `true_label`.",
    )
    inputs: list[Expression] = Field(
        default_factory=list, description="Input variables, or expressions such as 'log(pt)'."
    )
    target: Expression | None = Field(
        None,
        description="For models that learn a variable (regression): the variable, or an expression such as "
        "'log(truth_pt / pt)'. Jets without it are left out of the dataset, and counted.",
    )
    collections: dict[Variable, Collected] = Field(
        default_factory=dict,
        description="What belongs to the jets and goes to models that read it, by the name that these read it by: "
        "{constituents: {inputs: [log(pt / jets.pt)], slots: 20}}.",
    )
    binning: Binning = Field(default_factory=Binning, description="Scaling and bins of trees.")
    operations: dict[Variable, Operation] = Field(
        default_factory=dict,
        description="Inputs that are kinds, by column: {n_bjets: {op: onehot, categories: [0, 1, 2]}}. They become "
        "one-hot "
        "vectors inside of dense networks.",
    )
    particles: list[Annotated[list[Expression], Field(min_length=4, max_length=4)]] = Field(
        default_factory=list,
        description="Which inputs are four-momenta, as [E, px, py, pz] of each particle: for `lbn_particles` of the "
        "dense model.",
    )
    conditions: dict[Variable, dict[Name, Single]] = Field(
        default_factory=dict,
        description="For inputs that parametrise: the value of each signal sample, {mass: {hh_300: 300, hh_500: 500}}; "
        "other samples draw from these in proportion to the events of the samples, by a hash of the event. Then "
        "`mass` may "
        "be an input, and of each class (or group of classes) each value has the same sum of weights.",
    )
    spectators: list[Variable] = Field(
        default_factory=lambda: ["pt", "eta"], description="Variables carried along for plots, not seen by the model."
    )
    missing: dict[Variable, Single] = Field(
        default_factory=dict, description="Value in the place of NaN, by input column; otherwise the training mean."
    )
    scaling: Literal["standard", "robust"] = Field(
        "standard",
        description="Inputs are shifted and divided by mean and standard deviation, or, 'robust', by the median and "
        "half the distance of the quantiles 16 % and 84 %, which few values far away do not move.",
    )
    weights: Weights = Field(default_factory=Weights, description="Weights of jets.")
    split: Split = Field(default_factory=Split, description="Parts of the data.")
    model: ModelName = Field("dense", description="Name of the model, or a class of your own: my_models.py:Residual.")
    parameters: dict[str, Any] = Field(default_factory=dict, description="Model parameters that are not scanned.")
    scan: dict[str, Any] = Field(
        default_factory=dict, description="Talos parameter dictionary: a list of values for each parameter."
    )
    search: Search = Field(default_factory=Search, description="How the scan is sampled, repeated and ranked.")
    training: Training = Field(default_factory=Training, description="Settings common to all points.")
    export: list[ExportName] = Field(
        default_factory=list,
        description="Formats that the best network is exported in, each held against Keras: [onnx, lwtnn, "
        "frugally_deep, saved_model, keras]. 'keras' is architecture, weights and variables apart.",
    )
    flavours: Flavours | None = Field(
        None, description="For classifiers: spectators as taggers beside the network, on the test part."
    )
    sampled: Shown = Field(
        5000, description="For junipr: jets that are drawn from the best model and held against those it learnt."
    )
    drawings: Annotated[NonNegativeInt, Field(le=100)] = Field(
        6, description="For density models: jets of the test part whose trees are drawn, chosen by `seed`."
    )

    apply: Applied = Field(default_factory=Applied, description="What the best model is applied to.")

    @model_validator(mode="before")
    @classmethod
    def _of_events(cls, given: Any) -> Any:
        """Name no variables of jets for the plots of events."""
        if isinstance(given, dict) and given.get("rows") == "events":
            return {"spectators": [], **given}
        return given

    @property
    def starts(self) -> dict[str, str]:
        """The tasks whose models a training starts from: by class, or the one that stands under ``start``."""
        return self.unaries | ({} if self.start is None else {"start": self.start})

    @field_validator("collections")
    @classmethod
    def _own_names(cls, collections: dict[str, Collected]) -> dict[str, Collected]:
        return check_names(collections)

    @property
    def first_point(self) -> dict[str, Any]:
        """The parameters that are given to the first point of the scan."""
        return self.parameters | {name: values[0] for name, values in self.scan.items()}

    @field_validator("scan")
    @classmethod
    def _lists(cls, scan: dict[str, Any]) -> dict[str, list[Any]]:
        for name, values in scan.items():
            if not isinstance(values, list) or not values:
                raise ValueError(f"'{name}' must be a list of values, as in '{name}: [{shown(values)}]'")
        return scan

    @model_validator(mode="after")
    def _whole(self) -> Task:
        if self.dataset is None and not self.labels:
            raise ValueError("labels: at least one class is needed")
        if self.dataset is None and not self.inputs:
            raise ValueError("inputs: at least one is needed")
        if self.start is not None and self.unaries:
            raise ValueError("'start' and 'unaries' exclude each other")
        if self.target not in (None, TARGET) and TARGET in [*self.spectators, *self.weights.variables]:
            raise ValueError(
                f"spectators: '{TARGET}' is the name of the column of the target, which is another variable"
            )
        if self.rows == "events" and (self.reads == "trees" or self.collections):
            raise ValueError("rows: events have neither trees nor collections: these belong to jets")
        if self.reads == "trees" and self.collections:
            raise ValueError("collections: files of trees hold none; give them to a task that reads jets")
        both = sorted(set(self.scan) & set(self.parameters))
        if both:
            raise ValueError(f"'{both[0]}' stands in both 'parameters' and 'scan'")
        return self

    @model_validator(mode="after")
    def _known_names(self) -> Task:
        columns = [column_name(text) for text in self.inputs]
        parts = {
            "operations": list(self.operations),
            "particles": [column_name(x) for one in self.particles for x in one],
        }
        for where, names in parts.items():
            for name in names if columns else ():
                if name not in columns:
                    raise ValueError(f"{where}: no input column '{name}'; {near_misses(name, columns)}")
        for name in self.missing:
            if name not in columns:
                raise ValueError(f"missing: no input column '{name}'; {near_misses(name, columns)}")
        for name in [*self.classes, *self.unaries]:
            if self.labels and name not in self.labels:
                raise ValueError(f"no class '{name}'; {near_misses(name, self.labels)}")
        if self.flavours is not None:
            check_flavours(self.flavours, self.labels, self.spectators)
        self.weights.check_classes(list(self.labels))
        named = [set(values) for values in self.conditions.values()]
        if any(samples != named[0] for samples in named):
            raise ValueError("conditions: all of them need a value of the same samples")
        for key, label in self.labels.items():
            without = [sample for sample in label.samples if named and sample not in named[0]]
            if without and len(without) < len(label.samples):
                raise ValueError(f"conditions: other samples of '{key}' have a value, and '{without[0]}' has none")
        flatten = self.weights.flatten
        if flatten is not None and flatten.to not in self.labels:
            raise ValueError(f"weights.flatten.to: no class '{flatten.to}'; {near_misses(flatten.to, self.labels)}")
        return self
