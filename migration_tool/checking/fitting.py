"""Designs held against a source: the faults of the files, and those against the source, all together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from migration_tool.checking.patterns import check_patterns, sql_fault
from migration_tool.config import Config
from migration_tool.design.compile import CompiledDesign, compile_draft, look_up
from migration_tool.design.draft import Draft, each
from migration_tool.design.load import read_design
from migration_tool.design.resolve import ResolvedEntity
from migration_tool.design.scope import UnknownTable
from migration_tool.errors import SourceError
from migration_tool.job import design_path
from migration_tool.source.sql import quote
from migration_tool.source.sqlite import SqliteSource


def fitted(
    source: SqliteSource, paths: Sequence[Path], allow_code: bool, run: bool = False
) -> list[CompiledDesign]:
    """The designs of these files.

    allow_code  the designs may run functions of the user's own
    run         their SQL is run for one row, too; else SQLite is only asked whether it understands it
    Raises DesignError with all faults of all designs.
    """
    return each(paths, lambda path: _fitted(source, path, allow_code, run))


def require_fit(config: Config, names: Sequence[str], source: Path) -> None:
    """Raises DesignError with all faults of the named designs, SourceError."""
    allow_code = config.settings.allow_code
    with SqliteSource(source) as opened:
        each(names, lambda name: _fitted(opened, design_path(config, name), allow_code, run=False))


def _fitted(source: SqliteSource, path: Path, allow_code: bool, run: bool) -> CompiledDesign:
    draft = read_design(path)
    entities = look_up(draft, source.schema)
    for entity in entities:
        _check_condition(source, draft, entity, run)
    check_patterns(source, draft, entities, run)
    return compile_draft(draft, entities, allow_code)


def _check_condition(source: SqliteSource, draft: Draft, entity: ResolvedEntity, run: bool) -> None:
    """Notes what SQLite says against `where`, as far as it is known what that can name."""
    scope, where = entity.scope, entity.entity.where
    known = {alias: table for alias, table in scope.tables.items() if not isinstance(table, UnknownTable)}
    if not where or not known:
        return
    tables = ", ".join(f"{quote(table.name)} AS {quote(alias)}" for alias, table in known.items())
    statement = f"SELECT 1 FROM {tables} WHERE ({where}\n)"  # noqa: S608  # the design's SQL
    try:
        source.query(f"EXPLAIN {statement}", {}, 0)
        if run and all(map(scope.is_sound, ("from", "lookup", "ancestry"))):
            source.count(entity.read())
    except SourceError as error:
        all_known = len(known) == len(scope.tables) and scope.knows_all("lookup")
        if all_known or "no such column" not in error.cause:
            draft.faults.extend([sql_fault(f"{scope.place}.where", error, statement, source.schema)])
