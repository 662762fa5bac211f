"""Whole files: what can be compressed into one of jetloom, and written again from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jetloom.compression.bounds import Bound
from jetloom.compression.container import Reader, Writer
from jetloom.compression.pieces import Contents, Piece
from jetloom.compression.sources import hdf5, npz, root
from jetloom.errors import ConfigurationError, CorruptFileError, MissingFileError
from jetloom.io.atomic import publishing
from jetloom.io.hdf5.tables import TableReader
from jetloom.io.root.files import open_source

ENTRIES = 20_000
"""Entries of a block, unless somebody asks for others: a block is what is read for a single entry."""

ENDINGS = {"root": (".root",), "hdf5": (".h5", ".hdf5"), "npz": (".npz",)}


@dataclass
class Summary:
    """What a file became.

    Attributes
    ----------
    contents : Contents
    entries : int
    before, after : int
        Sizes of the file that was read and the one that was written, bytes; ``before`` counts what was left out, too.
    raw : int
        Bytes of the values in memory.
    lost : list of str
        What could not be read back, when damage is passed over.
    """

    contents: Contents
    entries: int
    before: int
    after: int
    raw: int
    lost: list[str] = field(default_factory=list)


def compress(
    path: Path,
    output: Path,
    bounds: Mapping[str, Bound],
    *,
    patterns: Sequence[str] = (),
    tree: str | None = None,
    entries: int = ENTRIES,
) -> Summary:
    """Write a compressed file and hold it against the original before it gets its name.

    Parameters
    ----------
    path, output : Path
    bounds : mapping of str to Bound
        By name or pattern; what none fits is exact.
    patterns : sequence of str
        Which variables; all if empty.
    tree : str, optional
        Of a ROOT file with several.
    entries : int
        Entries of a block.

    Raises
    ------
    JetloomError
        If the input is missing, damaged or of another kind, or a name is not in it.
    """
    written, raw = 0, 0
    with ExitStack() as stack:
        part = stack.enter_context(publishing(output, _check))
        contents, pieces = stack.enter_context(opened_pieces(path, bounds, patterns, tree, entries))
        writer = stack.enter_context(Writer(part, contents))
        for piece in pieces:
            writer.append(piece)
            written += piece.entries
            raw += sum(values.nbytes for values in piece.values.values())
    return Summary(contents, written, path.stat().st_size, output.stat().st_size, raw)


def decompress(
    path: Path,
    output: Path,
    *,
    start: int = 0,
    stop: int | None = None,
    as_kind: str | None = None,
    skip_damaged: bool = False,
) -> Summary:
    """Write what was compressed again.

    Parameters
    ----------
    path, output : Path
    start, stop : int
        Which entries; only the blocks that hold them are read.
    as_kind : str, optional
        ``ttree`` or ``rntuple``.
    skip_damaged : bool
        Leave out blocks that are damaged instead of ending; the summary says which.
    """
    with Reader(path) as reader:
        source = reader.contents.source
        if output.suffix not in ENDINGS[source]:
            raise ConfigurationError(
                f"'{path.name}' was made of a {source} file",
                path=output,
                advice=f"end the name with {ENDINGS[source][0]}",
            )
        if as_kind is not None and source != "root":
            raise ConfigurationError("only trees are TTrees or RNTuples", path=path, advice="leave out --as")
        if reader.damage and not skip_damaged:
            raise CorruptFileError("; ".join(reader.damage), path=path, advice="copy it again, or give --skip-damaged")
        if start < 0 or start > reader.entries or (stop is not None and stop < start):
            raise ConfigurationError(f"has entries 0 to {reader.entries}", path=path, where=f"entries {start}:{stop}")
        lost = list(reader.damage)
        pieces = _surviving(reader, start, stop, lost) if skip_damaged else reader.pieces(start, stop)
        raw = 0

        def counted() -> Iterator[Piece]:
            nonlocal raw
            for piece in pieces:
                raw += sum(values.nbytes for values in piece.values.values())
                yield piece

        with publishing(output) as part:
            if source == "root":
                written = root.write(part, reader.contents, counted(), as_kind)
            else:
                written = {"hdf5": hdf5, "npz": npz}[source].write(part, reader.contents, counted())
        return Summary(reader.contents, written, path.stat().st_size, output.stat().st_size, raw, lost)


def _surviving(reader: Reader, start: int, stop: int | None, lost: list[str]) -> Iterator[Piece]:
    """Yield what is not damaged; what is goes to a list. Blocks that cannot be found at all leave a gap."""
    expected = start
    for place in reader.places:
        if place.stop <= start or (stop is not None and place.start >= stop):
            continue
        if place.start > expected:
            lost.append(f"entries {expected} to {place.start}: their block cannot be found")
        expected = place.stop
        try:
            yield from reader.pieces(max(start, place.start), place.stop if stop is None else min(stop, place.stop))
        except CorruptFileError as error:
            lost.append(f"{error.where}: {error.cause}")


@contextmanager
def opened_pieces(
    path: Path, bounds: Mapping[str, Bound], patterns: Sequence[str], tree: str | None, entries: int
) -> Iterator[tuple[Contents, Iterator[Piece]]]:
    """Open what is to be compressed, or what was decompressed, by what it is and not by its name."""
    kind = kind_of(path)
    if tree is not None and kind != "root":
        raise ConfigurationError("has no trees", path=path, advice="leave out --tree")
    if kind == "root":
        with open_source(path, [root.tree_of(path, tree)]) as source:
            contents = root.contents(source, bounds, patterns)
            yield contents, root.pieces(source, contents, entries)
    elif kind == "hdf5":
        with TableReader(path) as reader:
            contents = hdf5.contents(reader, bounds, patterns)
            yield contents, hdf5.pieces(reader, contents, entries)
    else:
        contents, columns = npz.contents(npz.load(path), bounds, patterns, path)
        yield contents, npz.pieces(columns, entries)


def kind_of(path: Path) -> str:
    """Return ``root``, ``hdf5`` or ``npz``, by the first bytes.

    Raises
    ------
    MissingFileError, CorruptFileError
        If there is no such file, or it is none of them.
    """
    if not path.is_file():
        raise MissingFileError("there is no such file", path=path)
    with path.open("rb") as file:
        begin = file.read(8)
    for kind, mark in (("root", b"root"), ("hdf5", b"\x89HDF\r\n\x1a\n"), ("npz", b"PK")):
        if begin.startswith(mark):
            return kind
    raise CorruptFileError(
        "is no ROOT file, no HDF5 file and no .npz", path=path, advice="give one of these; pickles are not read"
    )


def _check(part: Path) -> None:
    """Read back all that was written: each block is held against the digest of what its values decode to."""
    with Reader(part) as reader:
        for place in reader.places:
            reader.piece(place)
