"""Write the reference pages that are generated from the code."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is not what it would be")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("docs"),
        metavar="DIRECTORY",
        help="directory of the documentation, with workflow/ beside it (default: docs)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Write the pages, or compare them with what is there."""
    from jetloom.errors import ConfigurationError
    from jetloom.io.atomic import write_text

    for path, text in pages(arguments.output).items():
        there = path.read_text(encoding="utf-8") if path.is_file() else None
        if there == text:
            logger.info("%s is as it should be", path)
        elif arguments.check:
            raise ConfigurationError(
                "is not what the code says" if there else "is missing", path=path, advice="run jetloom reference"
            )
        else:
            write_text(path, text)
            logger.info("wrote %s", path)


def pages(docs: Path) -> dict[Path, str]:
    """Return all generated pages with their paths."""
    import inspect

    from jetloom.config.pages.dictionary import variables_page
    from jetloom.config.pages.reference import ModelEntry, config_schema, configuration_page
    from jetloom.config.schema import find_schema, shipped_schemas
    from jetloom.models.objectives.metric import LOSS
    from jetloom.models.objectives.shipped import SHIPPED
    from jetloom.models.registry import MODELS, find_model

    models = {
        name: ModelEntry(model.parameters, inspect.getdoc(inspect.getmodule(type(model))) or "")
        for name, model in ((name, find_model(name)) for name in MODELS)
    }
    # Of the training part no area is computed.
    metrics = {name: SHIPPED.direction(name) for name in SHIPPED.names if SHIPPED.known.get(name, LOSS).of == "rows"}
    return {
        docs / "configuration.md": configuration_page(models, metrics),
        docs / "variables.md": variables_page({path.stem: find_schema(path) for path in shipped_schemas()}),
        docs.parent / "workflow" / "config.schema.json": config_schema(),
    }
