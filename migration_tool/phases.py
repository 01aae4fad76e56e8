"""The five phases of a run: from the start, from a checkpoint, or for the rows that were rejected."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from migration_tool import logs, proofs
from migration_tool.analysis import counted, readable
from migration_tool.batches import Supply
from migration_tool.book import Book
from migration_tool.config import Config
from migration_tool.copying import Copy, enough_memory, read_ahead, require_budget
from migration_tool.errors import DifferencesFound, Interrupted, MigrationError, Stopped, TooManyRejects
from migration_tool.importing import Importing
from migration_tool.job import Bound, Endpoint, bind, open_wire, pointing
from migration_tool.leases import Leases
from migration_tool.ledger import Ledger
from migration_tool.preparation import ensure_tables
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.checkpoint import RETRY, Checkpoint, Lease
from migration_tool.state.control import Wishes, withdraw_limit
from migration_tool.state.store import StateStore
from migration_tool.steering import Steering
from migration_tool.supplies import share
from migration_tool.target.faults import resumable
from migration_tool.target.loader import Loader
from migration_tool.target.table import capacity
from migration_tool.target.wire import Wire
from migration_tool.verify import SAMPLE_CALLS
from migration_tool.verify.report import Report
from migration_tool.verify.sound import require_sound

LOG = logging.getLogger(__name__)


class Observer(Protocol):
    """Who is told what a run does, and who may ask it to stop."""

    def phase(self, name: str) -> None: ...

    def copied(self, done: int, total: int) -> None: ...

    def progress(self, checkpoint: Checkpoint) -> None: ...

    def checked(self, table: str, done: int, total: int) -> None: ...

    def step(self, name: str, done: int, total: int) -> None: ...

    def notice(self, text: str) -> None: ...

    def stopping(self) -> bool: ...


@dataclass(frozen=True)
class Summary:
    """How a run ended. `report` is None where validation is switched off; `rejects` names the reject file."""

    run_id: str
    checkpoint: Checkpoint
    seconds: float
    report: Report | None
    rejects: Path | None


def _silent(text: str) -> None:
    """A resume finds the tables that its run has made: nothing to tell."""


class Run:
    """One process's share of a run: the phases in order, each saved as it begins."""

    def __init__(
        self,
        config: Config,
        store: StateStore,
        endpoint: Endpoint,
        observer: Observer,
        checkpoint: Checkpoint,
        leases: Leases,
    ) -> None:
        self.config = config
        self.store = store
        self.target = endpoint.target
        self.observer = observer
        self.checkpoint = checkpoint
        self.leases = leases
        self.found: proofs.Found | None = None
        self.began = time.monotonic()
        logs.name_run(checkpoint.run_id)
        if config.origins["migration_settings.max_wcu"] in ("flag", "argument"):
            withdraw_limit(store.control_path(checkpoint.run_id))

    def execute(self) -> Summary:
        """Raises MigrationError after the state says how the run ended."""
        try:
            with enough_memory(self.checkpoint.run_id), self.leases:
                report = self._phases()
                self.leases.hold()
                self.save(self.checkpoint.with_lease(Lease()))
                self.leases.release()
        except MigrationError as error:
            resumable = isinstance(error, Interrupted | Stopped | TooManyRejects)
            self._end("paused" if resumable else "failed", str(error))
            raise
        self._end("completed")
        self.store.snapshot_path(self.checkpoint.run_id).unlink(missing_ok=True)
        rejects = self.store.rejects_path(self.checkpoint.run_id) if self.checkpoint.rejected else None
        seconds = time.monotonic() - self.began
        return Summary(self.checkpoint.run_id, self.checkpoint, seconds, report, rejects)

    def _phases(self) -> Report | None:
        with self.phase("analysis"):
            path, self.checkpoint = readable(self.config, self.store, self.checkpoint, self.observer.copied)
            source = SqliteSource(path)
        with source, open_wire(self.config, self.target) as wire:
            names = dict.fromkeys(entity.table for entity in self.checkpoint.entities)
            tables = bind(self.config, tuple(names), source.schema)
            self.checkpoint = counted(source, tables, self.checkpoint)
            Importing(self.config, self.target, self.store, self.observer, self).run(source, tables)
            self._copy(source, wire, tables)
            require_budget(self.checkpoint, self.config.settings.max_rejects)
            if not self.config.settings.enable_validation:
                return None
            with self.phase("validation"), resumable():
                return self._validate(source, wire, tables)

    def _copy(self, source: SqliteSource, wire: Wire, tables: Sequence[Bound]) -> None:
        """Everything that is not loaded yet; in a retry what is still rejected.

        Reading begins at once: there are items when there are tables.
        """
        most, log = self.config.settings.max_rejects, self.store.reject_log(self.checkpoint)
        book, supplies = share(source, self.checkpoint, tables, log, most.of(self.checkpoint.items_total))
        read_ahead(supplies, self.config, self.checkpoint)
        with self.phase("preparation"):
            notice = self.observer.notice if not self.checkpoint.fingerprints.targets else _silent
            for bound, identity in ensure_tables(self.config, self.target, tables, notice):
                self.save(self.checkpoint.with_target(bound.name, identity))
            generations = self.leases.take(tables, self.checkpoint.lease.generations)
            self.checkpoint = self.checkpoint.with_lease(Lease(generations, self.leases.until))
        with self.phase("transformation"):
            for bound in tables:
                require_sound(source, bound.compiled, self.config.state_dir)
        with self.phase(RETRY if self.checkpoint.retrying else "loading"):
            self._load(wire, tables, book, supplies)

    def _load(self, wire: Wire, tables: Sequence[Bound], book: Book, supplies: Sequence[Supply]) -> None:
        loader, checkpoint = Loader(wire), self.checkpoint
        ledger = Ledger(checkpoint, self.store, loader, self.observer, book, self.leases.hold)
        steering = Steering(
            Wishes(self.store.control_path(checkpoint.run_id)),
            self.config.settings.max_wcu,
            loader,
            lambda: {bound.table_name: capacity(self.target, bound.table_name) for bound in tables},
            self.observer.notice,
        )
        objects = wire.objects if pointing(bound.compiled.design for bound in tables) else None
        try:
            Copy(self.config, loader, ledger, self.observer, steering, objects).run(supplies)
        finally:
            self.checkpoint = ledger.saved

    def _validate(self, source: SqliteSource, wire: Wire, tables: Sequence[Bound]) -> Report:
        from migration_tool.verify.validate import validate

        about = proofs.world_of(self.checkpoint, tables, wire.target.url)
        with proofs.open_journal(self.store, self.checkpoint, about, self.observer.notice) as journal:
            report = validate(
                source,
                [(bound.compiled, bound.table_name) for bound in tables],
                wire,
                work_folder=self.config.state_dir,
                journal=journal,
                run_id=self.checkpoint.run_id,
                source_name=str(self.config.source_db),
                limit=SAMPLE_CALLS,
                progress=self.observer.checked,
            )
        self.found = proofs.Found(report, about)
        if not report.ok:
            mend = "" if report.items_ok else "`migrate.py validate --repair` shows and mends them; "
            hint = f"{mend}`migrate.py resume` checks again."
            raise DifferencesFound("prove the migration", self.checkpoint.run_id, report.summary(), hint)
        return report

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        if self.observer.stopping():
            raise Interrupted(
                "finish the migration", self.checkpoint.run_id, "you stopped it", "`migrate.py resume`"
            )
        LOG.info("phase begins", extra={"phase": name})
        self.observer.phase(name)
        self.save(self.checkpoint.with_status("in_progress").with_phase(name, started=time.time()))
        yield
        self.checkpoint = self.checkpoint.with_phase(name, finished=time.time())

    def save(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = self.store.save(checkpoint)

    def _end(self, status: str, error: str = "") -> None:
        lease = replace(self.checkpoint.lease, until=self.leases.until)
        checkpoint = proofs.proved(self.checkpoint, self.found, self.config.source_db)
        checkpoint = checkpoint.with_lease(lease).with_status(status)  # type: ignore[arg-type]  # one of Status
        if error:
            checkpoint = checkpoint.with_error(error, time.time())
        self.save(checkpoint)
        LOG.info("run ends", extra={"status": status, "reason": error})
