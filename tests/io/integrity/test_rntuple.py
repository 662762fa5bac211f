"""A flipped bit of an RNTuple is refused wherever a checksum holds it."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import uproot
import xxhash

from jetloom.errors import CorruptFileError
from jetloom.io.integrity import rntuple
from jetloom.io.root.files import open_source

NAME = "uproot-physlite-rntuple_v1-0-0-0.root"
JETS = [f"AnalysisJetsAuxDyn:{name}" for name in ("pt", "eta", "NumTrkPt500")]


def read(path, branches=JETS):
    with open_source(path, ["EventData"]) as source:
        return [{name: array.to_list() for name, array in block.items()} for block in source.blocks(branches, 40)]


def flipped(content, path, place, bit=7):
    data = bytearray(content)
    data[place] ^= 1 << bit
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def content(data):
    return (data / NAME).read_bytes()


@pytest.fixture(scope="module")
def places(data):
    """Where things lie: by name, first byte and number of bytes."""
    with uproot.open(data / NAME) as file:
        ntuple = file["EventData"]
        found = {
            name: (ntuple.member(f"fSeek{name}"), ntuple.member(f"fNBytes{name}")) for name in ("Header", "Footer")
        }
        pages = ntuple.footer.cluster_group_records[0].page_list_link.locator
        return found | {"list of pages": (pages.offset, pages.num_bytes)}


def test_the_page_that_gave_another_jet(content, tmp_path):
    path = flipped(content, tmp_path / "x.root", 1_087_780)
    with pytest.raises(CorruptFileError) as caught:
        read(path)
    assert re.search(
        r"x\.root: AnalysisJetsAuxDyn:pt: entries 0 to 40 cannot be read back \(is damaged: the page \d+ of cluster 0 "
        r"is not as it was written \(its checksum differs\)\); the file is damaged; copy it again$",
        caught.value.line(),
    )


@pytest.mark.parametrize("name", ["Header", "Footer", "list of pages"])
def test_no_bit_of_an_envelope_changes_unseen(content, places, tmp_path, name):
    first, size = places[name]
    generator = np.random.default_rng(5)
    for place in generator.integers(first, first + size, 12):
        path = flipped(content, tmp_path / "x.root", place, generator.integers(8))
        with pytest.raises(CorruptFileError, match=r"EventData: (is damaged|cannot be read)"):
            open_source(path, ["EventData"]).__enter__()


class Ntuple(SimpleNamespace):
    """One column of two pages, of which the second has no checksum."""

    def __init__(self, pages):
        content = b"".join(page + xxhash.xxh3_64_digest(page)[::-1] for page in pages)
        places = [SimpleNamespace(offset=index * 24, num_bytes=16) for index in range(len(pages))]
        chunks = SimpleNamespace(chunk=lambda start, stop: SimpleNamespace(raw_data=content[start:stop]))
        column = [SimpleNamespace(locator=place, has_checksum=place.offset == 0) for place in places]
        super().__init__(file=SimpleNamespace(source=chunks), page_link_list=[[SimpleNamespace(pages=column)]], read=[])
        self.read_page = lambda *where: self.read.append(where[1:4])


def test_each_page_is_verified_when_it_is_first_read(monkeypatch):
    ntuple = Ntuple([b"a" * 16, b"b" * 16])
    verified, original = [], rntuple._verify
    monkeypatch.setattr(rntuple, "_verify", lambda *given: (verified.append(given[1]), original(*given)))
    rntuple.verify_pages(ntuple)
    for page in (0, 1, 0):
        ntuple.read_page(None, 0, 0, page, None)
    assert verified == ["page 0 of cluster 0"]
    assert ntuple.read == [(0, 0, 0), (0, 0, 1), (0, 0, 0)]
