"""The configuration that jobs read: a copy under a name that is its digest, which never changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jetloom.config.analysis import Analysis
from jetloom.config.schema import find_schema
from jetloom.io.atomic import write_text
from jetloom.provenance import stored_name


def store(analysis: Analysis, directory: Path) -> Path:
    """Keep a checked configuration and its input schemas under the digests of their contents; give its path.

    An edit of the configuration makes another file, so a job that was given a path reads what was meant when it was
    submitted, and every configuration that ever ran stays on record.
    """
    content = analysis.model_dump(mode="json", by_alias=True)
    for sample in content["samples"].values():
        schema = find_schema(sample["schema"])
        sample["schema"] = str(_keep(schema.model_dump(mode="json"), directory / "schemas"))
    return _keep(content, directory)


def _keep(content: dict[str, Any], directory: Path) -> Path:
    # The order of keys is kept: that of the labels is the order of the network's outputs.
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    path = directory / f"{stored_name(text.encode())}.json"
    # One that was damaged since is written anew.
    if not path.is_file() or path.read_bytes() != text.encode():
        write_text(path, text)
    return path
