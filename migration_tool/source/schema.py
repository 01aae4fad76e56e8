"""The tables of a SQLite database as `Schema`: columns, affinity, keys, and what NULL can reach."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import itemgetter

import apsw

from migration_tool.model import ROWID_NAMES, Column, ForeignKey, Schema, Table, folded
from migration_tool.source.connection import rows_of
from migration_tool.source.sql import Cursor, quote

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
_ROWID = -1
_TABLES = """SELECT CAST(name AS TEXT), type FROM sqlite_master WHERE type IN ('table', 'view')
AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL TABLE%'"""
_CASE_FUNCTION = re.compile(r"\b(lower|upper)\s*\(", re.IGNORECASE)


def affinity(declared: str) -> str:
    """SQLite's rules for the affinity of a declared type."""
    if not declared:
        return "BLOB"
    return next((name for word, name in _AFFINITIES if word in declared.upper()), "NUMERIC")


def read_schema(connection: apsw.Connection) -> Schema:
    """All tables and views but SQLite's own. Raises apsw.Error on a broken schema.

    Views of tables that are gone are left out, and virtual tables, whose modules run SQL of their own: they
    are no reason to refuse the rest.
    """
    tables = {}
    for name, kind in rows_of(connection, _TABLES):
        try:
            tables[name] = _table(connection, name, kind == "view")
        except apsw.SQLError:
            if kind != "view":
                raise
    return Schema(tables)


def uses_case_functions(connection: apsw.Connection) -> bool:
    """Whether an index, a view or a generated column is built with SQLite's own lower() or upper()."""
    statements = rows_of(connection, "SELECT CAST(sql AS TEXT) FROM sqlite_master WHERE sql IS NOT NULL")
    return any(mentions_case_functions(statement) for (statement,) in statements)


def mentions_case_functions(statement: str) -> bool:
    """Whether lower() or upper() stand in it."""
    return _CASE_FUNCTION.search(statement) is not None


def cursor_of(connection: apsw.Connection, table: Table) -> Cursor | None:
    """What the table's rows can be ordered and resumed by; None where its columns hide the rowid."""
    if table.without_rowid:
        collations = _primary_index(connection, table.name).collations
        return Cursor(tuple(map(quote, table.primary_key)), collations)
    if table.rowid_alias:
        return Cursor((quote(table.rowid_alias),))
    taken = {folded(column.name) for column in table.columns}
    name = next((name for name in ROWID_NAMES if name not in taken), None)
    return Cursor((name,)) if name else None


def _table(connection: apsw.Connection, name: str, is_view: bool) -> Table:
    rows = rows_of(connection, f"PRAGMA table_xinfo({quote(name)})")
    visible = [row for row in rows if row[6] != _HIDDEN]
    keyed = sorted((row[5], row[1]) for row in visible if row[5])
    primary_key = tuple(column for _, column in keyed)
    index = _primary_index(connection, name)
    declared = {row[1]: row[2].upper() for row in visible}
    is_alias = len(primary_key) == 1 and declared[primary_key[0]] == "INTEGER" and not index.exists
    alias = primary_key[0] if is_alias else None
    certain = {alias} | (set(primary_key) if index.is_table else set())
    columns = tuple(Column(r[1], affinity(r[2]), bool(r[3]) or r[1] in certain) for r in visible)
    return Table(
        name=name,
        columns=columns,
        primary_key=primary_key,
        unique=_unique(connection, name),
        rowid_alias=alias,
        without_rowid=index.is_table,
        is_view=is_view,
        foreign_keys=_foreign_keys(connection, name),
    )


def _foreign_keys(connection: apsw.Connection, name: str) -> tuple[ForeignKey, ...]:
    """In the order of their declaration; `to` is empty where the table's primary key is meant."""
    found: dict[int, list[tuple[object, ...]]] = {}
    for row in rows_of(connection, f"PRAGMA foreign_key_list({quote(name)})"):
        found.setdefault(row[0], []).append(row)
    keys = []
    for number in sorted(found, reverse=True):
        rows = sorted(found[number], key=itemgetter(1))
        to = tuple(str(row[4]) for row in rows if row[4] is not None)
        columns = tuple(str(row[3]) for row in rows)
        keys.append(ForeignKey(columns, str(rows[0][2]), to, rows[0][6] == "CASCADE"))
    return tuple(keys)


@dataclass(frozen=True)
class _PrimaryIndex:
    """The index of a primary key. INTEGER PRIMARY KEY has none; in WITHOUT ROWID it is the table itself."""

    exists: bool = False
    is_table: bool = False
    collations: tuple[str, ...] = ()


def _primary_index(connection: apsw.Connection, name: str) -> _PrimaryIndex:
    for index, _, origin, _ in _indexes(connection, name):
        if origin == "pk":
            entries = rows_of(connection, f"PRAGMA index_xinfo({quote(index)})")
            collations = tuple(entry[4] for entry in entries if entry[5])
            return _PrimaryIndex(True, all(entry[1] != _ROWID for entry in entries), collations)
    return _PrimaryIndex()


def _unique(connection: apsw.Connection, name: str) -> tuple[tuple[str, ...], ...]:
    """The column lists of complete unique indexes: no two rows are equal in them, as SQL compares them."""
    unique = []
    for index, is_unique, _, partial in _indexes(connection, name):
        entries = [row for row in rows_of(connection, f"PRAGMA index_xinfo({quote(index)})") if row[5]]
        columns = tuple(row[2] for row in entries)
        if not is_unique or partial or None in columns:
            continue
        if all(_collation(connection, name, row[2]) in ("BINARY", row[4]) for row in entries):
            unique.append(columns)
    return tuple(unique)


def _collation(connection: apsw.Connection, table: str, name: str) -> str:
    """By which SQLite compares the column."""
    return connection.column_metadata(None, table, name)[1]


def _indexes(connection: apsw.Connection, name: str) -> list[tuple[str, bool, str, bool]]:
    rows = rows_of(connection, f"PRAGMA index_list({quote(name)})")
    return [(index, bool(unique), origin, bool(partial)) for _, index, unique, origin, partial in rows]
