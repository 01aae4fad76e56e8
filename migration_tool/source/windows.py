"""The windows of one entity: items where SQLite can write them, rows where it cannot.

Items are written ahead, in a thread: SQLite works without Python's lock while Python sends the window
before. One statement writes a whole window, since each step of a statement takes the lock for a moment.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Protocol

from migration_tool.errors import RowRejected, SourceError
from migration_tool.limits import LARGE_TEXT
from migration_tool.model import Chunk, EncodedItem, Made, Position, Read, Row
from migration_tool.source import sql
from migration_tool.source.item_sql import MARK
from migration_tool.source.lines import change_case, split
from migration_tool.source.rows import RowReader
from migration_tool.source.writers import Writer, Written

LOG = logging.getLogger(__name__)
_MARK = MARK.encode()
_MARKED = re.compile(_MARK + rb"(-?[0-9]+)")
_MOST_ODD = 4
"""When more than every fourth row is left to Python, Python reads all of them: it is quicker then."""
_WORTH_JUDGING = 100


class Desk(Protocol):
    """What a source lends to its windows."""

    def reader(self, read: Read, start: sql.Start) -> RowReader: ...

    def take(self, reader: RowReader, count: int) -> Chunk:
        """Raises SourceError."""

    def first(self, reader: RowReader, start: sql.Start) -> Chunk:
        """Raises SourceError."""


@dataclass(frozen=True)
class _Coming:
    """A window that is being written, of so many rows where the table has them."""

    size: int
    written: Future[Written]


class Windows:
    """Reads on, window by window. Raises SourceError."""

    def __init__(
        self,
        desk: Desk,
        read: Read,
        after: Position | None,
        writer: Writer | None,
        item: Callable[[Row], EncodedItem],
    ) -> None:
        self._desk = desk
        self._read = read
        self._start = sql.Behind(after) if after else None
        self._writer = writer
        self._item = item
        self._first = desk.reader(read, None)
        self._reader = None if writer else desk.reader(read, self._start)
        self._size = 0
        self._coming: _Coming | None = None

    def ask(self, count: int) -> None:
        """The next window that is not begun with has so many rows; where it can be, it is begun with now."""
        self._size = count
        if self._writer and self._coming is None:
            self._begin(self._writer, self._start or sql.ABOVE_ALL)

    def _begin(self, writer: Writer, start: sql.Behind) -> None:
        written = writer.write(start, self._size, partial(self._first_of, start))
        self._coming = _Coming(self._size, written)

    def _first_of(self, start: sql.Behind) -> Row | None:
        """None: it is not there any more, which is damage; whoever needs it will say so."""
        chunk = self._desk.first(self._first, start)
        return chunk.row(0) if chunk.rows else None

    def take(self, count: int) -> tuple[Chunk | Made, bool]:
        """The window that is begun with, else one of `count` rows; and whether the table ends with it."""
        if self._coming is None:
            self.ask(count)
        coming = self._coming
        size = coming.size if coming else count
        window: Chunk | Made | None = self._made(coming) if coming else None
        if window is None:
            window = self._rows(size)
        if len(window):
            self._start = sql.Behind(window.position(-1))
        return window, len(window) < size

    def _rows(self, count: int) -> Chunk:
        if self._reader is None:
            self._reader = self._desk.reader(self._read, self._start)
        return self._desk.take(self._reader, count)

    def _made(self, coming: _Coming) -> Made | None:
        """None when the rows have to be read after all, from now on."""
        try:
            found, last, count, first = coming.written.result()
        except SourceError as error:  # a blob in a text column, for one
            self._leave(error.cause)
            return None
        blob = found or b""
        marked = self._marked(blob)
        self._go_on(coming, last, count)
        texts, broken = split(blob)
        if len(texts) != count:
            self._leave("a row gave no item")
            return None
        again = self._again(count)
        unfit = chain(broken, change_case(blob, texts), _too_large(texts))
        odd = self._odd(texts, marked, unfit, again)
        made = Made(texts, odd, (last,), again)
        if first and not self._as_the_function(first, texts[0]):
            self._leave("SQLite writes it differently")
            return None
        if count >= _WORTH_JUDGING and len(odd) * _MOST_ODD > count:
            self._leave("many are unlike the others")
        return made

    def _go_on(self, coming: _Coming, last: int, count: int) -> None:
        """Begins with the window behind this one, so that SQLite writes it while this one is looked at."""
        self._coming = None
        if self._writer and count == coming.size:
            self._begin(self._writer, sql.Behind((last,)))

    def _leave(self, reason: str) -> None:
        self._writer = self._coming = None
        LOG.info("items are made of rows", extra={"entity": self._read.alias, "reason": reason})

    def _again(self, count: int) -> Callable[[], Chunk]:
        start, found = self._start, list[Chunk]()

        def again() -> Chunk:
            if not found:
                found.append(self._found_again(start, count))
            return found[0]

        return again

    def _found_again(self, start: sql.Start, count: int) -> Chunk:
        chunk = self._desk.take(self._desk.reader(self._read, start), count)
        if len(chunk) != count:
            cause = f"of {count} rows that were read {len(chunk)} are found again: the database is damaged"
            hint = "Check the file with `sqlite3 DB 'PRAGMA integrity_check'`."
            raise SourceError("read the table", self._read.table, cause, hint)
        return chunk

    def _marked(self, blob: bytes) -> Sequence[Row]:
        """The rows that SQLite has left to the function, in their order."""
        rowids = dict.fromkeys(map(int, _MARKED.findall(blob))) if _MARK in blob else ()
        if not rowids:
            return ()
        return self._found_again(sql.Among(tuple((rowid,) for rowid in rowids)), len(rowids)).rows

    def _odd(
        self, texts: list[bytes], marked: Sequence[Row], unfit: Iterable[int], again: Callable[[], Chunk]
    ) -> dict[int, Row]:
        """Rows that the function has to see; their texts are emptied.

        unfit  places of texts that cannot be taken as they are
        """
        odd = dict[int, Row]()
        if marked:
            odd |= zip((n for n, text in enumerate(texts) if _MARK in text), marked, strict=True)
        for n in unfit:
            odd.setdefault(n, again().row(n))
        for n in odd:
            texts[n] = b""
        return odd

    def _as_the_function(self, row: Row, text: bytes) -> bool:
        """Whether the item is the one that the function makes of the row, to the byte."""
        if not text:
            return True
        try:
            return self._item(row)[2].encode() == text.rstrip(b"\n")
        except RowRejected:
            return False


def _too_large(texts: list[bytes]) -> Iterable[int]:
    """The places of items that may be."""
    if texts and max(map(len, texts)) > LARGE_TEXT:
        yield from (n for n, text in enumerate(texts) if len(text) > LARGE_TEXT)
