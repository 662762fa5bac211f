import errno
import json
import os
import zlib

import cramjam
import numpy as np
import pytest
import uproot

from jetloom.errors import CorruptFileError, StaleError, StorageError
from jetloom.io.integrity.damage import TROUBLES, BadBytesError, Interpreting


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(bytes(1000))
    return path


def failing(error):
    raise error


class PanicException(BaseException):
    pass


LIBRARIES = {
    "zlib": lambda: zlib.decompress(b"no"),
    "zstd": lambda: cramjam.zstd.decompress(b"no", output_len=4),
    "lzma": lambda: cramjam.xz.decompress(b"no", output_len=4),
    "lz4": lambda: cramjam.lz4.decompress_block(b"\xf0", output_len=4),
    "json": lambda: json.loads("{"),
    "text": lambda: b"\xff".decode(),
    "numpy": lambda: np.frombuffer(bytes(3), "<f8"),
    "uproot": lambda: failing(uproot.deserialization.DeserializationError("x", None, None, {}, "y")),
    "a library's own mistake": lambda: json.dumps(object()),
    "far too long": lambda: np.empty((1 << 20, 1 << 30)),
    "seeking": lambda: failing(OSError(errno.EINVAL, "Invalid argument")),
    "recursion": lambda: json.loads("[" * 100_000),
    "rust": lambda: failing(PanicException("called unwrap on None")),
}


@pytest.mark.parametrize("name", LIBRARIES)
def test_what_a_library_raises_of_bytes_is_damage_of_the_file(path, name):
    with pytest.raises(CorruptFileError) as caught, Interpreting(path, "pt", advice="mend it"):
        LIBRARIES[name]()
    line = caught.value.line()
    assert line.startswith(f"{path}: pt: cannot be read (")
    assert line.endswith("; mend it")
    assert len(line.splitlines()) == 1
    assert caught.value.__cause__ is not None


def test_our_own_checks_have_their_own_words(path):
    with pytest.raises(CorruptFileError) as caught, Interpreting(path):
        raise BadBytesError("has other bytes")
    assert caught.value.cause == "has other bytes"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        StaleError("is old"),
        KeyboardInterrupt(),
        SystemExit(1),
    ],
)
def test_what_tells_nothing_of_the_bytes_goes_on_its_way(path, error):
    with pytest.raises(type(error)) as caught, Interpreting(path):
        failing(error)
    assert caught.value is error


@pytest.mark.parametrize("number", sorted(TROUBLES))
def test_the_troubles_of_disks_and_networks_are_no_damage_and_may_pass(path, number):
    with pytest.raises(StorageError, match=r"x\.bin: is out of reach"), Interpreting(path):
        failing(OSError(number, os.strerror(number)))


def test_too_little_memory_for_a_length_that_may_be_is_no_damage(path):
    with pytest.raises(MemoryError), Interpreting(path):
        raise np._core._exceptions._ArrayMemoryError((1 << 20, 100), np.dtype("<f8"))


@pytest.mark.parametrize("line", ["nobody_defined_this", "None.pt", "len(1)", "{}[1]", "[][1]"])
def test_mistakes_of_jetloom_are_not_taken_for_damage(path, line):
    import jetloom.io.integrity.damage as ours

    code = compile(f"lambda: {line}", ours.__file__, "eval")  # as if a line of the package did it
    with pytest.raises((NameError, AttributeError, TypeError, LookupError)), Interpreting(path):
        eval(code)()
