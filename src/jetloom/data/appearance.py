"""Titles and colours: taken from the configuration when something is drawn, so that a new one rebuilds no dataset."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jetloom.config.analysis import Analysis
from jetloom.data.dataset import Dataset


def sample_titles(analysis: Analysis) -> list[tuple[str, str]]:
    """Return name and title of all samples, those of no task too, in the order that fixes their colours."""
    return [(name, sample.title or name) for name, sample in analysis.samples.items()]


def appearance(analysis: Analysis, task_name: str) -> dict[str, Any]:
    """Return the titles and colours of a task, in the form that ``dataset.json`` holds them."""
    task = analysis.tasks[task_name]
    return {
        "title": task.title or task_name,
        "label": analysis.label,
        "sample_titles": sample_titles(analysis),
        "classes": [
            {"name": name, "title": label.title or name, "color": label.color} for name, label in task.labels.items()
        ],
    }


def with_appearance(dataset: Dataset, analysis: Analysis, task_name: str) -> Dataset:
    """Return a dataset with the titles and colours that the configuration has now.

    A dataset whose classes are not those of the configuration is given as it is.
    """
    found = appearance(analysis, task_name)
    if [entry["name"] for entry in found["classes"]] != dataset.classes:
        return dataset
    stored, titles = dataset.description["samples"], dict(found["sample_titles"])
    # JSON has sorted the samples by name; figures and tables have them in the order of the configuration.
    order = sorted(stored, key=lambda name: list(titles).index(name) if name in titles else len(titles))
    samples = {name: {**stored[name], "title": titles.get(name, stored[name].get("title"))} for name in order}
    # The task may use another's dataset.
    return replace(dataset, description={**dataset.description, **found, "task": task_name, "samples": samples})
