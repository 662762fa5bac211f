"""What is in a compressed file, part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from jetloom.compression.blocks import facts_of
from jetloom.compression.container import VERSION, Reader
from jetloom.compression.pieces import FLAT
from jetloom.errors import CorruptFileError

_ROW = "{:40} {:8} {:>8} {:>10} {:>10} {:>12} {:>12}"


def overview(path: Path, check: bool) -> Iterator[str]:
    """Yield lines: the file, its variables with types, bounds and sizes, what was left out, what is damaged.

    Parameters
    ----------
    path : Path
    check : bool
        Decode every block, too.

    Raises
    ------
    CorruptFileError
        After all lines, if something is damaged.
    """
    with Reader(path) as reader:
        damage = list(reader.damage)
        values, coded, exactly = Counter[str](), Counter[str](), Counter[str]()
        for place in reader.places:
            try:
                facts = facts_of(reader.block(place))
                if check:
                    reader.piece(place)
            except CorruptFileError as error:
                damage.append(f"{error.where}: {error.cause}")
                continue
            for name, one in facts["columns"].items():
                values[name] += one["values"]
                coded[name] += sum(one["streams"])
                exactly[name] += one["exactly"]
        contents = reader.contents
        size = path.stat().st_size
        raw = sum(column.kind.itemsize * values[name] for name, column in contents.columns.items())
        kind, blocks = contents.source, len(reader.places)
        yield f"{path}: format {VERSION}, of a {kind} file, {reader.entries} entries in {blocks} blocks"
        yield f"{size} bytes, {size / max(1, raw):.3f} of the {raw} bytes of its variables in memory"
        yield _ROW.format("variable", "type", "bound", "values", "bytes", "bits a value", "kept exactly")
        for name, column in contents.columns.items():
            shown = name if column.group == FLAT else f"{name} (lists)"
            bits = 8 * coded[name] / max(1, values[name])
            numbers = values[name], coded[name], f"{bits:.3f}", exactly[name]
            yield _ROW.format(shown, str(column.kind), str(column.bound), *numbers)
        yield _ROW.format("lengths of lists, heads, index", "", "", "", size - sum(coded.values()), "", "").rstrip()
        for name, reason in contents.left_out.items():
            yield f"left out: {name}: {reason}"
        if damage:
            raise CorruptFileError(
                "; ".join(damage), path=path, advice="copy it again; `jetloom decompress --skip-damaged` saves the rest"
            )
