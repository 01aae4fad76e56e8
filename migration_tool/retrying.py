"""The account of a retry: each rejected row becomes an item, is rejected again, or is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from migration_tool.book import Book
from migration_tool.errors import DesignError
from migration_tool.model import Position, Reject
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.codec import exact_key
from migration_tool.state.rejects import RejectLog, read_rejects
from migration_tool.target.batch import Lane, Window


class Retrying(Book):
    """The book of rows that the reject file names; it holds all of them in memory.

    A save leaves in the file what is not an item yet, so a process that is killed has sent rows in vain at
    most: they are rejected until a checkpoint says otherwise, and a put of the same item again is harmless.
    """

    over_budget = False
    """Never: each row shall be tried, and none is rejected that was not before."""

    def __init__(self, checkpoint: Checkpoint, log: RejectLog) -> None:
        super().__init__(checkpoint, log)
        self._open: dict[tuple[str, str], dict[bytes, Reject]] = {}
        self._again: list[Reject] = []
        self._changed = False
        for reject in read_rejects(log.path, log.size):
            rows = self._open.setdefault((reject.table, reject.entity), {})
            rows[exact_key(reject.source_key)] = reject

    def keys(self, table: str, entity: str, source_table: str) -> Sequence[Position]:
        """Those of the entity's rows, which it reads from `source_table`.

        Raises DesignError where it read them from another one.
        """
        rejects = self._open.get((table, entity), {}).values()
        if others := {reject.source_table for reject in rejects} - {source_table}:
            raise DesignError(
                "send the rejected rows again", f"{table}.{entity}",
                f"they are rows of {', '.join(others)}, and the entity is made from {source_table} now",
                "Begin anew with `migrate.py migrate --force`.",
            )  # fmt: skip
        return [reject.source_key for reject in rejects]

    def enter(self, window: Window) -> None:
        name = window.lane.name
        rows = self._open[name]
        refused = {exact_key(reject.source_key): reject for reject in window.rejects}
        for place in range(window.rows):
            key = exact_key(window.chunk.position(place))
            before = rows.pop(key)
            if reject := refused.get(key):
                self._again.append(replace(reject, attempts=before.attempts + max(1, reject.attempts)))
        items = window.rows - len(refused) - window.skipped
        self._entities[name] = self._entities[name].retried(items, window.skipped)
        self._changed = True

    def finish(self, lane: Lane) -> None:
        """What the source did not give has gone from it, or is not what the entity asks for any more."""
        gone = self._open.pop(lane.name)
        self._entities[lane.name] = self._entities[lane.name].retried(skipped=len(gone))
        self._changed = True

    def store(self, checkpoint: Checkpoint) -> Checkpoint:
        if self._changed:
            left = [reject for rows in self._open.values() for reject in rows.values()]
            self._log.rewrite(left + self._again)
        return self.account(checkpoint).with_rejects(self._log.size, self._log.rewrites)

    def stored(self) -> None:
        self._log.settle()
        self._changed = False
