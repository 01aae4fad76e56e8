"""The world a run begins in, and whether it is still the same: asked before a resume sends anything.

A resume on a changed source, design or target would mix two migrations without anybody noticing. What
changed is named, and so is the flag that accepts it. Accepting rewinds what the change touches: puts are
idempotent, so going over a table again is always safe, going on from the middle is not.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from migration_tool.config import Config
from migration_tool.errors import StateError, TargetError
from migration_tool.job import Endpoint, find_designs, object_places, open_target
from migration_tool.model import TableIdentity
from migration_tool.source.snapshot import fingerprint, same_content, schema_fingerprint
from migration_tool.state.checkpoint import Checkpoint, EntityProgress, Fingerprints
from migration_tool.state.store import StateStore
from migration_tool.target import lease, table
from migration_tool.target.lease import Place, Record

_GONE = "gone"
_ACCEPT = "--accept-changed"


@dataclass(frozen=True)
class Change:
    """One difference between now and the start of the run.

    kind    "source", "design" or "target"
    tables  designs that have to be loaded again because of it
    mends   it is what mending rejected rows takes: other rows, or another design
    """

    kind: str
    text: str
    tables: tuple[str, ...]
    mends: bool = False


def refuse_unfinished(store: StateStore, force: bool) -> None:
    """Raises StateError where a run has not come to its end, and is not to be given up."""
    latest = store.latest()
    if latest and latest.status != "completed" and not force:
        raise StateError(
            "begin a migration", latest.run_id,
            f"an unfinished run exists ({latest.items_written:,} of {latest.items_total:,} items written)",
            "Continue it with `migrate.py resume`, or begin anew with `migrate.py migrate --force`.",
        )  # fmt: skip


def require_still_there(config: Config, checkpoint: Checkpoint) -> None:
    """A completed run on an embedded DynamoDB that has stopped is not complete any more.

    Raises TargetError.
    """
    if (
        checkpoint.endpoint.startswith("embedded:")
        and open_target(config, start=False).label != checkpoint.endpoint
    ):
        raise TargetError(
            "find the tables of the run", checkpoint.run_id,
            "the embedded DynamoDB that held them has stopped, and its data is gone",
            "Begin anew with `migrate.py migrate --force`.",
        )  # fmt: skip


def drop_copies(store: StateStore) -> None:
    """Earlier runs keep their state as history, but not what they have copied of the source."""
    for run_id in store.runs():
        store.snapshot_path(run_id).unlink(missing_ok=True)
        store.validation_path(run_id).unlink(missing_ok=True)
        shutil.rmtree(store.parts_path(run_id), ignore_errors=True)


def first_checkpoint(
    config: Config, names: Sequence[str], label: str, run_id: str, now: float, content: str = ""
) -> Checkpoint:
    """A run that has not begun: what it is to load, from where, to where.

    label    the endpoint as a run remembers it
    now      unix seconds
    content  the fingerprint of the source, where it has just been made
    Raises SourceError, DesignError.
    """
    designs = find_designs(config, names)
    return Checkpoint(
        run_id=run_id,
        created_at=now,
        endpoint=label,
        region=config.aws_region,
        tables={name: config.table_name(name) for name in names},
        entities=tuple(EntityProgress(d.name, entity.name) for d in designs for entity in d.entities),
        fingerprints=Fingerprints(
            source=_source_fingerprints(config.source_db, content),
            designs={design.name: design.fingerprint for design in designs},
            objects=object_places(config, designs),
        ),
    )


def changes_since(config: Config, endpoint: Endpoint, checkpoint: Checkpoint) -> list[Change]:
    """Everything that is not as it was when the run began. Raises MigrationError where it cannot tell."""
    return _source_changes(config, checkpoint) + changes_but_of_source(config, endpoint, checkpoint)


def changes_but_of_source(config: Config, endpoint: Endpoint, checkpoint: Checkpoint) -> list[Change]:
    """The same of designs, endpoint, objects and tables; the source is not read."""
    changes = _design_changes(config, checkpoint)
    changes += _endpoint_changes(config, endpoint.label, checkpoint)
    changes += _object_changes(config, checkpoint)
    for name, known in checkpoint.fingerprints.targets.items():
        there = table.describe(endpoint.target, known.name)
        found = _table_changes(name, known, there.identity if there else None)
        if there and not found and config.settings.lease and name in checkpoint.lease.generations:
            record = lease.read(endpoint.target, Place(there.name, there.keys))
            found = _lease_changes(name, checkpoint, record)
        changes += found
    return changes


def taken_over(
    config: Config, label: str, checkpoint: Checkpoint, changes: Sequence[Change], again: Sequence[str]
) -> Checkpoint:
    """The checkpoint of the same run in the changed world, with the tables `again` at their beginning."""
    if not changes:
        return checkpoint
    names = tuple(dict.fromkeys([*(e.table for e in checkpoint.entities), *checkpoint.tables]))
    fresh = first_checkpoint(config, names, label, checkpoint.run_id, checkpoint.created_at)
    source = {**checkpoint.fingerprints.source, **fresh.fingerprints.source}
    targets = {n: t for n, t in checkpoint.fingerprints.targets.items() if n not in again}
    changed = replace(
        checkpoint,
        endpoint=fresh.endpoint,
        region=fresh.region,
        tables=fresh.tables,
        entities=fresh.with_entities(checkpoint.entities).entities,
        fingerprints=replace(fresh.fingerprints, source=source, targets=targets),
    )
    for name in again:
        changed = changed.rewind(name)
    return changed


def saved(store: StateStore, checkpoint: Checkpoint, again: Sequence[str]) -> Checkpoint:
    """The checkpoint, saved; rejected rows of the tables `again` are forgotten, as they are read again."""
    if not again or not checkpoint.rejects_bytes:
        return store.save(checkpoint)
    log = store.reject_log(checkpoint)
    log.rewrite([reject for reject in store.rejects(checkpoint) if reject.table not in again])
    checkpoint = store.save(checkpoint.with_rejects(log.size, log.rewrites))
    log.settle()
    return checkpoint


def _source_fingerprints(path: Path, content: str = "") -> dict[str, str]:
    if not path.exists():
        return {"path": str(path), "content": _GONE, "schema": _GONE}
    return {"path": str(path), "content": content or fingerprint(path), "schema": schema_fingerprint(path)}


def _source_changes(config: Config, checkpoint: Checkpoint) -> list[Change]:
    """How the source database differs from the one the run began with.

    A run that reads its private copy has nothing to load again: the copy is still what it was.
    """
    known = checkpoint.fingerprints.source
    tables = () if checkpoint.snapshot else tuple(checkpoint.tables)
    now = _source_fingerprints(config.source_db)
    changes = []
    if now["path"] != known["path"]:
        text = f"the source is {now['path']}, the run began with {known['path']}"
        changes.append(Change("source", text, tables))
    if now["content"] == _GONE != known["content"]:
        changes.append(Change("source", f"the source {config.source_db} is gone", tables))
    elif now["schema"] != known["schema"]:
        changes.append(Change("source", "the schema of the source has changed", tables))
    elif now["content"] != known["content"] and not _copy_is_current(config, checkpoint):
        text = "the rows of the source have changed; its schema is the same"
        changes.append(Change("source", text, tables, mends=True))
    return changes


def _copy_is_current(config: Config, checkpoint: Checkpoint) -> bool:
    if not checkpoint.snapshot:
        return False
    copy = config.state_dir / checkpoint.snapshot
    return copy.exists() and same_content(config.source_db, copy, copy.with_suffix(".scratch"))


def _design_changes(config: Config, checkpoint: Checkpoint) -> list[Change]:
    """Designs that are not what they were, and tables that would now have another name."""
    changes, fingerprints = [], checkpoint.fingerprints.designs
    for name, design in zip(fingerprints, find_designs(config, fingerprints), strict=True):
        if design.fingerprint != fingerprints[name]:
            changes.append(Change("design", f"the design {name} has changed", (name,), mends=True))
        table = config.table_name(name)
        if table != checkpoint.tables[name]:
            text = f"{name} would now go to the table {table}, the run began with {checkpoint.tables[name]}"
            changes.append(Change("target", text, (name,)))
    return changes


def _endpoint_changes(config: Config, label: str, checkpoint: Checkpoint) -> list[Change]:
    """Another endpoint or region than the run began with."""
    tables = tuple(checkpoint.tables)
    changes = []
    if label != checkpoint.endpoint:
        text = f"the endpoint is {label}, the run began with {checkpoint.endpoint}"
        changes.append(Change("target", text, tables))
    if config.aws_region != checkpoint.region:
        text = f"the region is {config.aws_region}, the run began with {checkpoint.region}"
        changes.append(Change("target", text, tables))
    return changes


def _object_changes(config: Config, checkpoint: Checkpoint) -> list[Change]:
    """Another place than that of the objects so far: there they would not be found any more."""
    known = checkpoint.fingerprints.objects
    now = object_places(config, find_designs(config, known))
    moved = {name: place for name, place in known.items() if now.get(name, place) != place}
    text = "objects of {} would now go to {}, the run began with {}"
    return [Change("target", text.format(name, now[name], place), (name,)) for name, place in moved.items()]


def _table_changes(name: str, known: TableIdentity, now: TableIdentity | None) -> list[Change]:
    if now == known:
        return []
    state = "is gone" if now is None else f"is another one ({now.table_id}, not {known.table_id})"
    return [Change("target", f"the table {known.name} {state}", (name,))]


def _lease_changes(name: str, checkpoint: Checkpoint, record: Record | None) -> list[Change]:
    """Whether another run had the table since this one took its lease; a run gives it back, but leaves it."""
    if record and record.run_id == checkpoint.run_id:
        return []
    by = f"another run has taken it over: {record}" if record else "another run had it, and has ended"
    return [Change("target", f"the lease of the table {checkpoint.tables[name]} is gone: {by}", (name,))]


def require_accepted(changes: Sequence[Change], accepted: frozenset[str], run_id: str) -> tuple[str, ...]:
    """The tables to load again. Raises StateError naming every change that is not accepted."""
    refused = [change for change in changes if change.kind not in accepted]
    if refused:
        flags = " ".join(f"{_ACCEPT} {kind}" for kind in dict.fromkeys(c.kind for c in refused))
        raise StateError(
            "resume the run", run_id, "the world has changed since it began",
            f"Undo the change, or go on with `migrate.py resume {flags}` (what it touches is loaded again), "
            "or begin anew with `migrate.py migrate --force`.",
            [change.text for change in refused],
        )  # fmt: skip
    return tuple(dict.fromkeys(table for change in changes for table in change.tables))


def require_mended(changes: Sequence[Change], accepted: frozenset[str], run_id: str) -> None:
    """Raises StateError naming every change that mending rows does not explain, and that is not accepted."""
    refused = [change for change in changes if not change.mends and change.kind not in accepted]
    if not refused:
        return
    hint = "Undo the change, or begin anew with `migrate.py migrate --force`."
    if all(change.kind == "source" for change in refused):
        hint = f"Undo the change, or go on with `migrate.py retry-rejects {_ACCEPT} source`."
    raise StateError(
        "send the rejected rows again", run_id, "more has changed than rows and designs since the run",
        hint, [change.text for change in refused],
    )  # fmt: skip
