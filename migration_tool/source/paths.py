"""The chains of parents of self-referencing tables, worked out once for all statements of a connection.

They stand in temporary tables, which SQLite keeps in files of its own and takes away with the connection:
memory stays flat, and a statement that begins in the middle of a table does not work out the chains of
all of it again.
"""

from __future__ import annotations

import apsw

from migration_tool.model import Ancestry, Read, Schema
from migration_tool.source import sql


class Paths:
    """Makes the tables that `sql` joins for the ancestries of a read."""

    def __init__(self, connection: apsw.Connection, schema: Schema) -> None:
        self._connection = connection
        self._schema = schema
        self._made: set[str] = set()

    def prepare(self, read: Read) -> None:
        """Sees to it that the paths of the read are there. Raises apsw.Error."""
        for ancestry in read.ancestries:
            name = sql.paths_table(read.table, ancestry)
            if name not in self._made:
                self._make(name, read.table, ancestry)
                self._made.add(name)

    def _make(self, name: str, table: str, ancestry: Ancestry) -> None:
        """The database itself stays as it is: it is opened read-only, and the statements are ours."""
        key_type = "INTEGER" if self._schema.tables[table].rowid_alias == ancestry.key else ""
        self._connection.execute("PRAGMA query_only=OFF")
        try:
            self._connection.execute(f"CREATE TABLE {name} (key {key_type} PRIMARY KEY, path)")
            self._connection.execute(f"INSERT INTO {name} {sql.paths(table, ancestry)}")
        finally:
            self._connection.execute("PRAGMA query_only=ON")
