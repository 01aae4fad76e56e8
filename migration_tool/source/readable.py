"""The source without the rows that hold broken text, for SQL that changes the case of what it reads.

SQLite hands a function only text that can be decoded; one row with other bytes ends the whole statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import apsw

from migration_tool.model import Schema, Table
from migration_tool.source.functions import add_function
from migration_tool.source.sql import quote

_FUNCTION = "is_readable"


@contextmanager
def readable_rows(
    connection: apsw.Connection, schema: Schema, encoding: str, authorise: Callable[..., int]
) -> Iterator[None]:
    """For the time of the block each table's name means a view of it, without the rows with broken text.

    Such a view has no rowid. The database stays as it is: the views are temporary.

    encoding   of the database's texts
    authorise  the connection's authorizer, which need not allow the views to be made
    Raises apsw.Error.
    """

    def is_readable(value: bytes) -> bool:
        try:
            value.decode(encoding)
        except UnicodeDecodeError:
            return False
        return True

    add_function(connection, _FUNCTION, is_readable)
    tables = [table for table in schema.tables.values() if not table.is_view]
    try:
        _change(connection, map(_view, tables), authorise)
        yield
    finally:
        _change(connection, (f"DROP VIEW IF EXISTS temp.{quote(table.name)}" for table in tables), authorise)


def _change(connection: apsw.Connection, statements: Iterable[str], authorise: Callable[..., int]) -> None:
    connection.set_authorizer(None)
    connection.execute("PRAGMA query_only=OFF")
    try:
        for statement in statements:
            connection.execute(statement)
    finally:
        connection.execute("PRAGMA query_only=ON")
        connection.set_authorizer(authorise)


def _view(table: Table) -> str:
    name = quote(table.name)
    columns = [quote(column.name) for column in table.columns]
    readable = " AND ".join(f"(typeof({c}) <> 'text' OR {_FUNCTION}(CAST({c} AS BLOB)))" for c in columns)
    return f"CREATE TEMP VIEW {name} AS SELECT * FROM main.{name} WHERE {readable}"
