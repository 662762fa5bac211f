"""Checksums of RNTuples: of the envelopes before they are interpreted, of each page when it is first read.

An RNTuple has an XXH3 (64 bits) after its anchor, at the end of each envelope (header, footer, lists of pages), and
after each page, if the writer did not switch them off. uproot looks at those of anchor, header and footer only, and at
the latter after it has interpreted them. See the RNTuple binary format specification, "Envelopes", "Page Locations".
"""

from __future__ import annotations

from typing import Any

import xxhash
from uproot.compression import decompress
from uproot.source.cursor import Cursor

from jetloom.io.integrity.damage import BadBytesError

CHECKSUM_BYTES = 8


def verify_envelopes(ntuple: Any) -> None:
    """Hold header, footer and lists of pages against their checksums.

    Parameters
    ----------
    ntuple : uproot RNTuple
        Whose anchor was read; uproot has verified it.

    Raises
    ------
    BadBytesError
        If one is not as it was written.
    """
    for name in ("Header", "Footer"):
        seek, stored, size = (ntuple.member(f"f{key}{name}") for key in ("Seek", "NBytes", "Len"))
        _verify_envelope(ntuple, name.lower(), seek, stored, size)
    for record in ntuple.footer.cluster_group_records:
        place = record.page_list_link.locator
        _verify_envelope(ntuple, "list of pages", place.offset, place.num_bytes, record.page_list_link.env_uncomp_size)


def verify_pages(ntuple: Any) -> None:
    """Let an RNTuple hold each page against its checksum when it is first read.

    Raises
    ------
    BadBytesError
        While reading, if a page is not as it was written.
    """
    read_page, seen = ntuple.read_page, set()

    def verified(destination: Any, cluster: int, column: int, page: int, metadata: Any) -> None:
        found = ntuple.page_link_list[cluster][column].pages[page]
        place = found.locator
        if found.has_checksum and place.offset not in seen:
            _verify(_bytes(ntuple, place.offset, place.num_bytes + CHECKSUM_BYTES), f"page {page} of cluster {cluster}")
            seen.add(place.offset)
        read_page(destination, cluster, column, page, metadata)

    ntuple.read_page = verified


def _verify_envelope(ntuple: Any, name: str, seek: int, stored: int, size: int) -> None:
    """Verify the checksum at the end of an envelope, of its uncompressed bytes."""
    if stored < size:
        chunk = ntuple.file.source.chunk(seek, seek + stored)
        _verify(decompress(chunk, Cursor(seek), {}, stored, size).raw_data, name)
    else:
        _verify(_bytes(ntuple, seek, stored), name)


def _bytes(ntuple: Any, start: int, size: int) -> Any:
    return ntuple.file.source.chunk(start, start + size).raw_data


def _verify(content: Any, name: str) -> None:
    """Hold bytes against the checksum that they end with."""
    told = int.from_bytes(bytes(content[-CHECKSUM_BYTES:]), "little")
    if len(content) < CHECKSUM_BYTES or xxhash.xxh3_64_intdigest(content[:-CHECKSUM_BYTES]) != told:
        raise BadBytesError(f"is damaged: the {name} is not as it was written (its checksum differs)")
