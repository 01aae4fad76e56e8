"""The account of a retry: each rejected row becomes an item, is rejected again, or is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from migration_tool.errors import DesignError
from migration_tool.model import Position, Reject
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.codec import exact_key
from migration_tool.state.rejects import RejectLog, read_rejects
from migration_tool.target.batch import Lane, Window

_Name: TypeAlias = tuple[str, str]
"""Design and entity."""


class Retrying:
    """The book of rows that the reject file names; it holds all of them in memory.

    A save leaves in the file what is not an item yet, so a process that is killed has sent rows in vain at
    most: they are rejected until a checkpoint says otherwise, and a put of the same item again is harmless.
    """

    def __init__(self, log: RejectLog) -> None:
        self._log = log
        self._open: dict[_Name, dict[bytes, Reject]] = {}
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

    def enter(self, checkpoint: Checkpoint, window: Window) -> Checkpoint:
        lane, rows = window.lane, self._open[window.lane.table, window.lane.entity]
        refused = {exact_key(reject.source_key): reject for reject in window.rejects}
        for place in range(window.rows):
            key = exact_key(window.chunk.position(place))
            before = rows.pop(key)
            if reject := refused.get(key):
                self._again.append(replace(reject, attempts=before.attempts + max(1, reject.attempts)))
        self._changed = True
        return checkpoint.retried(
            lane.table, lane.entity, items=window.rows - len(refused) - window.skipped, skipped=window.skipped
        )

    def finish(self, checkpoint: Checkpoint, lane: Lane) -> Checkpoint:
        """What the source did not give has gone from it, or is not what the entity asks for any more."""
        gone = self._open.pop((lane.table, lane.entity))
        self._changed = True
        return checkpoint.retried(lane.table, lane.entity, skipped=len(gone))

    def over_budget(self, checkpoint: Checkpoint) -> bool:
        """Never: each row shall be tried, and none is rejected that was not before."""
        return False

    def store(self, checkpoint: Checkpoint) -> Checkpoint:
        if self._changed:
            left = [reject for rows in self._open.values() for reject in rows.values()]
            self._log.rewrite(left + self._again)
        return checkpoint.with_rejects(self._log.size, self._log.rewrites)

    def stored(self) -> None:
        self._log.settle()
        self._changed = False
