"""Titles and colours: taken from the configuration when something is drawn, so that a new one rebuilds no dataset."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jetloom.config.analysis import Analysis
from jetloom.data.dataset import Dataset


def appearance(analysis: Analysis, task_name: str) -> dict[str, Any]:
    """Give the titles and colours of a task, in the form that ``dataset.json`` holds them."""
    task = analysis.tasks[task_name]
    return {
        "title": task.title or task_name,
        "label": analysis.label,
        "sample_titles": {name: analysis.samples[name].title or name for name in analysis.task_samples(task_name)},
        "classes": [
            {"name": name, "title": label.title or name, "color": label.color} for name, label in task.labels.items()
        ],
    }


def dressed(dataset: Dataset, analysis: Analysis, task_name: str) -> Dataset:
    """Give a dataset with the titles and colours that the configuration has now.

    A dataset whose classes are not those of the configuration is given as it is.
    """
    found = appearance(analysis, task_name)
    if [entry["name"] for entry in found["classes"]] != dataset.classes:
        return dataset
    samples = {
        name: {**facts, "title": analysis.samples[name].title or name} if name in analysis.samples else facts
        for name, facts in dataset.description["samples"].items()
    }
    # The task may use another's dataset.
    return replace(dataset, description={**dataset.description, **found, "task": task_name, "samples": samples})
