"""The account of windows that are done, entity by entity, and what becomes of their rejected rows."""

from __future__ import annotations

from abc import ABC, abstractmethod

from migration_tool.errors import SourceError
from migration_tool.model import Reject
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.rejects import RejectLog
from migration_tool.target.batch import Lane, Window


class Book(ABC):
    """What a process has done since `checkpoint`; nothing of it is durable before `store` and a save.

    Windows are done a hundred times as often as a checkpoint is written, so the figures of the entities
    are kept here and become part of a checkpoint when one is asked for.
    """

    def __init__(self, checkpoint: Checkpoint, log: RejectLog) -> None:
        self._log = log
        self._entities = {entity.name: entity for entity in checkpoint.entities}

    @property
    @abstractmethod
    def over_budget(self) -> bool:
        """Whether more rows are rejected than may be."""

    @abstractmethod
    def enter(self, window: Window) -> None:
        """Takes a window that is done with all before it. Raises StateError where a figure would go back."""

    @abstractmethod
    def finish(self, lane: Lane) -> None:
        """Closes the account of the lane's entity. Raises SourceError where a row is not in it."""

    @abstractmethod
    def store(self, checkpoint: Checkpoint) -> Checkpoint:
        """Makes the rejected rows durable; what is returned has to be saved next. Raises StateError."""

    @abstractmethod
    def stored(self) -> None:
        """What `store` returned is saved. Raises StateError."""

    def account(self, checkpoint: Checkpoint) -> Checkpoint:
        """That checkpoint with the figures of the entities as they are now."""
        return checkpoint.with_entities(self._entities.values())


class Reading(Book):
    """The book of rows that are read for the first time, of which `most` may be rejected in all."""

    def __init__(self, checkpoint: Checkpoint, log: RejectLog, most: int) -> None:
        super().__init__(checkpoint, log)
        self._may_be_rejected = most - checkpoint.rejected
        self._rejects: list[Reject] = []

    @property
    def over_budget(self) -> bool:
        return self._may_be_rejected < 0

    def enter(self, window: Window) -> None:
        name, rejected = window.lane.name, len(window.rejects)
        now = self._entities[name].advance(window.position, window.rows, rejected, window.skipped)
        self._entities[name] = now
        self._rejects += window.rejects
        self._may_be_rejected -= rejected

    def finish(self, lane: Lane) -> None:
        """The end of the rows must be the end of the table: an unread row is never "done"."""
        progress = self._entities[lane.name]
        if progress.unread:
            raise SourceError(
                "read the whole table", lane.source_table,
                f"{progress.rows_read:,} rows were read, {progress.rows_total:,} were counted",
                "Check the database with `sqlite3 DB 'PRAGMA integrity_check'`, then begin anew with "
                "`migrate.py migrate --force`.",
            )  # fmt: skip
        self._entities[lane.name] = progress.finish()

    def store(self, checkpoint: Checkpoint) -> Checkpoint:
        size = self._log.append(self._rejects)
        self._rejects = []
        return self.account(checkpoint).with_rejects(size, self._log.rewrites)

    def stored(self) -> None:
        """Nothing is left to do: the file of the rejected rows only grows."""
