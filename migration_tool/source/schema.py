"""The tables of a SQLite database as `Schema`: columns, affinity, keys, and what NULL can reach."""

from __future__ import annotations

import sqlite3

from migration_tool.model import Column, Schema, Table
from migration_tool.source.sql import ROWID_NAMES, quote

_AFFINITIES = (
    ("INT", "INTEGER"),
    ("CHAR", "TEXT"),
    ("CLOB", "TEXT"),
    ("TEXT", "TEXT"),
    ("BLOB", "BLOB"),
    ("REAL", "REAL"),
    ("FLOA", "REAL"),
    ("DOUB", "REAL"),
)
_HIDDEN = 1


def affinity(declared: str) -> str:
    """SQLite's rules for the affinity of a declared type."""
    if not declared:
        return "BLOB"
    return next((name for word, name in _AFFINITIES if word in declared.upper()), "NUMERIC")


def read_schema(connection: sqlite3.Connection) -> Schema:
    """All tables and views but SQLite's own. Raises sqlite3.Error on a broken schema."""
    found = connection.execute(
        "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    ).fetchall()
    return Schema({name: _table(connection, name, kind == "view") for name, kind in found})


def rowid_name(connection: sqlite3.Connection, table: str, columns: list[str]) -> str | None:
    """The name under which this table's rowid can be read; None for WITHOUT ROWID or where all are taken."""
    taken = {column.lower() for column in columns}
    for name in ROWID_NAMES:
        if name not in taken:
            try:
                connection.execute(f"SELECT t.{name} FROM {quote(table)} AS t LIMIT 0")
            except sqlite3.OperationalError:
                return None
            return name
    return None


def _table(connection: sqlite3.Connection, name: str, is_view: bool) -> Table:
    rows = connection.execute(f"PRAGMA table_xinfo({quote(name)})").fetchall()
    visible = [row for row in rows if row[6] != _HIDDEN]
    keyed = sorted((row[5], row[1]) for row in visible if row[5])
    primary_key = tuple(column for _, column in keyed)
    unique, has_key_index = _unique_indexes(connection, name)
    rowid = None if is_view else rowid_name(connection, name, [row[1] for row in visible])
    declared = {row[1]: row[2].upper() for row in visible}
    alias = None
    if rowid and len(primary_key) == 1 and declared[primary_key[0]] == "INTEGER" and not has_key_index:
        alias = primary_key[0]
    without_rowid = not is_view and rowid is None and has_key_index
    certain = {alias} | (set(primary_key) if without_rowid else set())
    columns = tuple(Column(r[1], affinity(r[2]), bool(r[3]) or r[1] in certain) for r in visible)
    return Table(name, columns, primary_key, unique, alias, without_rowid, is_view)


def _unique_indexes(connection: sqlite3.Connection, name: str) -> tuple[tuple[tuple[str, ...], ...], bool]:
    """The column lists of complete unique indexes, and whether the primary key has an index of its own."""
    unique = []
    has_key_index = False
    for _, index, is_unique, origin, partial in connection.execute(
        f"PRAGMA index_list({quote(name)})"
    ).fetchall():
        columns = tuple(row[2] for row in connection.execute(f"PRAGMA index_info({quote(index)})"))
        has_key_index = has_key_index or origin == "pk"
        if is_unique and not partial and None not in columns:
            unique.append(columns)
    return tuple(unique), has_key_index
