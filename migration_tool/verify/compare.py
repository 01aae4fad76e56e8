"""Every expected item against every actual one, in bounded memory at any size.

First pass: of each item on either side only two hashes are kept, on disk once they are many. Where they
do not agree, a second pass fetches the items concerned and says what is wrong with them.
"""

from __future__ import annotations

import gc
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import orjson

from migration_tool.attributes import canonical_item
from migration_tool.design.compile import CompiledDesign, CompiledEntity
from migration_tool.design.model import ENTITY_TYPE, Requests
from migration_tool.errors import RowRejected
from migration_tool.model import EncodedItem, WireItem
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target import reader
from migration_tool.target.wire import Wire
from migration_tool.verify.explain import attribute_differences, key_of, parsed
from migration_tool.verify.pairing import ACTUAL, EXPECTED, Findings, pair, tag
from migration_tool.verify.report import (
    Advance,
    Difference,
    EntityCounts,
    Rejection,
    TableDifference,
    unwatched,
)
from migration_tool.verify.spill import BUCKET_BYTES, MEMORY_BYTES, Spill, digest, key_hash

DETAILS = 1_000
REJECTIONS = 20
_ITEMS_PER_CALL = 2_000
_FETCHED_AT_ONCE = 64
_NOT_CANONICAL = re.compile(rb'"(?:N":"(?!(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9])")|[SNB]S":)')
"""Finds every item that `canonical_item` would write otherwise (and perhaps some more): sets, odd numbers."""


def compare(
    source: SqliteSource,
    compiled: CompiledDesign,
    wire: Wire,
    table_name: str,
    work_folder: Path,
    *,
    details: int = DETAILS,
    segments: int | None = None,
    advance: Advance = unwatched,
    clock: Callable[[], float] = time.time,
    memory: int = MEMORY_BYTES,
    bucket: int = BUCKET_BYTES,
) -> TableDifference:
    """Compares what the source should have become with what the table holds.

    details   how many items of each kind (missing, extra, different) are named; counts are always exact
    segments  parts in which the table is scanned at a time; by default as many as the wire has connections
    memory    bytes of hashes held before they go to files in `work_folder`

    Raises SourceError, TargetError, and StateError when the working files cannot be written.
    """
    comparison = _Comparison(source, compiled, wire, table_name, details, advance)
    comparison.segments = segments or wire.target.connections
    with Spill(work_folder, memory, bucket) as spill:
        comparison.read_source(spill)
        started = clock()
        comparison.read_target(spill)
        finished = clock()
        findings = pair(spill.buckets(), details)
    return comparison.result(findings, started, finished)


class _Comparison:
    """One table's comparison: what was counted on the way, and the two passes."""

    segments = 1

    def __init__(
        self,
        source: SqliteSource,
        compiled: CompiledDesign,
        wire: Wire,
        table_name: str,
        details: int,
        advance: Advance,
    ) -> None:
        self._source = source
        self._compiled = compiled
        self._wire = wire
        self._table = table_name
        self._details = details
        self._advance = advance
        self._names = [entity.name for entity in compiled.entities]
        self._expected: Counter[int] = Counter()
        self._actual: Counter[int] = Counter()
        self._rejected: Counter[int] = Counter()
        self._rejections: list[Rejection] = []

    def read_source(self, spill: Spill) -> None:
        add, done = spill.add, 0
        for number, entity in enumerate(self._compiled.entities):
            mark = tag(number, EXPECTED)
            for partition_key, sort_key, text in self._items(number, entity):
                add(key_hash(partition_key, sort_key) + digest(text.encode()) + mark)
                done += 1
                if not done % _ITEMS_PER_CALL:
                    self._advance(_ITEMS_PER_CALL)
            self._expected[number] = done - self._expected.total()
        self._advance(done % _ITEMS_PER_CALL)

    def read_target(self, spill: Spill) -> None:
        add, keys = spill.add, self._compiled.design.keys
        marks = {name: tag(number, ACTUAL) for number, name in enumerate(self._names)}
        unknown = tag(len(self._names), ACTUAL)
        kinds: Counter[bytes] = Counter()
        with _no_search_for_cycles():
            for page in reader.scan(self._wire, self._table, self.segments):
                for item in page:
                    mark = marks.get(_entity_type(item), unknown)
                    kinds[mark] += 1
                    add(_hash_of(item, keys) + digest(canonical_bytes(item)) + mark)
                self._advance(len(page))
        self._actual.update({int.from_bytes(mark[:-1], "big"): count for mark, count in kinds.items()})

    def _items(self, number: int, entity: CompiledEntity, again: bool = False) -> Iterator[EncodedItem]:
        item = entity.item
        for position, row in self._source.rows(entity.read):
            try:
                yield item(row)
            except RowRejected as rejected:
                if again:
                    continue
                self._rejected[number] += 1
                if len(self._rejections) < REJECTIONS:
                    self._rejections.append(
                        Rejection(entity.name, entity.read.table, position, rejected.rule, rejected.reason)
                    )

    def result(self, findings: Findings, started: float, finished: float) -> TableDifference:
        missing, different = self._look_at_source(findings)
        return TableDifference(
            name=self._compiled.name,
            table=self._table,
            entities=tuple(self._counts(findings)),
            missing=tuple(missing),
            extra=tuple(self._look_at_target(findings)),
            different=tuple(different),
            rejections=tuple(self._rejections),
            repeated=findings.repeated.total(),
            scan_started=started,
            scan_finished=finished,
        )

    def _counts(self, findings: Findings) -> Iterator[EntityCounts]:
        for number, name in enumerate([*self._names, ""]):
            counts = EntityCounts(
                entity=name,
                expected=self._expected[number],
                actual=self._actual[number] - findings.repeated[number],
                missing=findings.missing_count[number],
                extra=findings.extra_count[number],
                different=findings.different_count[number],
                rejected=self._rejected[number],
            )
            if name or counts.actual:
                yield counts

    def _look_at_source(self, findings: Findings) -> tuple[list[Difference], list[Difference]]:
        """Second pass: the expected items that are missing or different; stops when all are found."""
        missing: list[Difference] = []
        different: list[Difference] = []
        changed: list[tuple[str, EncodedItem]] = []
        for entity, item in self._concerned(findings):
            hashed, found = key_hash(item[0], item[1]), digest(item[2].encode())
            if findings.different.get(hashed) == found:
                del findings.different[hashed]
                changed.append((entity, item))
            else:
                findings.missing[hashed].remove(found)
                missing.append(Difference(key_of(parsed(item[2]), self._compiled.design.keys), entity))
            if len(changed) >= _FETCHED_AT_ONCE:
                different += self._explained(changed)
                changed = []
        return missing, [*different, *self._explained(changed)]

    def _concerned(self, findings: Findings) -> Iterator[tuple[str, EncodedItem]]:
        wanted = findings.kept_missing + len(findings.different)
        both = (
            (entity.name, item)
            for number, entity in enumerate(self._compiled.entities if wanted else ())
            for item in self._items(number, entity, again=True)
            if _is_concerned(findings, item)
        )
        return islice(both, wanted)

    def _explained(self, changed: list[tuple[str, EncodedItem]]) -> Iterator[Difference]:
        if not changed:
            return
        keys = self._compiled.design.keys
        calls = []
        for _, (partition_key, sort_key, _) in changed:
            key = {keys[0]: {"S": partition_key}, keys[1]: {"S": sort_key}}
            calls.append(Requests("GetItem", ({"Key": key, "ConsistentRead": True},), None, False))
        answers = reader.fetch_many(self._wire, self._table, calls)
        for (entity, item), answer in zip(changed, answers, strict=True):
            expected = parsed(item[2])
            yield Difference(
                key_of(expected, keys), entity, attribute_differences(expected, answer[0] if answer else {})
            )

    def _look_at_target(self, findings: Findings) -> Iterator[Difference]:
        """Second pass over the table: names the extra items; stops when all are found."""
        keys, wanted = self._compiled.design.keys, set(findings.extra)
        if not wanted:
            return
        for page in reader.scan(self._wire, self._table, self.segments):
            for item in page:
                hashed = _hash_of(item, keys)
                if hashed in wanted:
                    wanted.remove(hashed)
                    yield Difference(key_of(item, keys), _entity_type(item))
            if not wanted:
                return


def _is_concerned(findings: Findings, item: EncodedItem) -> bool:
    hashed = key_hash(item[0], item[1])
    if hashed not in findings.missing and hashed not in findings.different:
        return False
    found = digest(item[2].encode())
    return findings.different.get(hashed) == found or found in findings.missing.get(hashed, ())


def _entity_type(item: WireItem) -> str:
    try:
        return item[ENTITY_TYPE]["S"]  # type: ignore[no-any-return]  # the content of an S is text
    except KeyError:
        return ""


def _hash_of(item: WireItem, keys: tuple[str, str]) -> bytes:
    """The key's hash; a key that is not text gets one that no expected item can have."""
    try:
        return key_hash(item[keys[0]]["S"], item[keys[1]]["S"])
    except KeyError:
        found = {name: item[name] for name in keys if name in item} or item
        return digest(orjson.dumps(found, option=orjson.OPT_SORT_KEYS))


def canonical_bytes(item: WireItem) -> bytes:
    """`canonical_item` in UTF-8, quickly for items that come in canonical form, as DynamoDB gives them."""
    written = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    return canonical_item(item).encode() if _NOT_CANONICAL.search(written) else written


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """A page is thousands of small dicts without a cycle; looking for one takes a tenth of the time."""
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()
