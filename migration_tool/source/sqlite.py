"""SQLite as a source: opened so that nothing can be written, changed or executed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType

from migration_tool.design.shape import Shape
from migration_tool.errors import SourceError
from migration_tool.model import Chunk, EncodedItem, Position, Read, Row, Scalar, Schema, Table
from migration_tool.source import sql
from migration_tool.source.connection import QUERY_SECONDS, connect, row_of, rows_of
from migration_tool.source.examination import require_sound
from migration_tool.source.fragments import Beyond
from migration_tool.source.item_sql import item_expression
from migration_tool.source.moment import Moment
from migration_tool.source.question import answer, bare
from migration_tool.source.rows import RowReader
from migration_tool.source.windows import Windows
from migration_tool.source.writers import Writers

_CHUNK, _CHUNK_OF_LARGE = 500, 20
_KEYS = 128
_INSTRUCTIONS_PER_CHECK = 100_000


@dataclass(frozen=True)
class SourceFacts:
    """What `info` shows: size in bytes, text encoding, journal mode, and the rows of each table."""

    path: Path
    size: int
    encoding: str
    journal_mode: str
    rows: Mapping[str, int]


class SqliteSource:
    """A read-only view of one moment of a SQLite database.

    The first read opens a read transaction that lasts until `close`, so that all cursors see one snapshot.
    Every method raises SourceError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._moment = Moment(path)
        self._writers = Writers(self._moment)
        self.schema: Schema = self._moment.schema

    def __enter__(self) -> SqliteSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Also in the middle of a statement, and more than once."""
        self._writers.close()
        self._moment.close()

    def windows(
        self, read: Read, after: Position | None, item: Callable[[Row], EncodedItem], shape: Shape | None
    ) -> Windows:
        """The entity behind `after`, as much at a time as the caller wants.

        shape  items may come ready made, the very ones that `item` gives; only where no two have one key
        """
        items = self._items(read, shape) if shape else None
        return Windows(self, read, after, self._writers.writer(items) if items else None, item)

    def _items(self, read: Read, shape: Shape) -> sql.Items | None:
        """What writes windows of items; None where SQLite cannot, or would begin anew for each of them."""
        try:
            items = sql.Items(read, *item_expression(read, shape, self._moment.cursors))
            with self._moment.using("prepare to read") as connection:
                self._moment.prepare(read)
                plan = rows_of(connection, f"EXPLAIN QUERY PLAN {items.whole}")
        except (Beyond, SourceError):
            return None
        return items if self.encoding == "UTF-8" and sql.streams([row[3] for row in plan]) else None

    def reader(self, read: Read, start: sql.Start = None) -> RowReader:
        """The entity's rows in cursor order, for `take`. Text that is not UTF-8 arrives as InvalidText."""
        with self._moment.using(f"read the table {read.table}") as connection:
            self._moment.prepare(read)
            return RowReader(connection, self.encoding, self.schema, self._moment.cursors, read, start)

    def take(self, reader: RowReader, count: int) -> Chunk:
        """The reader's next rows; fewer only where the table ends. Streams."""
        with self._moment.using(f"read the table {reader.table}"):
            return reader.take(count)

    def first(self, reader: RowReader, start: sql.Start) -> Chunk:
        """The row from `start` on; empty where there is none."""
        with self._moment.using(f"read the table {reader.table}"):
            return reader.first(start)

    def chunks(self, read: Read, after: Position | None = None) -> Iterator[Chunk]:
        """All rows behind `after`, some hundreds at a time; fewer where they may be large."""
        count = _CHUNK_OF_LARGE if read.large else _CHUNK
        reader = self.reader(read, sql.Behind(after) if after else None)
        while (chunk := self.take(reader, count)).rows:
            yield chunk

    def rows(self, read: Read, after: Position | None = None) -> Iterator[tuple[Position, Row]]:
        """All rows behind `after`, one at a time."""
        for chunk in self.chunks(read, after):
            for place, row in enumerate(chunk.rows):
                yield chunk.position(place), row

    def chosen(self, read: Read, keys: Sequence[Position]) -> Iterator[tuple[Position, Row]]:
        """The rows that are still there, of those with keys that SQLite calls equal to one of these."""
        for first in range(0, len(keys), _KEYS):
            some = tuple(keys[first : first + _KEYS])
            chunk = self.take(self.reader(read, sql.Among(some)), len(some))
            yield from ((chunk.position(place), row) for place, row in enumerate(chunk.rows))

    def count(self, read: Read) -> int:
        """How many rows `rows(read)` gives."""
        with self._moment.using(f"count the rows of {read.table}") as connection:
            self._moment.prepare(read)
            return int(row_of(connection, sql.count(read))[0])

    @property
    def encoding(self) -> str:
        """Of its texts: UTF-8, UTF-16le or UTF-16be."""
        return self._moment.encoding

    def can_read(self, table: Table) -> bool:
        """Whether the table's rows have an order to be read and resumed in."""
        return self._moment.cursors[table.name] is not None

    def rowids(self, read: Read) -> range:
        """From the least to the greatest rowid of the entity's table; empty where its rows have none."""
        cursor = self._moment.cursors[read.table]
        if cursor is None or cursor.collations:
            return range(0)
        with self._moment.using(f"look at the rows of {read.table}") as connection:
            least, greatest = row_of(connection, sql.bounds(read, cursor))
        return range(0) if least is None else range(least, greatest + 1)

    def query(
        self,
        statement: str,
        arguments: Mapping[str, Scalar],
        most: int | None = None,
        *,
        readable: bool = False,
    ) -> tuple[list[str], list[Row]]:
        """Column names and rows, at most so many, of a SELECT with named parameters; two minutes at most.

        lower() and upper() know all of Unicode here, as in a design, not only ASCII; where the schema itself
        is built with SQLite's own ones, only unicode_lower() and unicode_upper() do. They raise BrokenText
        for text that is not UTF-8.

        readable  without the rows that hold such text, and without rowids
        """
        deadline = monotonic() + QUERY_SECONDS
        with self._moment.using("run the SQL of an access pattern") as connection:
            self._moment.know_unicode()
            connection.set_progress_handler(lambda: monotonic() > deadline, _INSTRUCTIONS_PER_CHECK)
            try:
                with self._moment.readable_rows() if readable else nullcontext():
                    return answer(connection, self.encoding, statement, arguments, most)
            finally:
                connection.set_progress_handler(None)

    def bare(self, statement: str, arguments: Mapping[str, Scalar]) -> str:
        """A statement for `query` as it can stand within another, before the end of a line."""
        with self._moment.using("read the SQL of an access pattern") as connection:
            return bare(connection, statement, arguments)

    def facts(self) -> SourceFacts:
        with self._moment.using("count the rows") as connection:
            rows = {
                name: row_of(connection, f"SELECT count(*) FROM {sql.quote(name)}")[0]
                for name, table in self.schema.tables.items()
                if not table.is_view
            }
        size, moment = self.path.stat().st_size, self._moment
        return SourceFacts(self.path, size, moment.encoding, moment.journal_mode, rows)


def check_source(path: Path) -> SourceFacts:
    """Opens the database and has SQLite check it. Raises SourceError if it is broken or empty."""
    with closing(connect(path)) as connection:
        require_sound(path, connection)
    with SqliteSource(path) as source:
        return source.facts()
