"""What has to be known of a database before anything is proposed for it."""

from __future__ import annotations

from collections.abc import Mapping

from migration_tool.limits import MAX_ITEM_BYTES
from migration_tool.model import Table
from migration_tool.proposing.facts import TableFacts, gather, largest_row
from migration_tool.proposing.keys import identity
from migration_tool.proposing.kinds import Known
from migration_tool.proposing.naming import entities, prefixes
from migration_tool.proposing.relations import find_relations
from migration_tool.proposing.rows import Rows
from migration_tool.source.sqlite import SqliteSource

_ROOM = 30_000
"""Bytes of an item for its keys and the names of its attributes."""


def look(source: SqliteSource) -> tuple[Known, Mapping[str, str]]:
    """And what of the source no design can hold → why: tables, and columns as `table.column`."""
    facts, left_out = _facts(source)
    known = Known(source, _rows(source, facts), find_relations(source, facts))
    for name, rows in known.tables.items():
        left_out |= {f"{name}.{column}": f"it {why}" for column, why in rows.omitted.items()}
    return known, left_out


def _facts(source: SqliteSource) -> tuple[dict[str, TableFacts], dict[str, str]]:
    facts: dict[str, TableFacts] = {}
    left_out: dict[str, str] = {}
    for name, table in sorted(source.schema.tables.items()):
        reason = _unreadable(source, table)
        found = None if reason else gather(source, table)
        if found and identity(found):
            facts[name] = found
        else:
            left_out[name] = reason or "no key tells its rows apart that could be looked for"
    return facts, left_out


def _unreadable(source: SqliteSource, table: Table) -> str:
    if table.is_view:
        return "a view: its tables are in the designs"
    if not source.can_read(table):
        return "its columns hide the rowid, so that its rows have no order to be read in"
    return ""


def _rows(source: SqliteSource, facts: Mapping[str, TableFacts]) -> Mapping[str, Rows]:
    names, openings = entities(facts), prefixes(facts)
    return {
        name: Rows(found, names[name], openings[name], identity(found) or (), _is_oversize(source, found))
        for name, found in facts.items()
    }


def _is_oversize(source: SqliteSource, facts: TableFacts) -> bool:
    """Whether some row is, or is nearly, too large for an item."""
    room = MAX_ITEM_BYTES - _ROOM
    longest = sum(column.longest for column in facts.columns.values())
    return longest > room and largest_row(source, facts.table, list(facts.columns)) > room
