"""`migrate --via files`: the items of the designs as files that ImportTable reads, and a manifest.

The folder keeps its own account in `.export`, as a state folder does: the same command goes on where it was
stopped or killed. `manifest.json` comes last, and only when every part is there; it is made of the account,
and never read.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from migration_tool import world
from migration_tool.analysis import counted, readable
from migration_tool.checking.fitting import require_fit
from migration_tool.config import Config
from migration_tool.design.definition import table_definition
from migration_tool.design.model import Design
from migration_tool.errors import Interrupted, MigrationError, StateError, TooManyRejects, UsageError
from migration_tool.filing import STATE, Export, Form, data_folder, parts_of, registered_parts
from migration_tool.job import Bound, bind, find_designs, pointing, selected
from migration_tool.model import Confirm, Question
from migration_tool.source.examination import Examination
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state import files
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.parts import Part
from migration_tool.state.store import StateStore
from migration_tool.verify.sound import require_sound

MANIFEST, DEFINITION = "manifest.json", "table.json"
_VERSION = 1
_WRITE, _HINT = "write the files", "free space there or make it writable, then the same again"
_AGAIN = "The same command goes on from there."


class Observer(Protocol):
    """Who is told what is done, and who may ask it to stop."""

    def phase(self, name: str) -> None: ...

    def copied(self, done: int, total: int) -> None: ...

    def progress(self, checkpoint: Checkpoint) -> None: ...

    def stopping(self) -> bool: ...


@dataclass(frozen=True)
class Files:
    """What is in the folder. `rejects` names the file of the rows that became no item."""

    folder: Path
    manifest: Mapping[str, Any]
    rejects: Path | None


def export_files(
    config: Config,
    names: Sequence[str],
    folder: Path,
    form: Form,
    force: bool,
    confirm: Confirm,
    observer: Observer,
) -> Files:
    """Writes them, or what is missing of them.

    force  begins anew in a folder of ours, once that is confirmed
    Raises UsageError for a folder with something else in it, StateError for files of another world,
    Interrupted, TooManyRejects and the errors of reading a source and its designs.
    """
    chosen = selected(config, names)
    content = Examination(config.source_db).result()
    require_fit(config, chosen, config.source_db)
    _require_no_objects(find_designs(config, chosen))
    store = StateStore(folder / STATE)
    _require_ours(folder)
    files.make_folder(folder)
    with store.lock(), _repeatable(folder):
        if force and store.latest():
            _clear(folder, store, confirm)
        now = time.time()
        label = f"files:{form.compression}"
        fresh = world.first_checkpoint(config, chosen, label, store.new_run_id(now), now, content)
        found = store.latest()
        if found:
            _require_same(folder, found, fresh)
        checkpoint = found or store.save(fresh)
        if checkpoint.status != "completed":
            checkpoint = _Files(config, folder, store, form, observer).write(checkpoint)
        found_there = manifest(checkpoint, registered_parts(folder, store, checkpoint), form)
        _write(folder / MANIFEST, found_there)
        rejects = store.rejects_path(checkpoint.run_id) if checkpoint.rejected else None
        return Files(folder, found_there, rejects)


class _Files:
    """The phases, from a checkpoint to all the files."""

    def __init__(
        self, config: Config, folder: Path, store: StateStore, form: Form, observer: Observer
    ) -> None:
        self._config = config
        self._folder = folder
        self._store = store
        self._form = form
        self._observer = observer

    def write(self, checkpoint: Checkpoint) -> Checkpoint:
        self._observer.phase("analysis")
        path, checkpoint = readable(self._config, self._store, checkpoint, self._observer.copied)
        with SqliteSource(path) as source:
            tables = bind(self._config, tuple(checkpoint.tables), source.schema)
            checkpoint = self._store.save(counted(source, tables, checkpoint))
            self._observer.phase("transformation")
            for bound in tables:
                require_sound(source, bound.compiled, self._store.folder)
            self._observer.phase("files")
            export = Export(self._config, self._folder, self._store, self._form, checkpoint, self._observer)
            export.run(source, tables)
        self._describe(tables)
        done = self._store.save(export.checkpoint.with_status("completed"))
        self._store.snapshot_path(done.run_id).unlink(missing_ok=True)
        return done

    def _describe(self, tables: Sequence[Bound]) -> None:
        for bound in tables:
            definition = table_definition(bound.table_name, bound.compiled.design)
            folder = self._folder / bound.table_name
            files.make_folder(folder)
            _write(folder / DEFINITION, definition)


def manifest(checkpoint: Checkpoint, parts: Sequence[Part], form: Form) -> dict[str, Any]:
    """What is in the files: parts with sizes and checksums, counts by entity, what they were made of."""
    source = checkpoint.fingerprints.source
    return {
        "version": _VERSION,
        "format": "DYNAMODB_JSON",
        "compression": form.compression.upper(),
        "source": {name: source[name] for name in ("path", "content", "schema")},
        "tables": [
            _table(name, table, checkpoint, parts_of(parts, name))
            for name, table in sorted(checkpoint.tables.items())
        ],
    }


def _table(name: str, table: str, checkpoint: Checkpoint, parts: Sequence[Part]) -> dict[str, Any]:
    entities = Counter[str]()
    for part in parts:
        entities.update(part.entities)
    rejected = {e.entity: e.rejected for e in checkpoint.entities if e.table == name}
    return {
        "design": name,
        "fingerprint": checkpoint.fingerprints.designs[name],
        "table": table,
        "definition": f"{table}/{DEFINITION}",
        "data": data_folder(table),
        "items": sum(part.items for part in parts),
        "bytes": sum(part.bytes for part in parts),
        "size": sum(part.size for part in parts),
        "entities": {entity: {"items": entities[entity], "rejected": n} for entity, n in rejected.items()},
        "parts": [
            {"file": p.file, "items": p.items, "bytes": p.bytes, "size": p.size, "sha256": p.sha256}
            for p in parts
        ],
    }


def _write(path: Path, document: Mapping[str, Any]) -> None:
    data = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    files.write_whole(path, data, _WRITE, _HINT)


def _require_no_objects(designs: Iterable[Design]) -> None:
    """Items without their objects would be items that have lost something. Raises UsageError."""
    if named := pointing(designs):
        raise UsageError(
            _WRITE, ", ".join(named), "files have no place for the objects of `oversize: s3`",
            "Load these tables with `migrate.py migrate`, or choose others with -t.",
        )  # fmt: skip


def _require_ours(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not (folder / STATE / ".lock").is_file():
        raise UsageError(
            _WRITE, folder, "the folder is not empty, and what is in it is not ours",
            "Name a folder that is empty or not there yet with --out.",
        )  # fmt: skip


def _require_same(folder: Path, found: Checkpoint, fresh: Checkpoint) -> None:
    """Files of two sources, designs or forms would not be one table. Raises StateError."""
    faults = [
        f"{what} {'is' if before else 'was'} another than that of the files"
        for what, before, now in _facts(found, fresh)
        if before != now
    ]
    if faults:
        raise StateError(
            _WRITE, folder, "it holds files that were begun otherwise",
            "Begin anew with --force, or in another folder.", faults,
        )  # fmt: skip


def _facts(found: Checkpoint, fresh: Checkpoint) -> Iterator[tuple[str, object, object]]:
    before, now = found.fingerprints, fresh.fingerprints
    for name in ("path", "schema", "content"):
        yield f"the {name} of the source", before.source[name], now.source[name]
    yield "the choice of the tables", dict(found.tables), dict(fresh.tables)
    for name in sorted({*before.designs} & {*now.designs}):
        yield f"the design {name}", before.designs[name], now.designs[name]
    yield "the compression", found.endpoint, fresh.endpoint


def _clear(folder: Path, store: StateStore, confirm: Confirm) -> None:
    """Deletes what the account of the folder knows of, and then the account."""
    known = sorted({table for run_id in store.runs() for table in store.load(run_id).tables.values()})
    facts = ("This deletes, with everything in it:", *(f"  {folder / name}" for name in known))
    if not confirm(Question("begin anew", str(folder), facts, "Delete the files and begin anew?")):
        raise UsageError("begin anew", folder, "it was not confirmed", "Nothing was deleted.")
    with files.naming("begin anew", folder, "make it writable"):
        (folder / MANIFEST).unlink(missing_ok=True)
        for name in known:
            if (folder / name).exists():
                shutil.rmtree(folder / name)
    for run_id in store.runs():
        store.remove(run_id)


@contextmanager
def _repeatable(folder: Path) -> Iterator[None]:
    """What stops it says how to go on here, which is not `resume`."""
    kinds: tuple[tuple[type[MigrationError], str], ...] = (
        (Interrupted, _AGAIN),
        (
            TooManyRejects,
            f"`.export` in it has the rejected rows. {_AGAIN} More are accepted with --max-rejects N.",
        ),
    )
    try:
        yield
    except (Interrupted, TooManyRejects) as error:
        hint = next(hint for kind, hint in kinds if isinstance(error, kind))
        raise type(error)(_WRITE, folder, error.cause, hint) from error
