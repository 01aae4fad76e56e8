"""What the pairing found by hashes, by name: both sides are read once more, as far as it takes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from migration_tool.design.compile import CompiledDesign
from migration_tool.design.model import Requests
from migration_tool.model import EncodedItem, wire_key
from migration_tool.oversize import content_of, restored
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target import reader
from migration_tool.target.items import require_items
from migration_tool.target.wire import Wire
from migration_tool.verify.expected import Expected
from migration_tool.verify.explain import attribute_differences, key_of, parsed
from migration_tool.verify.pairing import Findings
from migration_tool.verify.report import Difference
from migration_tool.verify.spill import digest, key_hash
from migration_tool.verify.tallies import entity_type, hash_of

_FETCHED_AT_ONCE = 64


def missing_and_different(
    source: SqliteSource, compiled: CompiledDesign, wire: Wire, table: str, findings: Findings
) -> tuple[list[Difference], list[Difference]]:
    """The expected items that are missing or different; those found are taken out of `findings`.

    Reads the source until all are found. Raises SourceError, TargetError.
    """
    keys = compiled.design.keys
    missing: list[Difference] = []
    different: list[Difference] = []
    changed: list[tuple[str, EncodedItem]] = []
    for entity, item in _concerned(source, compiled, findings):
        hashed, found = key_hash(item[0], item[1]), digest(item[2].encode())
        if findings.different.get(hashed) == found:
            del findings.different[hashed]
            changed.append((entity, item))
        else:
            findings.missing[hashed].remove(found)
            missing.append(Difference(key_of(parsed(item[2]), keys), entity))
        if len(changed) >= _FETCHED_AT_ONCE:
            different += _explained(wire, table, keys, changed)
            changed = []
    return missing, [*different, *_explained(wire, table, keys, changed)]


def extra(wire: Wire, table: str, keys: tuple[str, ...], findings: Findings) -> Iterator[Difference]:
    """The items that no row gives. Reads the table until all are found. Raises TargetError."""
    wanted = set(findings.extra)
    if not wanted:
        return
    for page in reader.scan(wire, table, wire.target.connections):
        require_items(table, page)
        for item in page:
            hashed = hash_of(item, keys)
            if hashed in wanted:
                wanted.remove(hashed)
                yield Difference(key_of(item, keys), entity_type(item))
        if not wanted:
            return


def _concerned(
    source: SqliteSource, compiled: CompiledDesign, findings: Findings
) -> Iterator[tuple[str, EncodedItem]]:
    wanted = findings.kept_missing + len(findings.different)
    if not wanted:
        return
    items = Expected(source, compiled.entities).items()
    yield from islice((found for found in items if _is_concerned(findings, found[1])), wanted)


def _is_concerned(findings: Findings, item: EncodedItem) -> bool:
    hashed = key_hash(item[0], item[1])
    if hashed not in findings.missing and hashed not in findings.different:
        return False
    found = digest(item[2].encode())
    return findings.different.get(hashed) == found or found in findings.missing.get(hashed, ())


def _explained(
    wire: Wire, table: str, keys: tuple[str, ...], changed: list[tuple[str, EncodedItem]]
) -> Iterator[Difference]:
    if not changed:
        return
    calls = []
    for _, (partition_key, sort_key, _) in changed:
        key = wire_key(keys, (partition_key, sort_key))
        calls.append(Requests("GetItem", ({"Key": key, "ConsistentRead": True},), None, False))
    answers = reader.fetch_many(wire, table, calls)
    for (entity, item), answer in zip(changed, answers, strict=True):
        expected = restored(parsed(item[2]), content=content_of(item[2]))
        actual = answer[0] if answer else {}
        yield Difference(key_of(expected, keys), entity, attribute_differences(expected, actual))
