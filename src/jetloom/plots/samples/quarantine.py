"""Jets that could not be the trees they should be: a table, where they are in the detector, into what they fall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jetloom.io.atomic import write_text
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.trees import QUARANTINE
from jetloom.plots.style import canvas, say, shared_legend
from jetloom.plots.tables import page, paragraph, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from jetloom.plots.dataset.inputs import Array
    from jetloom.plots.style import ClassStyle

LISTED = 200
"""Jets that the table lists of each sample; the rest are counted."""


class Quarantined:
    """The quarantined jets of a sample.

    Parameters
    ----------
    files : sequence of Path
        Its files of trees.

    Attributes
    ----------
    rows : structured array of :data:`jetloom.io.trees.QUARANTINE`
    files : list of str
        The file of each row.
    reasons : list of str
        What the numbers in ``reason`` mean.
    jets : int
        Jets that are trees as they should be, or in another form.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        parts: list[Array] = []
        self.files: list[str] = []
        self.reasons: list[str] = []
        self.jets = 0
        for path in files:
            with TableReader(path) as reader:
                if "quarantine" not in reader.rows:  # a file that the conversion skipped
                    continue
                self.reasons = reader.attribute("reasons")
                parts.append(reader.read("quarantine"))
                self.files += [path.name] * len(parts[-1])
                self.jets += reader.count("jets")
        self.rows: Array = np.concatenate(parts) if parts else np.zeros(0, QUARANTINE)

    @property
    def apart(self) -> Array:
        """Rows of the jets that fell apart."""
        return self.rows[self.rows["second_piece"] > 0]


def draw_quarantine(path: Path, samples: Sequence[ClassStyle], found: Sequence[Quarantined], head: str) -> None:
    """Draw where the jets are, and the sizes of the two largest pieces of those that fell apart.

    Where there are no such jets, a sentence says so.
    """
    if not any(len(each.rows) for each in found):
        jets = sum(each.jets for each in found)
        with canvas(path, (8.0, 2.0), head=head) as (_, axes):
            well = f"No jet was quarantined: all {jets:,} jets are the trees they should be."
            say(axes[0, 0], well if jets else "No trees were made of these samples: no task reads them.")
        return
    with canvas(path, (12.5, 4.4), 1, 3, head) as (figure, axes):
        where, largest, second = axes[0]
        for style, each in zip(samples, found, strict=True):
            label = f"{style.title}: {len(each.rows):,} jets"
            options: dict[str, Any] = {"color": style.color, "marker": style.marker, "s": 14, "alpha": 0.6}
            where.scatter(each.rows["eta"], each.rows["phi"], label=label, linewidths=0, **options)
        where.set_ylim(-np.pi, np.pi)
        where.set_xlabel(r"Jet $\eta$")
        where.set_ylabel(r"Jet $\phi$ [rad]")
        where.set_title("All in the quarantine", loc="left")
        for panel, name in ((largest, "largest_piece"), (second, "second_piece")):
            _pieces(panel, name, samples, found)
        shared_legend(figure, where)


def _pieces(panel: Any, name: str, samples: Sequence[ClassStyle], found: Sequence[Quarantined]) -> None:
    from matplotlib.ticker import MaxNLocator

    sizes = [each.apart[name] for each in found]
    if not any(len(each) for each in sizes):
        say(panel, "No jet fell apart")
        return
    most = max(int(each.max()) for each in sizes if len(each))
    step = max(1, -(-most // 40))
    ends = np.arange(0.5, most + step + 0.5, step)
    for style, each in zip(samples, sizes, strict=True):
        panel.stairs(np.histogram(each, ends)[0], ends, color=style.color, linestyle=style.line)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.set_xlim(ends[0], ends[-1])
    panel.set_ylim(0, None)
    panel.set_xlabel(f"Constituents of the {name.partition('_')[0]} piece")
    panel.set_ylabel("Jets")


def write_quarantine(path: Path, found: Mapping[str, Quarantined]) -> None:
    """Write the jets as HTML: counts by reason, then run, event and row of the first ones of each sample."""
    counts = [
        [sample, reason, int(np.sum(chosen & ~each.rows["kept"])), int(np.sum(chosen & each.rows["kept"]))]
        for sample, each in found.items()
        for place, reason in enumerate(each.reasons)
        if (chosen := each.rows["reason"] == place).any()
    ]
    totals = [[sample, each.jets, len(each.rows)] for sample, each in found.items()]
    parts = [
        table(["Sample", "Jets with a tree", "Jets in the quarantine"], totals, "How many"),
        table(["Sample", "Reason", "Dropped", "Kept in another form"], counts, "Why")
        if counts
        else paragraph("Every jet is the tree that it should be."),
    ]
    heads = ["File", "Run", "Event", "Row", "Reason", "Kept", "Constituents", "pT [GeV]", "η", "φ [rad]", "Pieces"]
    for sample, each in found.items():
        if len(each.rows):
            listed = [_cells(each, place) for place in range(min(LISTED, len(each.rows)))]
            parts.append(table(heads, listed, f"{sample}: {len(listed)} of {len(each.rows):,}"))
    write_text(path, page("Jets that are not the trees they should be", *parts))


def _cells(each: Quarantined, place: int) -> list[Any]:
    row = each.rows[place]
    pieces = f"{row['largest_piece']} + {row['second_piece']}" if row["second_piece"] else ""
    numbers = [float(row[name]) for name in ("pt", "eta", "phi")]
    return [
        each.files[place],
        str(row["run_number"]),
        str(row["event_number"]),
        str(row["row"]),
        each.reasons[row["reason"]],
        "yes" if row["kept"] else "no",
        int(row["n_constituents"]),
        *numbers,
        pieces,
    ]
