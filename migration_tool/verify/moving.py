"""Rows that are written already, compared with their items by key, while source or target may move.

A row that is not equal is suspended: a moment later it is looked at again, the row as the source has it
then and the item as the table has it then. Where neither of the two moved in between, it is different.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from migration_tool.design.compile import CompiledDesign
from migration_tool.errors import RowRejected
from migration_tool.interpreter import no_search_for_cycles
from migration_tool.model import EncodedItem, Position, Read
from migration_tool.oversize import CHUNK
from migration_tool.source.rows import RowReader
from migration_tool.source.sql import Behind
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target.reader import MOST_KEYS
from migration_tool.target.wire import Wire
from migration_tool.verify.compare import DETAILS
from migration_tool.verify.expected import chunk_items, encoded
from migration_tool.verify.explain import attribute_differences, key_of, parsed
from migration_tool.verify.lookup import Key, in_groups, look_up
from migration_tool.verify.moving_report import EntityLook, LastingDifference, TableLook
from migration_tool.verify.report import Advance, unwatched
from migration_tool.verify.spill import digest

PAUSES = (0.5, 1.0, 2.0)
"""Seconds before each further look at what is suspended."""

MOST_SUSPENDED = 10_000
"""Items of a table that are looked at again; what is not equal beyond them stays suspended."""

_MARGIN = 100
"""Rows that may have come to a group in the meantime, so that one of it stands so much further on."""

Texts: TypeAlias = Mapping[Key, bytes | None]
"""Canonical texts of the items that rows give; None where a row is gone."""

Items: TypeAlias = Mapping[Key, bytes]
"""Canonical texts of items that a table has."""


@dataclass(frozen=True)
class Due:
    """What of an entity is written: `rows` behind `after`. `pending` rows follow that are not."""

    after: Position | None
    rows: int
    pending: int


class View:
    """The source as it is now. A private copy stays what it is; a database in use is opened anew."""

    def __init__(self, path: Path, moves: bool) -> None:
        self.source = SqliteSource(path)
        self._moves = moves

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.source.close()

    def renew(self, wait: Callable[[], object]) -> None:
        """Nobody who writes to it is kept from that while `wait` goes on.

        Precondition: nothing reads from `source`. Raises SourceError.
        """
        if self._moves:
            self.source.close()
        wait()
        if self._moves:
            self.source = SqliteSource(self.source.path)


@dataclass(frozen=True)
class _Group:
    """Items that consecutive rows of the entity at place `entity` give: `rows` of them behind `after`.

    kind  the name of the entity; CHUNK: the chunk items of its items
    """

    entity: int
    after: Position | None
    rows: int
    kind: str


@dataclass(frozen=True)
class _Suspended:
    """A row that was not equal: where it stands, and digests of both sides, None for a side without it."""

    group: _Group
    seen: tuple[bytes | None, bytes | None]


class Look:
    """One table.

    due         of each entity, in their order
    begun_anew  whether the run has begun an entity anew since, by name: what it wrote does not count then
    details     how many differences are named; the counts are exact
    """

    def __init__(
        self,
        compiled: CompiledDesign,
        table: str,
        due: Sequence[Due],
        begun_anew: Callable[[str], bool] = lambda entity: False,
        details: int = DETAILS,
    ) -> None:
        self.suspended: dict[Key, _Suspended] = {}
        self._compiled = compiled
        self._table = table
        self._due = due
        self._begun_anew = begun_anew
        self._details = details
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)
        self._differences: list[LastingDifference] = []

    @property
    def rows(self) -> int:
        """How many are due."""
        return sum(due.rows for due in self._due)

    def first(self, source: SqliteSource, wire: Wire, advance: Advance = unwatched) -> None:
        """Looks at everything that is due. Raises SourceError, TargetError."""
        for group, texts, items in self._fetched(wire, self._written(source)):
            for key, text in texts.items():
                self._meet(group, key, text, items)
            if group.kind != CHUNK:
                advance(group.rows)

    def again(self, source: SqliteSource, wire: Wire) -> None:
        """Looks once more at what is suspended. Raises SourceError, TargetError."""
        for number, entity in enumerate(self._compiled.entities):
            mine = [key for key, suspended in self.suspended.items() if suspended.group.entity == number]
            if mine and self._begun_anew(entity.name):
                for key in mine:
                    self._counts[self.suspended.pop(key).group.kind]["pending"] += 1
        for group, texts, items in self._fetched(wire, self._now(source)):
            for key, text in texts.items():
                self._meet(group, key, text, items)

    def result(self) -> TableLook:
        for suspended in self.suspended.values():
            self._counts[suspended.group.kind]["suspended"] += 1
        names = [entity.name for entity in self._compiled.entities]
        for name, due in zip(names, self._due, strict=True):
            self._counts[name]["pending"] += due.pending
        entities = tuple(
            EntityLook(name, **self._counts[name])
            for name in ([*names, CHUNK] if self._counts[CHUNK] else names)
        )
        return TableLook(self._compiled.name, self._table, entities, tuple(self._differences))

    def _meet(self, group: _Group, key: Key, text: bytes | None, items: Items) -> None:
        found = items.get(key)
        before = self.suspended.pop(key, None)
        if text == found:
            self._counts[group.kind]["verified"] += 1
            return
        seen = (text and digest(text), found and digest(found))
        if before and before.seen == seen:
            self._counts[group.kind]["different"] += 1
            if len(self._differences) < self._details:
                self._differences.append(self._difference(group, text, found))
        elif before or len(self.suspended) < MOST_SUSPENDED:
            self.suspended[key] = _Suspended(group, seen)
        else:
            self._counts[group.kind]["suspended"] += 1

    def _difference(self, group: _Group, text: bytes | None, found: bytes | None) -> LastingDifference:
        expected, item = (parsed(side) if side else {} for side in (text, found))
        both = expected and item
        return LastingDifference(
            key=key_of(expected or item, self._compiled.design.keys),
            entity=group.kind,
            in_source=bool(expected),
            in_table=bool(item),
            attributes=attribute_differences(expected, item) if both else (),
        )

    def _written(self, source: SqliteSource) -> Iterator[tuple[_Group, Texts]]:
        """What the rows that are due give, as many at a time as can be asked for together."""
        for number, (entity, due) in enumerate(zip(self._compiled.entities, self._due, strict=True)):
            reader, after, left = _behind(source, entity.read, due.after), due.after, due.rows
            while left > 0 and (chunk := source.take(reader, min(MOST_KEYS, left))).rows:
                items = encoded(entity, chunk, _left_out)
                self._counts[entity.name]["rejected"] += len(chunk.rows) - len(items)
                yield _Group(number, after, len(chunk.rows), entity.name), _texts(items)
                for some in in_groups(chunk_items(entity, items)):
                    yield _Group(number, after, len(chunk.rows), CHUNK), _texts(some.values())
                after, left = chunk.position(-1), left - len(chunk.rows)

    def _now(self, source: SqliteSource) -> Iterator[tuple[_Group, Texts]]:
        """What is suspended, as the source has it now."""
        groups: dict[_Group, list[Key]] = defaultdict(list)
        for key, suspended in self.suspended.items():
            groups[suspended.group].append(key)
        for group, keys in groups.items():
            entity = self._compiled.entities[group.entity]
            reader = _behind(source, entity.read, group.after)
            items = encoded(entity, source.take(reader, group.rows + _MARGIN), _left_out)
            now = {item[:2]: item for item in (chunk_items(entity, items) if group.kind == CHUNK else items)}
            for some in in_groups(now.get(key, (*key, "")) for key in keys):
                yield group, {key: item[2].encode() or None for key, item in some.items()}

    def _fetched(
        self, wire: Wire, groups: Iterable[tuple[_Group, Texts]]
    ) -> Iterator[tuple[_Group, Texts, Items]]:
        asked = (((group, texts), texts) for group, texts in groups if texts)
        for (group, texts), items in look_up(wire, self._table, self._compiled.design.keys, asked):
            yield group, texts, items


def _texts(items: Iterable[EncodedItem]) -> Texts:
    return {(partition, sort): text.encode() for partition, sort, text in items}


def _left_out(place: int, why: RowRejected) -> None:
    """How many rows have no item, the number of the others says."""


def _behind(source: SqliteSource, read: Read, after: Position | None) -> RowReader:
    return source.reader(read, Behind(after) if after else None)


def look_at(
    view: View,
    wire: Wire,
    looks: Sequence[Look],
    advance: Advance = unwatched,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[TableLook, ...]:
    """Looks at all of them, and again at what is suspended, as often as PAUSES says.

    Raises SourceError, TargetError.
    """
    with no_search_for_cycles():
        for look in looks:
            look.first(view.source, wire, advance)
        for pause in PAUSES:
            if not any(look.suspended for look in looks):
                break
            view.renew(partial(sleep, pause))
            for look in looks:
                look.again(view.source, wire)
    return tuple(look.result() for look in looks)
