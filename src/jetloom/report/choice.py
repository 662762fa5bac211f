"""How the best point was chosen, and where its numbers come from, as far as a reader of them must know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jetloom.plots.tables import paragraph, table

TEST = "eval_"
"""How the names of metrics of the test part begin."""


def cautions(results: Mapping[str, Any]) -> list[str]:
    """Return what a page warns of before its numbers: how the point was chosen, and what its training said.

    Parameters
    ----------
    results : mapping
        What ``metrics.json`` holds.
    """
    said = [paragraph(f"Caution, of the training of this point: {words}.") for words in results["warnings"]]
    return [*_chosen_by(results["ranked_by"]), *said]


def _chosen_by(ranked_by: str) -> list[str]:
    """Return a warning if the test part, whose numbers a page shows, chose the point as well; else nothing."""
    if not ranked_by.startswith(TEST):
        return []
    return [
        paragraph(
            f"Caution: the points were ranked by {ranked_by}, that is by the test part, on which the numbers of this "
            "page are measured. The best of many points is partly the luckiest there: the numbers are too good, by "
            "more than their uncertainties say, the more points were scanned. Rank by a metric of the validation part "
            "(search.rank_by) for numbers that can be quoted."
        )
    ]


def origin(results: Mapping[str, Any]) -> str:
    """Return a table that links the numbers of a page to what they are of: point, training, dataset and program.

    Parameters
    ----------
    results : mapping
        What ``metrics.json`` holds.
    """
    made = results["origin"]
    rows = [
        ["Point (in scan.csv, and its directory)", results["point"]],
        ["Training of the point", results["run"]],
        ["Digest of the dataset (fingerprint.txt)", made["inputs"]["dataset"]],
        ["Replicas of the bootstrap, seed", f"{made['settings']['bootstrap']}, {made['settings']['seed']}"],
        ["jetloom, commit", f"{made['jetloom']}, {made['commit']}"],
    ]
    return table(["", "These numbers are of"], rows, "Origin")
