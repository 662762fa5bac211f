"""Exporting a network in the formats that are asked for, and what is left beside the files."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.errors import EmptySampleError
from jetloom.export.export import export
from jetloom.export.format import Format
from jetloom.export.graphs.keras_graph import graph_of
from jetloom.export.junipr_heads import has_heads, heads_of
from jetloom.export.lwtnn.variables import skeleton
from jetloom.export.lwtnn.writer import without_masks
from jetloom.export.rows import all_rows
from jetloom.export.subject import Subject, features_of, names_of
from jetloom.io.atomic import write_text
from jetloom.io.sealed import write_json
from jetloom.report.exported.tables import parity_page

if TYPE_CHECKING:
    from jetloom.data.view import View
    from jetloom.models.base import Model

logger = logging.getLogger(__name__)
ROWS = 2000
"""Rows of the test part on which files are compared."""
RECORD, PAGE, VARIABLES = "export.json", "parity.html", "variables.json"
WHOLE = ""
"""Stands for the whole network, where others are parts of it."""


def subjects_of(network: Any, description: Mapping[str, Any], names: Any = None) -> dict[str, Subject]:
    """Return what is exported of a network: itself, or of one of JUNIPR its heads, by name.

    Parameters
    ----------
    network : keras.Model
    description : mapping
        See :func:`jetloom.report.exported.description.describe`.
    names : Variables, optional
        Of its inputs and outputs.
    """
    if not has_heads(network):
        found = skeleton(without_masks(graph_of(network))) if names is None else names
        return {WHOLE: Subject(network, found, description)}
    part = dict(description) | {"part": "one head of JUNIPR; log P of a jet is the sum over its steps and heads"}
    return {
        name: Subject(head, skeleton(graph_of(head)), part | {"head": name}) for name, head in heads_of(network).items()
    }


def rows_of_test_part(network: Any, model: Model, view: View) -> dict[str, Any]:
    """Return what a network takes of some rows of the test part, by its inputs.

    Raises
    ------
    EmptySampleError
        If there is none.
    """
    step = max(1, view.rows("test") // ROWS)
    graph, every = graph_of(network), slice(None, None, step)
    blocks = view.blocks("test", reads=model.reads)
    parts = [features_of(graph, model, block.take(every), view.facts) for block in blocks]
    if not parts or not sum(len(next(iter(one.values()))) for one in parts):
        raise EmptySampleError("the test part has no rows to compare exports on", where="split.test")
    return {name: np.concatenate([one[name] for one in parts])[:ROWS] for name in parts[0]}


def export_all(
    subjects: Mapping[str, Subject], formats: Sequence[Format], real: Mapping[str, Any] | None, output: Path
) -> dict[str, Any]:
    """Write each format, hold it against Keras, and write down how far they are apart.

    Parameters
    ----------
    subjects : mapping of str to Subject
        What :func:`subjects_of` gave.
    formats : sequence of Format
    real : mapping of str to array, optional
        Real rows by input; made-up ones where there are none.
    output : Path
        Directory of the files.

    Returns
    -------
    dict
        What ``export.json`` holds.
    """
    files = []
    for part, subject in subjects.items():
        rows = all_rows(subject, real if part == WHOLE else None)
        for form in formats:
            name = f"{part}.{form.file}" if part else form.file
            found = export(subject, form, rows, output / name)
            files.append({"format": form.name, "part": part, **found})
            far = max(one["largest"] for one in found["comparisons"])
            logger.info("%s: at most %.1e from Keras (allowed: %.0e)", output / name, far, form.tolerance.limit)
        variables = json.dumps(subject.names.to_json(), indent=1)
        write_text(output / (f"{part}.{VARIABLES}" if part else VARIABLES), variables + "\n")
    first = next(iter(subjects.values()))
    record = {"description": dict(first.description), "files": files}
    write_text(output / PAGE, parity_page(record))
    write_json(output / RECORD, record)
    return record


def best_names(network: Any, view: View) -> Any:
    """Return the names of inputs and outputs of a network that was trained on a view; None for one of JUNIPR."""
    return None if has_heads(network) else names_of(network, view.facts)
