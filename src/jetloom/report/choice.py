"""How the best point was chosen, as far as a reader of its numbers must know."""

from __future__ import annotations

from jetloom.plots.tables import paragraph

TEST = "eval_"
"""How the names of metrics of the test part begin."""


def chosen_by(ranked_by: str) -> list[str]:
    """Return a warning for a page if the test part, whose numbers it shows, chose the point as well; else nothing.

    Parameters
    ----------
    ranked_by : str
        The metric that ranked the points, such as ``val_auc``.
    """
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
