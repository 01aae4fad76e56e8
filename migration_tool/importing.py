"""The import of a run's new tables from S3: files → objects → ImportTable → the account of the run.

What is exported, sent and imported does not enter the run's checkpoint before its table is there with every
item: until then an entity is not begun, from then on it is done. What a process that was killed leaves, and
how the next one goes on, stands in docs/decisions/0010-import-from-s3.md.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Protocol

from migration_tool import proofs
from migration_tool.config import Config
from migration_tool.design.definition import beyond_import, import_definition
from migration_tool.errors import Interrupted, StateError, TargetError, UsageError
from migration_tool.filing import STATE, Export, Form, data_folder, parts_of
from migration_tool.job import Bound, open_bucket, pointing
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state import files
from migration_tool.state.checkpoint import Checkpoint, EntityProgress, Fingerprints
from migration_tool.state.imports import OVER, Import, read_import, write_import
from migration_tool.state.parts import Part
from migration_tool.state.store import StateStore
from migration_tool.target import table
from migration_tool.target.importing import (
    AT_ONCE,
    BEGIN_ANEW,
    MOST_OBJECTS,
    ImportFacts,
    begin_import,
    describe_import,
    require_whole,
)
from migration_tool.target.session import Target
from migration_tool.target.settings import complete
from migration_tool.verify.report import many
from migration_tool.verify.sound import require_sound

_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.1, 5.0


class Observer(Protocol):
    """Who is told how far it is, and who may ask it to stop."""

    def progress(self, checkpoint: Checkpoint) -> None: ...

    def step(self, name: str, done: int, total: int) -> None: ...

    def notice(self, text: str) -> None: ...

    def stopping(self) -> bool: ...


class Account(Protocol):
    """The run: its checkpoint, and how it is saved."""

    checkpoint: Checkpoint

    def save(self, checkpoint: Checkpoint) -> None: ...

    def phase(self, name: str) -> AbstractContextManager[None]: ...


def plan_import(config: Config, target: Target, store: StateStore, run_id: str, form: Form) -> None:
    """Says that the run which is about to begin imports its tables, and where its files go.

    Raises UsageError without a bucket, TargetError for one that is not there, StateError.
    """
    settings = config.settings
    if not settings.s3_bucket:
        hint = "Add --bucket NAME, or set migration_settings.s3_bucket."
        raise UsageError("import the tables from S3", "--bucket", "no bucket is named", hint)
    open_bucket(config, target, settings.s3_endpoint, settings.s3_bucket).require()
    prefix = "/".join(filter(None, (settings.s3_prefix.strip("/"), run_id))) + "/"
    plan = Import(settings.s3_endpoint, settings.s3_bucket, prefix, form.compression, form.part_bytes)
    write_import(store.import_path(run_id), plan)


class Importing:
    """Imports what a run plans to import, from wherever an earlier process left it."""

    def __init__(
        self, config: Config, target: Target, store: StateStore, observer: Observer, account: Account
    ) -> None:
        self._config = config
        self._target = target
        self._store = store
        self._observer = observer
        self._account = account
        self._path = store.import_path(account.checkpoint.run_id)
        self._folder = store.parts_path(account.checkpoint.run_id)
        self._plan = read_import(self._path)

    def run(self, source: SqliteSource, tables: Sequence[Bound]) -> None:
        """Returns when every table that is to be imported is there, proved by the counts.

        Raises TargetError, DifferencesFound, TooManyRejects, Interrupted, SourceError, StateError.
        """
        if self._plan is None:
            return
        plan = self._settled(self._plan, tables)
        planned = [bound for bound in tables if bound.name in (plan.tables or ())]
        done = {e.table for e in self._account.checkpoint.entities if e.done}
        wanted = [b for b in planned if b.name not in done and plan.arns.get(b.name) != OVER]
        if wanted:
            self._bring(source, planned, wanted, plan)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _settled(self, plan: Import, tables: Sequence[Bound]) -> Import:
        """With the tables that are imported: chosen once, before anything of them is there."""
        if plan.tables is not None:
            return plan
        chosen = []
        for bound in tables:
            if obstacle := self._obstacle(bound):
                self._observer.notice(f"{obstacle}: {bound.table_name} is loaded by batch writing")
            else:
                chosen.append(bound.name)
        return self._save(replace(plan, tables=tuple(chosen)))

    def _obstacle(self, bound: Bound) -> str:
        """Why the table cannot be made by an import, or ""."""
        if table.describe(self._target, bound.table_name):
            return "An import makes a new table, and this one exists"
        if not self._config.settings.create_tables:
            return "An import makes a table, and create_tables is false"
        if pointing([bound.compiled.design]):
            return "An import does not send the objects of `oversize: s3`"
        beyond = beyond_import(bound.table_name, bound.compiled.design)
        return f"An import cannot make {', '.join(beyond)}" if beyond else ""

    def _bring(
        self, source: SqliteSource, planned: Sequence[Bound], wanted: Sequence[Bound], plan: Import
    ) -> None:
        began, account = time.monotonic(), self._account
        with account.phase("files"):
            for bound in wanted:
                require_sound(source, bound.compiled, self._config.state_dir)
            export = self._export(source, planned, plan)
        wanted = [bound for bound in wanted if parts_of(export.parts, bound.name)]
        with account.phase("upload"):
            self._upload([b for b in wanted if b.name not in plan.arns], plan, export.parts)
        with account.phase("import"):
            self._import(wanted, plan, export)
        if wanted:
            self._observer.notice(f"The files stay in s3://{plan.bucket}/{plan.prefix} until you delete them")
        counters = account.checkpoint.counters
        seconds = round(counters.loading_seconds + time.monotonic() - began, 3)
        account.save(account.checkpoint.with_counters(replace(counters, loading_seconds=seconds)))

    def _export(self, source: SqliteSource, planned: Sequence[Bound], plan: Import) -> Export:
        """The files of the tables, as far as they are not there yet."""
        form = Form(plan.compression, plan.part_bytes)
        files.make_folder(self._folder)
        store = StateStore(self._folder / STATE)
        known, fresh = store.latest(), self._fresh(planned, form)
        if known and _world(known) != _world(fresh):
            if any(plan.arns.values()):
                raise StateError(
                    "import the tables", fresh.run_id, "the world has changed since the import began",
                    f"{BEGIN_ANEW}.",
                )  # fmt: skip
            shutil.rmtree(self._folder)
            files.make_folder(self._folder)
            store, known = StateStore(self._folder / STATE), None
        export = Export(self._config, self._folder, store, form, known or store.save(fresh), self._observer)
        export.run(source, planned)
        return export

    def _fresh(self, planned: Sequence[Bound], form: Form) -> Checkpoint:
        """The account of the files before there are any: the run's, of these tables alone."""
        run, names = self._account.checkpoint, {bound.name for bound in planned}
        return Checkpoint(
            run_id=run.run_id,
            created_at=run.created_at,
            endpoint=f"files:{form.compression}",
            region=run.region,
            tables={bound.name: bound.table_name for bound in planned},
            entities=tuple(
                EntityProgress(e.table, e.entity, rows_total=e.rows_total)
                for e in run.entities
                if e.table in names
            ),
            fingerprints=Fingerprints(
                {"content": proofs.content_read(run)},
                {name: run.fingerprints.designs[name] for name in sorted(names)},
            ),
        )

    def _upload(self, wanted: Sequence[Bound], plan: Import, parts: Sequence[Part]) -> None:
        """Every part as an object, and nothing else beside them: an import takes all there is."""
        bucket = open_bucket(self._config, self._target, plan.endpoint, plan.bucket)
        sending = [part for bound in wanted for part in _few_enough(parts_of(parts, bound.name))]
        sent, total = 0, sum(part.size for part in sending)
        if sending:
            self._observer.notice(
                f"Uploading {many(len(sending), 'file')} to s3://{plan.bucket}/{plan.prefix}"
            )
        for part in sending:
            self._obey("upload the files")
            key = plan.prefix + part.file
            if not bucket.has(key, part.size, part.sha256):
                bucket.upload(self._folder / part.file, key, part.sha256)
            sent += part.size
            self._observer.step("uploading", sent, total)
        for bound in wanted:
            prefix = plan.prefix + data_folder(bound.table_name)
            expected = {plan.prefix + part.file: part.size for part in parts_of(parts, bound.name)}
            bucket.require_only(prefix, expected)

    def _import(self, wanted: Sequence[Bound], plan: Import, export: Export) -> None:
        """As many imports side by side as AWS lets run; each enters the account when it has ended."""
        waiting, running = list(wanted), dict[str, Bound]()
        processed = {bound.name: 0 for bound in wanted}
        total = sum(part.items for bound in wanted for part in parts_of(export.parts, bound.name))
        pause = _FIRST_POLL_SECONDS
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                bound = waiting.pop(0)
                plan = self._begun(bound, plan)
                running[plan.arns[bound.name]] = bound
            for arn, bound in list(running.items()):
                facts = describe_import(self._target, arn)
                processed[bound.name] = facts.processed
                if facts.ended:
                    del running[arn]
                    plan = self._over(bound, facts, export, plan)
            self._observer.step("importing", sum(processed.values()), total)
            if running:
                self._obey("import the tables")
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_POLL_SECONDS)

    def _begun(self, bound: Bound, plan: Import) -> Import:
        """With the table's import, begun where that is not known yet: the token makes it the same one."""
        if bound.name in plan.arns:
            return plan
        token = hashlib.sha256(f"{plan.prefix}{bound.table_name}".encode()).hexdigest()[:32]
        definition = import_definition(bound.table_name, bound.compiled.design)
        prefix = plan.prefix + data_folder(bound.table_name)
        arn = begin_import(self._target, token, plan.bucket, prefix, plan.compression, definition)
        return self._save(replace(plan, arns={**plan.arns, bound.name: arn}))

    def _over(self, bound: Bound, facts: ImportFacts, export: Export, plan: Import) -> Import:
        """Takes an import that has ended into the run: its rows are stored or rejected, all of them.

        That it is over is saved first: should the table ever be read again, then for batch writing.
        """
        require_whole(bound.table_name, facts, sum(part.items for part in parts_of(export.parts, bound.name)))
        made = table.wait_active(self._target, bound.table_name)
        complete(self._target, made, bound.compiled.design)
        plan = self._save(replace(plan, arns={**plan.arns, bound.name: OVER}))
        checkpoint = self._account.checkpoint
        of_files = StateStore(self._folder / STATE)
        rejects = [r for r in of_files.rejects(export.checkpoint) if r.table == bound.name]
        log = self._store.reject_log(checkpoint)
        size = log.append(rejects)
        done = (entity for entity in export.checkpoint.entities if entity.table == bound.name)
        checkpoint = checkpoint.with_entities(done).with_target(bound.name, made.identity)
        self._account.save(checkpoint.with_rejects(size, log.rewrites))
        return plan

    def _save(self, plan: Import) -> Import:
        write_import(self._path, plan)
        return plan

    def _obey(self, operation: str) -> None:
        if self._observer.stopping():
            raise Interrupted(
                operation, self._account.checkpoint.run_id,
                "you stopped it; its place is saved, and an import that has begun goes on",
                "`migrate.py resume` takes it up again",
            )  # fmt: skip


def _world(checkpoint: Checkpoint) -> tuple[object, ...]:
    """What the files of a run are made of, and how."""
    known = checkpoint.fingerprints
    return checkpoint.endpoint, dict(checkpoint.tables), dict(known.source), dict(known.designs)


def _few_enough(parts: list[Part]) -> list[Part]:
    if len(parts) > MOST_OBJECTS:
        cause = f"{len(parts):,} files are more than the {MOST_OBJECTS:,} of one import"
        hint = f"Give a larger --part-size: {BEGIN_ANEW}."
        raise TargetError("import the table", parts[0].design, cause, hint)
    return parts
