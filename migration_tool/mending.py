"""What a comparison has found wrong, put right: shown first, journaled, written only over what was shown.

Three looks at every key. The first makes the plan that the user sees. The second comes just before the write:
an item that is not what was shown is left alone; and the write itself has the condition that it still is. The
third says what holds: an answer that was lost proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from migration_tool.design.compile import CompiledDesign
from migration_tool.model import NO_SORT_KEY, WireItem, named_key, wire_key
from migration_tool.oversize import content_of
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.repairs import RepairLog
from migration_tool.target.pointers import pointer_of, unmarked
from migration_tool.target.reader import MOST_KEYS
from migration_tool.target.swap import Swap, swap_many
from migration_tool.target.wire import Wire
from migration_tool.verify.expected import Expected
from migration_tool.verify.explain import attribute_differences, parsed
from migration_tool.verify.lookup import Key, look_up
from migration_tool.verify.mended import Action, Mended, Outcome, Repair
from migration_tool.verify.report import Difference, TableDifference, iso_time

MOST_CHANGES = 10_000
"""Of each kind and table in one repair: somebody is to look at each of them, and they are held in memory."""

T = TypeVar("T")


@dataclass(frozen=True)
class Change:
    """One item to put or to delete: its text as it is and as it is to be; None where there is no item.

    names  of the key attributes
    """

    names: tuple[str, ...]
    key: Key
    entity: str
    before: bytes | None
    after: bytes | None

    @property
    def action(self) -> Action:
        return "delete" if self.after is None else "put"

    def shown(self) -> Difference:
        """The item, with the attributes that are to change."""
        before, after = self.items
        attributes = attribute_differences(after, before) if before and after else ()
        return Difference(self.plain_key, self.entity, attributes)

    @property
    def items(self) -> tuple[WireItem | None, WireItem | None]:
        """Before and after."""
        before, after = (None if text is None else parsed(text) for text in (self.before, self.after))
        return before, after

    @property
    def swap(self) -> Swap:
        before, after = self.items
        return Swap(self.wire_key, before and unmarked(before), after)

    @property
    def plain_key(self) -> dict[str, str]:
        return named_key(self.names, self.key)

    @property
    def wire_key(self) -> WireItem:
        return wire_key(self.names, self.key)


@dataclass(frozen=True)
class Plan:
    """What is to be done with one table.

    name     of its design
    found    how many differences the comparison has counted
    settled  how many of them were gone at the first look
    extra    items that no row gives, where they are not to be deleted
    """

    name: str
    table: str
    found: int
    settled: int
    changes: tuple[Change, ...]
    extra: tuple[Difference, ...] = ()

    def result(self, change: Change, outcome: Outcome, reason: str = "") -> Mended:
        return Mended(self.name, change.plain_key, change.entity, change.action, outcome, reason)


def make_plan(
    source: SqliteSource,
    compiled: CompiledDesign,
    wire: Wire,
    difference: TableDifference,
    delete_extra: bool,
) -> Plan:
    """Puts for what is missing or different, and deletions of what is extra if that is wanted.

    Precondition: no two rows share a key. Raises SourceError, TargetError.
    """
    names, table = compiled.design.keys, difference.table
    wrong = {_key(found, names) for found in (*difference.missing, *difference.different)}
    wanted: dict[Key, tuple[str, bytes | None]] = {}
    wanted |= {key: (entity, text) for key, entity, text in _expected(source, compiled, wrong)}
    if delete_extra:
        wanted |= {_key(found, names): (found.entity, None) for found in difference.extra}
    there: dict[Key, bytes] = {}
    for _, found in look_up(wire, table, names, ((None, keys) for keys in _groups([*wanted]))):
        there |= found
    changes = tuple(
        Change(names, key, entity, there.get(key), after)
        for key, (entity, after) in wanted.items()
        if there.get(key) != after
    )
    counted = sum(difference.total(kind) for kind in ("missing", "different", "extra"))
    extra = () if delete_extra else difference.extra
    return Plan(compiled.name, table, counted, len(wanted) - len(changes), changes, extra)


def mend(
    wire: Wire, plan: Plan, log: RepairLog, hold: Callable[[], object], clock: Callable[[], float]
) -> Iterator[Mended]:
    """Does what the plan says, and gives what came of each change.

    hold   raises where another writer has the table now; asked before each hundred
    clock  unix seconds
    Raises TargetError, StateError, Stopped; the log says what was tried until then.
    """
    for group in _groups(plan.changes):
        hold()
        now = _look(wire, plan, group)
        ready = [change for change in group if now.get(change.key) == change.before]
        log.append([_intention(plan, change, clock()) for change in ready])
        reasons = swap_many(wire, plan.table, [change.swap for change in ready])
        refused = {change.key: reason for change, reason in zip(ready, reasons, strict=True)}
        then = _look(wire, plan, group)
        results = [_result(plan, change, refused, then) for change in group]
        log.append([_told(plan, *pair, clock()) for pair in zip(group, results, strict=True)])
        yield from results


def put_objects(
    source: SqliteSource, compiled: CompiledDesign, wire: Wire, plan: Plan, hold: Callable[[], object]
) -> None:
    """Puts what the items point to that the plan writes. Reads the source until it has all of them.

    hold  as of `mend`; asked before each
    Raises SourceError, TargetError, StateError.
    """
    keys = {change.key for change in plan.changes if change.after and pointer_of(parsed(change.after))}
    if not keys or not wire.objects:
        return
    items = (item for _, item in Expected(source, compiled.entities).items() if item[:2] in keys)
    for _, _, text in islice(items, len(keys)):
        hold()
        wire.objects.put(plan.table, content_of(text)).result()


def result(plans: Sequence[Plan], done: Sequence[Mended] = (), journal: Path | None = None) -> Repair:
    """What a repair has come to; where nothing was done, its plan."""
    return Repair(
        found=sum(plan.found for plan in plans),
        settled=sum(plan.settled for plan in plans),
        items=tuple(done) or tuple(plan.result(c, "planned") for plan in plans for c in plan.changes),
        journal=str(journal) if journal else "",
    )


def _expected(
    source: SqliteSource, compiled: CompiledDesign, keys: set[Key]
) -> Iterator[tuple[Key, str, bytes]]:
    """The expected items of these keys; the source is read until all are found."""
    found = (
        (item[:2], entity, item[2].encode())
        for entity, item in Expected(source, compiled.entities).items()
        if item[:2] in keys
    )
    return islice(found, len(keys)) if keys else iter(())


def _look(wire: Wire, plan: Plan, group: Sequence[Change]) -> Mapping[Key, bytes]:
    ((_, found),) = look_up(wire, plan.table, group[0].names, [(None, [change.key for change in group])])
    return found


def _result(plan: Plan, change: Change, refused: Mapping[Key, str], then: Mapping[Key, bytes]) -> Mended:
    if then.get(change.key) == change.after:
        return plan.result(change, "repaired")
    if change.key not in refused:
        return plan.result(change, "left", "it has changed since it was shown")
    return plan.result(change, "left", refused[change.key] or "it was changed again at once")


def _intention(plan: Plan, change: Change, now: float) -> dict[str, Any]:
    before, after = change.items
    return {**_about(plan, change, now), "action": change.action, "before": before, "after": after}


def _told(plan: Plan, change: Change, result: Mended, now: float) -> dict[str, Any]:
    return {**_about(plan, change, now), "outcome": result.outcome, "reason": result.reason}


def _about(plan: Plan, change: Change, now: float) -> dict[str, Any]:
    return {"at": iso_time(now), "table": plan.table, "key": change.wire_key}


def _key(difference: Difference, names: tuple[str, ...]) -> Key:
    partition, *sort = [difference.key[name] for name in names]
    return partition, sort[0] if sort else NO_SORT_KEY


def _groups(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + MOST_KEYS] for start in range(0, len(items), MOST_KEYS))
