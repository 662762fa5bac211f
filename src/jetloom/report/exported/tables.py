"""The parity of exported files as a page of tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jetloom.plots.tables import page, paragraph, table

TITLES = {"onnx": "ONNX", "lwtnn": "lwtnn", "frugally_deep": "frugally-deep", "saved_model": "SavedModel",
          "keras": "Keras, architecture and weights apart"}  # fmt: skip
HEADS = ["Format", "File", "Rows", "Number", "Largest", "Typical", "Allowed", "Rows beyond", "Remark"]


def parity_page(record: Mapping[str, Any]) -> str:
    """Return how far each exported file is from Keras, as an HTML page.

    Parameters
    ----------
    record : mapping
        What ``export.json`` holds.
    """
    rows = [
        [
            TITLES[file["format"]],
            file["file"],
            one["title"],
            one["rows"],
            f"{one['largest']:.1e}",
            f"{one['typical']:.1e}",
            f"{one['limit']:.0e}",
            one["beyond"],
            one["note"] or "–",
        ]
        for file in record["files"]
        for one in file["comparisons"]
    ]
    return page(
        "Exported networks against Keras",
        paragraph(
            "Each file was evaluated without Keras on the same rows. A deviation is that of the worst output of a row, "
            "relative to max(1, |output|); the typical one is the median over rows. A file beyond what is allowed is "
            "not written."
        ),
        table(HEADS, rows),
        paragraph(f"Inputs: {_inputs(record)}. What a file cannot do by itself (cuts, expressions, units) is in "
                  "export.json, in the metadata of ONNX and under 'jetloom' in the JSON files."),
    )  # fmt: skip


def _inputs(record: Mapping[str, Any]) -> str:
    names = {name for file in record["files"] for one in file["comparisons"] for name in one["inputs"]}
    made = record["description"].get("inputs", {})
    return f"{', '.join(sorted(names))}" + (f" ({', '.join(made)})" if made else "")
