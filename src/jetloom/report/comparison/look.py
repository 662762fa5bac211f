"""How a comparison is drawn: titles from the configuration, which change no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jetloom.config.analysis import Analysis
from jetloom.config.comparisons import BASELINES
from jetloom.errors import StaleError
from jetloom.plots.style import ClassStyle, class_styles

BASELINE_TITLES = dict(zip(BASELINES, ("Constituents for given $E$, $m$", "$E$, $m$ and constituents"), strict=True))


@dataclass(frozen=True)
class Look:
    """Titles: of the models by name, of the classes as in ``dataset.json``, of the variable; and the label."""

    models: Mapping[str, str]
    classes: Sequence[Mapping[str, Any]]
    variable: str
    label: str

    @classmethod
    def of(cls, analysis: Analysis, name: str, description: Mapping[str, Any]) -> Look:
        """Return the titles of a comparison, with the description of the dataset that its tasks share."""
        settings = analysis.comparisons[name]
        models = {task: analysis.tasks[task].title or task for task in settings.tasks}
        models |= {key: ratio.title or key for key, ratio in settings.ratios.items()} | BASELINE_TITLES
        titles = {entry["column"]: entry["title"] for entry in description["spectators"]}
        variable = titles.get(settings.variable, settings.variable)
        return cls(models, description["classes"], variable, analysis.label)

    def model_styles(self, order: Sequence[str], where: str) -> list[ClassStyle]:
        """Return how the models are drawn.

        Raises
        ------
        StaleError
            If the comparison has a model no more whose numbers there are; ``where`` says which comparison.
        """
        for name in order:
            if name not in self.models:
                raise StaleError(
                    f"was made with a model '{name}', which the configuration does not compare",
                    where=where,
                    advice="run jetloom compare again",
                )
        return class_styles([{"name": name, "title": self.models[name]} for name in order])

    def class_styles(self) -> list[ClassStyle]:
        """Return how background and signal are drawn."""
        return class_styles(self.classes)[:2]
