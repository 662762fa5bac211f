"""What several tests need: where the real files are, and a small DxAOD-like file."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).parents[1]

# On a busy machine an example may take any time.
settings.register_profile("busy", deadline=None)
settings.load_profile("busy")


@pytest.fixture(scope="session")
def data() -> Path:
    """Directory of real files; the test is skipped where they are not."""
    directory = ROOT.parent / "shared" / "data"
    if not directory.is_dir():
        pytest.skip("the real files are not here")
    return directory


@pytest.fixture(scope="session")
def small_dxaod(tmp_path_factory) -> Path:
    """A DxAOD-like file of 40 events with constituents."""
    import dxaod_files

    return dxaod_files.write(tmp_path_factory.mktemp("dxaod") / "small.root", dxaod_files.content())
