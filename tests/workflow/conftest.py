"""A small analysis, run once by Snakemake from nothing to its report, in a directory of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_analysis import Analysis, small_analysis


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """The small analysis after a whole run. Tests that change it put it back."""
    analysis = small_analysis(tmp_path_factory.mktemp("small"))
    ran = analysis.snakemake()
    assert ran.returncode == 0, ran.stdout[-6000:]
    return analysis


@pytest.fixture
def fresh(tmp_path: Path) -> Analysis:
    """The small analysis before any run."""
    return small_analysis(tmp_path)
