"""What a compression costs and gains as a page of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jetloom.compression.comparing.methods import OURS
from jetloom.plots.tables import page, paragraph, table

if TYPE_CHECKING:
    from collections.abc import Mapping

_MEGA = 1e6


def compression_page(results: Mapping[str, Any]) -> str:
    """Return the numbers of a compression as an HTML page.

    Parameters
    ----------
    results : mapping
        What ``compression.json`` holds.
    """
    return page(
        f"Compression: {results['title']}",
        paragraph(_summary(results)),
        *_methods(results),
        _chains(results),
        _variables(results),
        *_others(results),
    )


def _summary(results: Mapping[str, Any]) -> str:
    sizes, outside = results["sizes"], sum(one["outside"] for one in results["variables"].values())
    kept = (
        "every one of them within its bound" if outside == 0 else f"{outside} of them OUTSIDE OF THEIR BOUND: a fault"
    )
    model = sizes["compressed"] + sizes["model"]
    return (
        f"{results['entries']:,} entries with {results['values']:,} values, {kept}. In memory they take "
        f"{sizes['memory']:,} bytes, compressed {sizes['compressed']:,}: a ratio of "
        f"{sizes['memory'] / max(1, sizes['compressed']):.2f}, and {sizes['memory'] / max(1, model):.2f} with the "
        f"{sizes['model']:,} bytes of a model. The files that were read have {sizes['original']:,} bytes, with all "
        f"that was left out; those that were written again {sizes['decompressed']:,}."
    )


def _methods(results: Mapping[str, Any]) -> list[str]:
    rows = []
    for name, one in sorted(results["methods"].items(), key=lambda entry: -entry[1]["ratio"]):
        memory = "not counted" if one["memory"] is None else f"{one['memory'] / _MEGA:.0f}"
        rows.append(
            [
                name,
                f"{one['ratio']:.3f}",
                f"{one['size']:,}",
                f"{1e9 * one['encoding_per_entry']:.0f}",
                f"{1e9 * one['decoding_per_entry']:.0f}",
                memory,
                f"{one['outside']:,}",
            ]
        )
    heads = ["Method", "Ratio", "Bytes", "Encoding [ns an entry]", "Decoding [ns an entry]", "Memory [MB]", "Outside"]
    text = (
        f"All methods get the first {results['compared']:,} entries, one variable after the other, and the same "
        "bounds; relative ones of SZ3 and zfp go by logarithms. What has no bound is packed by zstd for all but "
        "jetloom. Ratios are of bytes in memory; times are of one core, measured once. Outside: values further off "
        "than allowed, most by the rounding of single precision."
    )
    parts = [paragraph(text), table(heads, rows, "Beside other compressors")]
    honest = {name: one["ratio"] for name, one in results["methods"].items() if one["outside"] == 0}
    best = max(honest, key=lambda name: honest[name])
    if best != OURS:
        parts.append(paragraph(f"Here {best} is smaller than jetloom, {honest[best]:.3f} against {honest[OURS]:.3f}."))
    if results["lacking"]:
        parts.append(paragraph(f"Not installed (the extra 'peers'): {', '.join(results['lacking'])}."))
    return parts


def _chains(results: Mapping[str, Any]) -> str:
    rows = [[name, f"{one['ratio']:.3f}", f"{one['bytes']:,}"] for name, one in results["chains"].items()]
    return table(["Chain", "Ratio", "Bytes"], rows, "Compressors one after the other")


def _variables(results: Mapping[str, Any]) -> str:
    rows = []
    for name, one in results["variables"].items():
        numbers = (
            ["-"] * 5
            if one["mean"] is None or one["sigma"] is None
            else [
                f"{one['mean']:.3g} +- {one['mean_error']:.1g}",
                f"{one['sigma']:.3g} +- {one['sigma_error']:.1g}",
                f"{one['rms']:.3g}",
                f"{one['lowest']:.3g}",
                f"{one['highest']:.3g}",
            ]
        )
        rows.append([name, one["bound"], one["definition"], *numbers, f"{one['kept_exactly']:,}", one["outside"]])
    heads = ["Variable", "Bound", "Residual", "Mean", "Sigma", "RMS", "Lowest", "Highest", "Bit for bit", "Outside"]
    return table(heads, rows, "Residuals")


def _others(results: Mapping[str, Any]) -> list[str]:
    rows = []
    for name, one in results["others"].items():
        beyond = {variable: share for variable, share in one["beyond"].items() if share > 0}
        worst = sorted(beyond, key=lambda variable: -beyond[variable])[:3]
        told = ", ".join(f"{variable} ({100 * beyond[variable]:.2g}%)" for variable in worst) or "none"
        rows.append([name, f"{one['ratio']:.3f}", f"{one['bytes']:,}", f"{one['outside']:,}", told])
    heads = ["Sample", "Ratio", "Bytes", "Outside of the bound", "Most outside of the first sample's range"]
    return [table(heads, rows, "The same bounds on other samples")] if rows else []
