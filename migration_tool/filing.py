"""Items into files: rows → batches → parts → checkpoint. The rows, batches and items are those of a load.

A part is closed only where every window that was begun is in it, so that the checkpoint after it covers
exactly what the parts hold. A process that is killed in between leaves a part without a name, or one that no
checkpoint knows of; the next one deletes it and makes it again.

Rows are dealt within windows, and entities take turns, as in a load: in a file as in a request neighbours
meet different partitions (AWS: "Best practices for importing from Amazon S3", on sorted data). A part is a
stretch of the table, not every n-th row of it: parts are imported side by side, and would else all be at the
same keys at one time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from migration_tool.batches import Mixer
from migration_tool.book import Book
from migration_tool.config import Config
from migration_tool.copying import too_many_rejects
from migration_tool.errors import Interrupted, UsageError
from migration_tool.interpreter import no_search_for_cycles, quick_handover
from migration_tool.job import Bound
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state import files
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.parts import (
    COMPRESSIONS,
    Part,
    PartWriter,
    forget_others,
    register,
    registered,
    require_there,
)
from migration_tool.state.store import StateStore
from migration_tool.supplies import share
from migration_tool.target.batch import Watermark

STATE, REGISTER = ".export", "parts.jsonl"
"""Within the folder of the files: the folder of their own state, and in it the register of the parts."""
PART_BYTES = 1 << 30
"""Of lines in a part, before they are packed: some million items. AWS ("Best practices for importing from
Amazon S3") advises up to 4,000,000 items of less than 1 KB for each object, and many of middling size, which
are imported side by side; and so much is quickly made again after a crash."""
_BATCH = 25
_ROUND_BYTES = 16 << 20
"""Of the items of a round: rows are in memory several times."""
_ROUNDS_IN_PART = 8
_MOST_BATCHES = 8192


class Watcher(Protocol):
    """Who is told how far it is, and who may ask it to stop."""

    def progress(self, checkpoint: Checkpoint) -> None: ...

    def stopping(self) -> bool: ...


@dataclass(frozen=True)
class Form:
    """What the files are like.

    compression  one of state.parts.COMPRESSIONS
    part_bytes   of lines in a part
    Raises UsageError for what cannot be.
    """

    compression: str = "gzip"
    part_bytes: int = PART_BYTES

    def __post_init__(self) -> None:
        if self.compression not in COMPRESSIONS or self.part_bytes < 1:
            form = f"compression={self.compression}, part_bytes={self.part_bytes}"
            hint = f"Choose from {', '.join(COMPRESSIONS)}, and parts of at least a byte."
            raise UsageError("choose the form of the files", form, "there is none like this", hint)


class Export:
    """Makes the parts of a folder. `checkpoint` says how far, and `parts` are those it covers."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        store: StateStore,
        form: Form,
        checkpoint: Checkpoint,
        watcher: Watcher,
    ) -> None:
        self._settings = config.settings
        self._folder = folder
        self._store = store
        self._form = form
        self._watcher = watcher
        self._register = store.folder / REGISTER
        self._batches = self._bytes = 0
        self.checkpoint = checkpoint
        self.parts = registered_parts(folder, store, checkpoint)

    def run(self, source: SqliteSource, tables: Sequence[Bound]) -> None:
        """Returns when every row of the tables is in a part or rejected within the budget.

        Raises Interrupted, TooManyRejects, SourceError, DesignError, StateError; `checkpoint` is saved first.
        """
        forget_others(self._register, self.parts)
        for bound in tables:
            self._sweep(bound)
            with no_search_for_cycles(), quick_handover():
                self._table(source, bound)

    def _sweep(self, bound: Bound) -> None:
        """Deletes what no checkpoint knows of."""
        known = {self._folder / part.file for part in self.parts}
        folder = self._folder / data_folder(bound.table_name)
        with files.naming("look at the files", folder, "make it accessible"):
            for path in folder.iterdir() if folder.exists() else ():
                if path not in known:
                    path.unlink()

    def _table(self, source: SqliteSource, bound: Bound) -> None:
        most = self._settings.max_rejects.of(self.checkpoint.items_total)
        log = self._store.reject_log(self.checkpoint)
        book, supplies = share(source, self.checkpoint, [bound], log, most)
        if supplies:
            self._parts(bound, book, Mixer(supplies, _BATCH, self._round))
        for supply in supplies:
            book.finish(supply.lane)
        self.checkpoint = self._store.save(book.account(self.checkpoint))
        self._watcher.progress(self.checkpoint)

    def _parts(self, bound: Bound, book: Book, batches: Mixer) -> None:
        """All that is left of a table, in one part after the other."""
        watermark, part = Watermark(), self._begin(bound)
        try:
            for batch in batches:
                window = batch.window
                part.add(batch.texts)
                self._batches += 1
                self._bytes += sum(map(len, batch.texts))
                if batch.texts or not window.batches:
                    watermark.add(batch)
                window.open -= len(batch.texts)
                for done in watermark.take():
                    book.enter(done)
                if watermark.waiting:
                    continue
                self._watcher.progress(book.account(self.checkpoint))
                if part.bytes >= self._form.part_bytes or self._ending(book):
                    self._close(part, bound, book)
                    self._go_on(book)
                    part = self._begin(bound)
            self._close(part, bound, book)
        finally:
            part.discard()

    def _begin(self, bound: Bound) -> PartWriter:
        compression = COMPRESSIONS[self._form.compression]
        number = sum(1 for part in self.parts if part.design == bound.name)
        file = f"{data_folder(bound.table_name)}part-{number:05}{compression.suffix}"
        return PartWriter(self._folder, bound.name, file, compression)

    def _close(self, writer: PartWriter, bound: Bound, book: Book) -> None:
        """The part, its line in the register, the rejected rows, then the checkpoint that knows of them."""
        account = book.account(self.checkpoint)
        before = {e.entity: e.items_written for e in self.checkpoint.entities if e.table == bound.name}
        after = {e.entity: e.items_written for e in account.entities if e.table == bound.name}
        part = writer.close({name: n - before[name] for name, n in after.items() if n > before[name]})
        if part:
            register(self._register, part)
            self.parts.append(part)
        self.checkpoint = self._store.save(book.store(self.checkpoint))

    def _ending(self, book: Book) -> bool:
        return self._watcher.stopping() or book.over_budget

    def _go_on(self, book: Book) -> None:
        if book.over_budget:
            raise too_many_rejects(self.checkpoint, self._settings.max_rejects)
        if self._watcher.stopping():
            raise Interrupted(
                "write the files", self._folder, "you stopped it; its place is saved", "`migrate.py resume`"
            )

    def _round(self) -> int:
        """Batches that the next round may have: several rounds in a part, so that parts are alike."""
        most = min(_ROUND_BYTES, self._form.part_bytes // _ROUNDS_IN_PART)
        return min(_MOST_BATCHES, most * self._batches // self._bytes) if self._bytes else 1


def data_folder(table: str) -> str:
    """Where the parts of a table are, and nothing else: as in an export of DynamoDB, within the folder."""
    return f"{table}/data/"


def registered_parts(folder: Path, store: StateStore, checkpoint: Checkpoint) -> list[Part]:
    """The parts that the account of a folder knows of, and that are there. Raises StateError."""
    parts = registered(store.folder / REGISTER, checkpoint.items_written)
    require_there(folder, parts)
    return parts


def parts_of(parts: Sequence[Part], design: str) -> list[Part]:
    return [part for part in parts if part.design == design]
