"""What has to hold of a design and the rows before the first of them is written."""

from __future__ import annotations

from pathlib import Path

from migration_tool.design.compile import CompiledDesign
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.cases import check_projections
from migration_tool.verify.collisions import require_unique_keys


def require_sound(source: SqliteSource, compiled: CompiledDesign, folder: Path) -> None:
    """Every row has a key of its own, and every index what its patterns compare.

    Raises DesignError, SourceError, StateError (working files in `folder`).
    """
    check_projections(source, compiled.design)
    require_unique_keys(source, compiled, folder)
