"""What earlier validations of a run found out, and whether it still counts.

A proof stands for the source as long as what is read has the same content, and what makes items of it is the
same: then its rows become what they became. What an interrupted validation left has to be of the same table,
too, into which the run has written nothing since.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from migration_tool import __version__
from migration_tool.config import Config
from migration_tool.design.compile import CompiledDesign
from migration_tool.errors import MigrationError, SourceError, StateError
from migration_tool.job import Bound, bind
from migration_tool.model import TableIdentity
from migration_tool.source.snapshot import fingerprint
from migration_tool.source.sqlite import SqliteSource, check_source
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.proofs import TableProof, every
from migration_tool.state.store import StateStore
from migration_tool.state.validation import TableSums, Validation, read_validation
from migration_tool.verify.journal import Journal
from migration_tool.verify.report import Report, TableDifference, iso_time, many

_COPIED = "copied"


@dataclass(frozen=True)
class World:
    """What a validation is about.

    content     fingerprint of the content that is read as the source; "" where nobody knows it
    url         of the target
    identities  by design name: what makes its table the same table as before
    """

    tables: Sequence[Bound]
    content: str
    url: str
    identities: Mapping[str, TableIdentity]

    def counting(self, checkpoint: Checkpoint) -> dict[str, TableProof]:
        """The proofs that are of this content and these designs, by design name."""
        made = {bound.name: made_by(bound.compiled) for bound in self.tables}
        return {
            name: proof
            for name, proof in checkpoint.proofs.items()
            if self.content and (proof.source, proof.made_by) == (self.content, made.get(name))
        }

    def told(self, checkpoint: Checkpoint) -> list[str]:
        """What is to be said about the proofs of these tables, a sentence each."""
        counting, told = self.counting(checkpoint), []
        if counting:
            ranges = many(sum(1 for proof in counting.values() for _ in every(proof.ranges)), "key range")
            newest = iso_time(max(proof.proved_at for proof in counting.values()))
            told.append(f"The proof of {newest} is of this source and these designs: {ranges}")
        lost = [b.table_name for b in self.tables if b.name in checkpoint.proofs and b.name not in counting]
        if lost:
            told.append(f"The proof of {', '.join(lost)} no longer counts: source or design have changed")
        return told

    def facts(self, checkpoint: Checkpoint, bound: Bound) -> dict[str, str]:
        """What must still be so for a part of a validation of that table to count."""
        identity = self.identities.get(bound.name)
        return {
            "source": self.content or checkpoint.snapshot or "",
            "design": made_by(bound.compiled),
            "table": f"{self.url} {bound.table_name} {identity.table_id if identity else ''}",
            "what was written": f"{checkpoint.counters.batches} batches",
        }


@dataclass(frozen=True)
class Found:
    """What a validation found, and what it was about."""

    report: Report
    world: World


def made_by(compiled: CompiledDesign) -> str:
    """A hash of all that decides what a row becomes: the tool, the design, the code made of it."""
    parts = (__version__, compiled.design.fingerprint, *(entity.source for entity in compiled.entities))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def with_copy(checkpoint: Checkpoint, name: str) -> Checkpoint:
    """With the private copy of that file name, just made of what the run knows as the source."""
    known = checkpoint.fingerprints
    source = {**known.source, _COPIED: known.source["content"]}
    return replace(checkpoint.with_snapshot(name), fingerprints=replace(known, source=source))


def content_read(checkpoint: Checkpoint) -> str:
    """Fingerprint of the source that the run reads, or that its private copy was made of.

    "" where nobody knows it: the copy was made by an older version of the tool.
    """
    return checkpoint.fingerprints.source.get(_COPIED if checkpoint.snapshot else "content", "")


def source_to_read(
    config: Config, store: StateStore, latest: Checkpoint | None, tell: Callable[[str], None]
) -> tuple[Path, str]:
    """What a comparison reads as the source, and the fingerprint of its content ("": nobody knows it).

    The private copy while a run is unfinished, else the database; says so where it has changed since.
    Raises SourceError.
    """
    if latest and latest.status != "completed" and latest.snapshot:
        copy = store.snapshot_path(latest.run_id)
        if copy.exists():
            tell(f"Run {latest.run_id} is unfinished: comparing with its private copy of the source")
            return copy, content_read(latest)
    content = fingerprint(config.source_db) if config.source_db.is_file() else ""
    if not latest or content != latest.fingerprints.source.get("content"):
        check_source(config.source_db)
        if latest:
            tell("The source has changed since the run; comparing with the source as it is now")
    return config.source_db, content


def world_of(checkpoint: Checkpoint, tables: Sequence[Bound], url: str) -> World:
    """What the validation at the end of a run is about."""
    return World(tables, content_read(checkpoint), url, checkpoint.fingerprints.targets)


def tell_standing(config: Config, checkpoint: Checkpoint, tell: Callable[[str], None]) -> None:
    """Tells what the proofs of a completed run are worth now."""
    if not checkpoint.proofs:
        return
    try:
        content = fingerprint(config.source_db)
        with SqliteSource(config.source_db) as source:
            tables = bind(config, tuple(checkpoint.proofs), source.schema)
    except MigrationError as error:
        tell(f"Whether the proof of the run still counts cannot be told: {error}")
        return
    for text in World(tables, content, "", {}).told(checkpoint):
        tell(text)


def open_journal(
    store: StateStore,
    checkpoint: Checkpoint,
    world: World,
    tell: Callable[[str], None],
    *,
    fresh: bool = False,
    go_on: bool = True,
    clock: Callable[[], float] = time.time,
) -> Journal:
    """The journal of a validation that begins.

    tell   is told what of earlier ones counts, and why some does not
    fresh  no proof stands for the source
    go_on  with what an interrupted validation left
    """
    path = store.validation_path(checkpoint.run_id)
    counting = {} if fresh else world.counting(checkpoint)
    for text in world.told(checkpoint) if not fresh else ():
        tell(text)
    begun = (_interrupted(path, checkpoint, tell) if go_on else None) or Validation(
        checkpoint.run_id, checkpoint.generation, clock()
    )
    tables = {}
    for bound in world.tables:
        facts = world.facts(checkpoint, bound)
        old = begun.tables.get(bound.name, TableSums(facts))
        if changed := [name for name in facts if old.facts.get(name) != facts[name]]:
            tell(f"{bound.table_name} is compared from its beginning: {', '.join(changed)} has changed")
        usable = old.shares and not changed and not (fresh and old.proved_at is not None)
        tables[bound.name] = old if usable else _from_proof(facts, counting.get(bound.name))
    return Journal(replace(begun, tables=tables), path)


def keep(store: StateStore, run_id: str, found: Found, source: Path) -> None:
    """Saves the proofs that a validation gives, if any. Raises StateError where another has the state."""
    if _news(found.report):
        with store.lock():
            checkpoint = store.load(run_id)
            changed = proved(checkpoint, found, source)
            if changed is not checkpoint:
                store.save(changed)


def proved(checkpoint: Checkpoint, found: Found | None, source: Path) -> Checkpoint:
    """With a proof of each table that was found equal by reading the source.

    None is made where the content of `source` is not what it was before: nobody knows which one was read.
    Nothing of this process may have `source` open.
    """
    news = _news(found.report) if found else {}
    if not found or not news or not found.world.content or not _is_still(source, found.world.content):
        return checkpoint
    fresh = {
        bound.name: _proof(checkpoint, found.world, bound, news[bound.name])
        for bound in found.world.tables
        if bound.name in news
    }
    return replace(checkpoint, proofs={**checkpoint.proofs, **fresh})


def _proof(checkpoint: Checkpoint, world: World, bound: Bound, difference: TableDifference) -> TableProof:
    return TableProof(
        source=world.content,
        made_by=made_by(bound.compiled),
        generation=checkpoint.generation,
        proved_at=difference.scan_finished,
        ranges=difference.ranges,
    )


def _from_proof(facts: Mapping[str, str], proof: TableProof | None) -> TableSums:
    if proof is None:
        return TableSums(facts)
    return TableSums(facts, ranges=proof.ranges, proved_at=proof.proved_at)


def _news(report: Report) -> dict[str, TableDifference]:
    """The tables of which there is something new to keep."""
    differences = [table.difference for table in report.tables]
    return {found.name: found for found in differences if found.ranges and found.proved_at is None}


def _is_still(source: Path, content: str) -> bool:
    try:
        return fingerprint(source) == content
    except SourceError:
        return False


def _interrupted(path: Path, checkpoint: Checkpoint, tell: Callable[[str], None]) -> Validation | None:
    try:
        found = read_validation(path, checkpoint.run_id)
    except StateError as error:
        tell(f"The validation begins anew: {error}")
        return None
    if found:
        tell(f"Going on with the validation of {iso_time(found.begun_at)}, which was interrupted")
    return found
