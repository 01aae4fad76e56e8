"""Items written in the background: SQLite works in threads of its own, without Python's lock.

A window with embedded lists is shared by two connections, where both are sure to see the same moment: each
writes a half.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeAlias

from migration_tool.errors import SourceError
from migration_tool.model import Read, Row
from migration_tool.source import sql
from migration_tool.source.connection import row_of
from migration_tool.source.moment import Moment

Written: TypeAlias = "tuple[bytes | None, int, int, Row | None]"
"""A line for each row, the last rowid, and the number of rows; and the first of the rows, as it is read.

None where there are no rows.
"""
_Half: TypeAlias = "tuple[bytes | None, int, int]"
_NOTHING: _Half = (None, 0, 0)
_WORTH_SHARING = 500
"""Rows of a window: the second half begins with a search for its first row."""


class _Threads:
    """One for each kind of work: a window is written in memory that the one before has left to its thread.

    writing    windows, or first halves
    halves     second ones
    preparing  what the second connection needs
    """

    def __init__(self) -> None:
        self.writing, self.halves, self.preparing = (ThreadPoolExecutor(1, "source") for _ in range(3))

    def end(self) -> None:
        for thread in (self.writing, self.halves, self.preparing):
            thread.shutdown(wait=False, cancel_futures=True)


class Writers:
    """The threads of a source, and a second connection beside its own once there is something to write."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self._twin: Future[Moment | None] | None = None
        self._threads = _Threads()

    def close(self) -> None:
        """Also in the middle of a statement, and more than once."""
        self._threads.end()
        if self._twin and not self._twin.cancelled() and (twin := self._twin.result()):
            twin.close()

    def writer(self, items: sql.Items) -> Writer:
        """Writes whole windows until the second connection is prepared, if it is to help.

        It helps with embedded lists, whose look-ups wait for memory. Other windows are written as fast as
        they are sent, and two connections would only be in each other's way.
        """
        helper = self._helper(items.read) if items.read.children else _nobody()
        return Writer(self._moment, helper, items, self._threads)

    def _helper(self, read: Read) -> Future[Moment | None]:
        if self._twin is None:
            self._twin = self._threads.preparing.submit(self._moment.twin)
        return self._threads.preparing.submit(_prepared, self._twin, read)


class Writer:
    """Writes the items of one entity."""

    def __init__(
        self, moment: Moment, helper: Future[Moment | None], items: sql.Items, threads: _Threads
    ) -> None:
        self._moment = moment
        self._helper = helper
        self._items = items
        self._threads = threads

    def write(self, start: sql.Behind, count: int, first: Callable[[], Row | None]) -> Future[Written]:
        """That many rows from the start on, in the background. `first` reads the first of them, if it can.

        Its result raises SourceError.
        """
        helper = self._helper.result() if count >= _WORTH_SHARING and self._helper.done() else None
        if helper is None:
            return self._threads.writing.submit(self._first, start, count, first)
        half = count // 2
        rest = self._threads.halves.submit(self._behind, helper, start, half, count - half)
        return self._threads.writing.submit(self._both, start, half, first, rest)

    def _both(
        self, start: sql.Behind, half: int, first: Callable[[], Row | None], rest: Future[_Half]
    ) -> Written:
        blob, last, rows, row = self._first(start, half, first)
        more, end, others = rest.result()
        if blob is None or more is None:
            return blob, last, rows, row
        return b"\n".join((blob, more)), end, rows + others, row

    def _first(self, start: sql.Behind, count: int, first: Callable[[], Row | None]) -> Written:
        blob, last, rows = self._write(self._moment, start, count)
        return blob, last, rows, first() if rows else None

    def _behind(self, moment: Moment, start: sql.Behind, passed: int, count: int) -> _Half:
        """What comes behind so many rows."""
        with moment.using("write the items") as connection:
            (last,) = row_of(connection, self._items.reach, (*start.position, passed))
        return _NOTHING if last is None else self._write(moment, sql.Behind((last,)), count)

    def _write(self, moment: Moment, start: sql.Behind, count: int) -> _Half:
        with moment.using("write the items") as connection:
            half: _Half = row_of(connection, self._items.window, (*start.position, count))
            return half


def _nobody() -> Future[Moment | None]:
    helper: Future[Moment | None] = Future()
    helper.set_result(None)
    return helper


def _prepared(twin: Future[Moment | None], read: Read) -> Moment | None:
    """None, too, where there is no room for what it needs: one connection is enough."""
    moment = twin.result()
    with suppress(SourceError):
        if moment:
            with moment.using("prepare to read"):
                moment.prepare(read)
            return moment
    return None
