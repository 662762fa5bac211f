"""The configuration that jobs read: a copy under a name that is its digest, which never changes."""

from __future__ import annotations

from pathlib import Path

from jetloom.config.analysis import Analysis
from jetloom.io.atomic import write_json
from jetloom.provenance import digest


def store(analysis: Analysis, directory: Path) -> Path:
    """Keep a checked configuration under the digest of its content, and give its path.

    An edit of the configuration makes another file, so a job that was given a path reads what was meant when it was
    submitted, and every configuration that ever ran stays on record.
    """
    content = analysis.model_dump(mode="json", by_alias=True)
    path = directory / f"{digest(content)}.json"
    if not path.is_file():
        write_json(path, content)
    return path
