"""Designs held against the schema of the source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from migration_tool.config import Config
from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.load import load_design
from migration_tool.job import design_path
from migration_tool.source.sqlite import SqliteSource, check_source
from migration_tool.verify.cases import check_projections


def check_designs(config: Config, files: Sequence[Path]) -> list[CompiledDesign]:
    """These designs, or those of the configuration, each fit for the source. Raises MigrationError."""
    paths = files or [design_path(config, name) for name in config.dynamodb_tables]
    designs = [load_design(path) for path in paths]
    check_source(config.source_db)
    with SqliteSource(config.source_db) as source:
        allowed = config.settings.allow_code
        compiled = [compile_design(design, source.schema, allowed) for design in designs]
        for design in designs:
            check_projections(source, design)
        return compiled
