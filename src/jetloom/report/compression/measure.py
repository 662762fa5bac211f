"""The comparison of a compression with its originals and with other compressors: numbers, and what the figures show."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from jetloom.compression.bounds import Bound
from jetloom.compression.comparing.costs import Cost, chains, cost_of, definitions, scaled
from jetloom.compression.comparing.methods import OURS, ZSTD, available
from jetloom.compression.comparing.pairs import Sides, Triple, read_pairs, read_values
from jetloom.compression.sources.kinds import last_part
from jetloom.config.compressions import Compression
from jetloom.config.jet_variables import GROUPS
from jetloom.evaluation.compression.residuals import (
    Corner,
    Curve,
    Variable,
    corner,
    correlations,
    measure,
    residuals_of,
    response,
)  # fmt: skip
from jetloom.io.records import write_record
from jetloom.io.sealed import write_json
from jetloom.report.compression.stored import FIGURES, NUMBERS, Figures

logger = logging.getLogger(__name__)

Values = npt.NDArray[Any]
WARN_ABOVE = 0.001
"""Share of values outside of the range of the first sample that is worth a warning."""
_ARRAYS = ("quantiles", "edges", "original", "decoded", "residual_edges", "residuals")


def compare(
    files: list[Triple], settings: Compression, name: str, others: Mapping[str, Path], output: Path
) -> dict[str, Any]:
    """Hold decompressed files against their originals, and the codec against others, and write what was found.

    Parameters
    ----------
    files : list of Triple
    settings : Compression
    name : str
        Of the compression.
    others : mapping of str to Path
        A file of each other sample.
    output : Path
        Directory of the results.

    Returns
    -------
    dict
        What ``compression.json`` holds.
    """
    sides = read_pairs(files, settings.tree, settings.compared)
    methods, lacking = available()
    variables = list(_variables(sides))
    results = {
        "title": settings.title or name,
        "entries": sides.entries,
        "compared": sides.kept,
        "values": sides.values,
        "sizes": _sizes(files, sides),
        "variables": {
            one.name: {key: _told(value) for key, value in asdict(one).items() if key not in _ARRAYS}
            for one in variables
        },
        "lacking": lacking,
        **_costs(sides, methods),
        "others": {other: _other(sides, path, settings, other) for other, path in others.items()},
    }
    write_record(output / FIGURES, _figures(sides, variables, methods, settings))
    write_json(output / NUMBERS, results)
    return results


def _variables(sides: Sides) -> Iterator[Variable]:
    definition = definitions(sides.bounds)
    for name, bound in sides.bounds.items():
        step = 2 * bound.size if bound.kind == "absolute" else 0.0
        columns = sides.original[name], sides.decoded[name]
        yield measure(name, str(bound), definition[name], *columns, sides.outside[name], step)


def _sizes(files: list[Triple], sides: Sides) -> dict[str, int]:
    """Return the bytes of all files, of the values in memory, and of a model, which the direct method has none of."""
    return {
        "original": sum(one.original.stat().st_size for one in files),
        "memory": sides.memory,
        "compressed": sum(one.compressed.stat().st_size for one in files),
        "decompressed": sum(one.decompressed.stat().st_size for one in files),
        "model": 0,
    }


def _costs(sides: Sides, methods: list[str]) -> dict[str, Any]:
    """Return what each method costs, and some of them one after the other."""
    memory = sum(values.nbytes for values in sides.original.values())
    costs = {method: cost_of(method, sides.original, sides.bounds) for method in methods}
    found = chains(sides.original, sides.bounds)
    return {
        "methods": {method: _row(cost, sides.kept, memory, len(sides.original)) for method, cost in costs.items()},
        "chains": {chain: {"bytes": size, "ratio": memory / max(1, size)} for chain, size in found.items()},
    }


def _row(cost: Cost, entries: int, memory: int, columns: int) -> dict[str, Any]:
    return {key: _told(one) for key, one in asdict(cost).items()} | {
        "ratio": memory / max(1, cost.size),
        "encoding_per_entry": cost.encoding / max(1, entries),
        "decoding_per_entry": cost.decoding / max(1, entries),
        "columns": columns,
    }


def _told(value: Any) -> Any:
    """Return a number as JSON has it: what is none is null."""
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _other(sides: Sides, path: Path, settings: Compression, name: str) -> dict[str, Any]:
    """Return what the same bounds cost on another sample, and how much of it lies outside of the first one's range."""
    columns = read_values(path, list(sides.bounds), settings.tree, settings.compared)
    beyond: dict[str, float] = {}
    for variable, values in columns.items():
        known = sides.original[variable]
        known, values = known[np.isfinite(known)], values[np.isfinite(values)]
        if not len(known) or not len(values) or last_part(variable) in ("run_number", "event_number", "eventNumber"):
            continue
        share = float(((values < known.min()) | (values > known.max())).mean())
        beyond[variable] = share
        if share > WARN_ABOVE:
            logger.warning(
                "%s: %s: %.2g%% of the values lie outside of the range of '%s', %g to %g",
                name, variable, 100 * share, settings.sample, known.min(), known.max(),
            )  # fmt: skip
    cost = cost_of(OURS, columns, sides.bounds, warm=False)
    memory = sum(values.nbytes for values in columns.values())
    return {"bytes": cost.size, "ratio": memory / max(1, cost.size), "outside": cost.outside, "beyond": beyond}


def _figures(sides: Sides, variables: list[Variable], methods: list[str], settings: Compression) -> Figures:
    names = _of_jets(sides)
    definition = definitions(sides.bounds)
    lossy = [name for name in names if sides.bounds[name].kind != "exact"]
    residuals = {name: residuals_of(sides.original[name], sides.decoded[name], definition[name]) for name in lossy}
    matrix = correlations(residuals) if residuals else np.empty((0, 0))
    responses = [
        response(name, sides.original[name], sides.decoded[name], against, _against(sides.original[against]))
        for name in lossy
        for against in names
        if last_part(name) in ("pt", "m") and last_part(against) in ("pt", "eta")
    ]
    curves = list(_curves(sides, [one for one in methods if one != ZSTD], settings.scales))
    corners = list(_corners(residuals, definition))
    return Figures(variables, lossy, matrix, corners, responses, curves)


def _against(values: Values) -> npt.NDArray[np.float64]:
    return values.astype(np.float64)


def _of_jets(sides: Sides) -> list[str]:
    """Return the columns of the group that has the most: those of the same jets."""
    members: dict[str, list[str]] = {}
    for name, group in sides.groups.items():
        members.setdefault(group, []).append(name)
    return max(members.values(), key=len)


def _corners(residuals: Mapping[str, npt.NDArray[np.float64]], definition: Mapping[str, str]) -> Iterator[Corner]:
    for group, wanted in GROUPS.items():
        found = {name: values for name, values in residuals.items() if last_part(name) in wanted}
        moving = {name: values for name, values in found.items() if np.nanstd(values) > 0}
        if len(moving) > 1:
            yield corner(group, moving, [definition[name] for name in moving])


def _curves(sides: Sides, methods: list[str], scales: list[float]) -> Iterator[Curve]:
    bounded: dict[str, Bound] = {name: bound for name, bound in sides.bounds.items() if bound.kind != "exact"}
    if not bounded:
        return
    columns = {name: sides.original[name] for name in bounded}
    for method in methods:
        points = [(scale, cost_of(method, columns, scaled(bounded, scale), warm=False)) for scale in sorted(scales)]
        yield Curve(
            method,
            np.array([scale for scale, _ in points]),
            np.array([8 * cost.bounded_size / max(1, cost.bounded_values) for _, cost in points]),
            np.array([cost.distortion * scale for scale, cost in points]),
        )
