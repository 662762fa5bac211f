"""Files of other machines: what comes is what is there, and what a site does wrong is tried again and never damage."""

import asyncio
import time

import awkward as ak
import numpy as np
import pytest
from fsspec.asyn import AsyncFileSystem

import dxaod_files
from jetloom.cli.main import main
from jetloom.errors import ConfigurationError, CorruptFileError, ExitCode, MissingFileError, StorageError
from jetloom.io.root.files import open_source
from jetloom.io.sources import remote
from jetloom.locations import Remote
from range_server import serving

URL = "https://site.example.org/data/d.root?authz=SECRET"


class Site(AsyncFileSystem):
    """A file in memory behind fsspec's interface; each request takes one fault, an exception or a word."""

    def __init__(self, content):
        super().__init__(skip_instance_cache=True)
        self.content, self.faults, self.requests, self.connections = content, [], 0, 0

    async def _info(self, path, **_):
        await self._fault([])
        return {"name": path, "size": len(self.content), "type": "file"}

    async def _cat_ranges(self, paths, starts, ends, **_):
        found = [self.content[start:stop] for start, stop in zip(starts, ends, strict=True)]
        return await self._fault(found)

    async def _fault(self, found):
        self.requests += 1
        fault = self.faults.pop(0) if self.faults else None
        if fault == "hang":
            await asyncio.sleep(30)
        if fault == "inside" and found:  # fsspec gives some errors in the place of bytes
            found[-1] = OSError("reset by peer")
        if fault == "short" and found:
            found[-1] = found[-1][:-1]
        if fault == "whole" and found:
            found[-1] = self.content
        if isinstance(fault, BaseException):
            raise fault
        return found


@pytest.fixture
def site(tmp_path, monkeypatch):
    path = dxaod_files.write(tmp_path / "d.root", dxaod_files.content(400), steps=4)
    found = Site(path.read_bytes())

    def connect(url, **_):
        found.connections += 1
        return found, url

    monkeypatch.setattr(remote.fsspec.core, "url_to_fs", connect)
    monkeypatch.setattr(remote, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(remote, "PATIENCE", 0.3)
    return found


def read(url=URL, branch=dxaod_files.PARTS + "pt"):
    with open_source(url, ["CollectionTree"]) as source:
        return np.concatenate([ak.to_numpy(ak.flatten(block[branch])) for block in source.blocks([branch], 150)])


def status(code, kind=OSError):
    error = kind(f"{code}, message='no'")
    error.status, error.message = code, "no"
    return error


@pytest.fixture
def local(tmp_path, site):
    return read(tmp_path / "d.root")


@pytest.mark.parametrize(
    "faults",
    [
        [], [status(503)], [status(500), status(502)], [TimeoutError()], [ConnectionRefusedError("no")], ["hang"],
        [None, "short"], [None, "inside", "short"], [None, None, status(503), "short"], [None, EOFError("cut")],
        [OSError("[ERROR] Operation expired")], [OSError("[FATAL] Redirect limit has been reached")],
    ],
)  # fmt: skip
def test_a_site_that_fails_twice_and_then_works_gives_what_is_there(site, local, faults):
    site.faults = list(faults)
    np.testing.assert_array_equal(read(), local)
    assert site.faults == []
    if any(faults):
        assert site.connections > 1, "a connection that failed is not used again"


@pytest.mark.parametrize("before", [0, 1, 2, 4])
@pytest.mark.parametrize("fault", [status(503), TimeoutError(), OSError("[ERROR] Operation expired"), "hang", "short"])
def test_a_site_that_goes_on_failing_is_out_of_reach_whenever_it_begins(site, fault, before):
    site.faults = [None] * before + [fault] * 3 if fault != "short" or before else [None] + [fault] * 3
    with pytest.raises(StorageError, match=r"d\.root: is out of reach \(.*\); try again later") as caught:
        read()
    assert caught.value.exit_code == ExitCode.STORAGE == 8
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "error", [FileNotFoundError("x"), status(404), status(410), OSError("Failed to open file: [3011] No such file")]
)
def test_a_file_that_is_not_there_is_an_input_and_not_tried_again(site, error):
    site.faults = [error, error, error]
    with pytest.raises(MissingFileError, match="there is no such file"):
        read()
    assert len(site.faults) == 2


def test_what_fsspec_calls_not_found_is_judged_by_what_the_server_said(site):
    for cause, kind in ((status(503), StorageError), (status(404), MissingFileError)):
        errors = []
        for _ in range(3):
            errors.append(FileNotFoundError("x"))
            errors[-1].__cause__ = cause
        site.faults = errors
        with pytest.raises(kind):
            read()


@pytest.mark.parametrize(
    "error", [status(401), status(403), PermissionError("no"), OSError("[3010] permission denied")]
)
def test_who_may_not_read_it_is_told_to_look_at_the_proxy(site, error):
    site.faults = [error]
    with pytest.raises(StorageError, match="is your proxy, ticket or token still valid"):
        read()
    assert site.requests == 1, "the next minute changes nothing"


def test_a_server_of_whole_files_only_is_told(site):
    site.faults = [None, "whole"]
    with pytest.raises(ConfigurationError, match="whole files only"):
        read()


def test_damage_of_a_remote_file_is_damage(site):
    site.content = site.content[: len(site.content) // 2]
    with pytest.raises(CorruptFileError, match="expected Chunk of length"):
        read()
    site.content = b"no ROOT file at all" * 100
    with pytest.raises(CorruptFileError, match="is not a ROOT file"):
        read()
    site.content = b""
    with pytest.raises(CorruptFileError):
        read()


def test_an_unknown_protocol_and_a_missing_package_are_told(monkeypatch):
    with pytest.raises(ConfigurationError, match="files cannot be read by 'davs'; known: root, https, http"):
        read("davs://site.example.org/d.root")

    def without(url, **_):
        raise ImportError("Install fsspec-xrootd or aiohttp")

    monkeypatch.setattr(remote.fsspec.core, "url_to_fs", without)
    for protocol, package in (("root", "fsspec-xrootd and xrootd"), ("https", "aiohttp")):
        with pytest.raises(ConfigurationError, match=f"reading by {protocol}:// needs {package}.*the extra 'remote'"):
            read(f"{protocol}://site.example.org//d.root")


@pytest.mark.parametrize("url", ["http:///x", "http://a.b:99999/x", "https://a.b:x/x", "http://[::1/x", "root://:1//x"])
def test_what_is_no_url_is_never_asked_again(url):
    with pytest.raises(ConfigurationError, match="is no URL"), open_source(Remote(url), ["tree"]):
        pass


def test_the_letters_of_a_protocol_may_be_large(monkeypatch):
    asked = []
    monkeypatch.setattr(remote.fsspec.core, "url_to_fs", lambda url, **_: asked.append(url) or (None, url))
    monkeypatch.setattr(remote.RemoteSource, "_size", lambda _: 0)
    remote.RemoteSource("HTTPS://A.b/X.root?q=1")
    assert asked == ["https://A.b/X.root?q=1"]


def test_a_conversion_by_url_gives_the_bytes_of_the_local_one(site, tmp_path, capsys):
    options = ["--schema", "simulated", "--slots", "constituents=5"]
    assert main(["hdf5", URL, *options, "--output", str(tmp_path / "remote.h5")]) == 0
    assert main(["hdf5", str(tmp_path / "d.root"), *options, "--output", str(tmp_path / "local.h5")]) == 0
    from jetloom.io.hdf5.tables import TableReader

    with TableReader(tmp_path / "remote.h5") as one, TableReader(tmp_path / "local.h5") as other:
        for table in ("jets", "before", "constituents"):
            np.testing.assert_array_equal(one.read(table), other.read(table))
        assert one.attribute("origin")["inputs"] == {"d.root": "https://site.example.org/data/d.root"}
    assert main(["check_file", URL, "--schema", "simulated"]) == 0
    site.faults = [status(503)] * 9
    capsys.readouterr()
    budget = ["--budget", "files=0.5"]
    assert main(["hdf5", URL, *options, *budget, "--output", str(tmp_path / "no.h5")]) == ExitCode.STORAGE
    assert (
        capsys.readouterr().err.splitlines()[-1].startswith("jetloom hdf5: error: https://site.example.org/data/d.root")
    )
    assert not (tmp_path / "no.h5").exists(), "a file out of reach is no bad file of the budget"


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A real server on this machine; needs aiohttp, of the extra 'remote'."""
    pytest.importorskip("aiohttp")
    dxaod_files.write(tmp_path / "d.root", dxaod_files.content(400), steps=4)
    monkeypatch.setattr(remote, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(remote, "PATIENCE", 1.0)
    with serving(tmp_path) as found:
        yield found


def test_a_real_server_that_stumbles(server, tmp_path):
    expected = read(tmp_path / "d.root")
    for faults in ([], [500, 503], ["cut", "cut"], ["short", "cut"], ["hang"]):
        server.faults = list(faults)
        np.testing.assert_array_equal(read(server.url("d.root?authz=x")), expected)
        assert server.faults == []


@pytest.mark.parametrize("fault", [503, 403, "cut", "short", "hang"])
def test_a_real_server_that_does_not_recover(server, fault):
    server.always, began = fault, time.monotonic()
    with pytest.raises(StorageError, match="out of reach"):
        read(server.url("d.root"))
    assert time.monotonic() - began < 60


def test_a_real_server_without_the_file_or_without_ranges(server):
    with pytest.raises(MissingFileError):
        read(server.url("none.root"))
    server.always = "whole"
    with pytest.raises(ConfigurationError, match="whole files only"):
        read(server.url("d.root"))


def test_nobody_listens(monkeypatch):
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(remote, "PAUSES", (0.0, 0.0))
    with pytest.raises(StorageError):
        read("http://127.0.0.1:1/d.root")
