"""Expected and actual records → what is missing, extra or different. Exact counts, bounded memory.

One source row is owed one item. Of two rows that fall on one key at most one can have its item; the
other is missing. A key that a scan gives twice is one item.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from migration_tool.verify.spill import HASH_BYTES, RECORD_BYTES

EXPECTED, ACTUAL = 0, 1
_SIDE = RECORD_BYTES - 1


def tag(entity: int, side: int) -> bytes:
    """The last 8 bytes of a record: the number of its entity, and where it was seen."""
    return entity.to_bytes(7, "big") + bytes([side])


@dataclass
class Findings:
    """What the pairing found.

    Counts are by entity number and complete; of the keys only the first `details` of each kind are kept.
    missing    key hash → digests of the expected items that have no partner
    different  key hash → digest of the expected item
    actual     items that the scan gave
    repeated   how often, by entity, the scan gave a key once more
    """

    details: int
    actual: Counter[int] = field(default_factory=Counter)
    missing_count: Counter[int] = field(default_factory=Counter)
    extra_count: Counter[int] = field(default_factory=Counter)
    different_count: Counter[int] = field(default_factory=Counter)
    repeated: Counter[int] = field(default_factory=Counter)
    missing: dict[bytes, list[bytes]] = field(default_factory=dict)
    extra: set[bytes] = field(default_factory=set)
    different: dict[bytes, bytes] = field(default_factory=dict)
    kept_missing: int = 0

    def add_missing(self, record: bytes) -> None:
        self.missing_count[_entity(record)] += 1
        if self.kept_missing < self.details:
            self.kept_missing += 1
            self.missing.setdefault(_key(record), []).append(_digest(record))

    def add_different(self, record: bytes) -> None:
        self.different_count[_entity(record)] += 1
        if len(self.different) < self.details:
            self.different[_key(record)] = _digest(record)

    def add_extra(self, record: bytes) -> None:
        self.extra_count[_entity(record)] += 1
        if len(self.extra) < self.details:
            self.extra.add(_key(record))


def pair(buckets: Iterable[list[bytes]], details: int) -> Findings:
    """Pairs the records of both sides, one bucket at a time."""
    findings = Findings(details)
    for records in buckets:
        _pair(records, findings)
    return findings


def _pair(records: list[bytes], findings: Findings) -> None:
    expected = [record[:_SIDE] for record in records if record[_SIDE] == EXPECTED]
    actual = [record[:_SIDE] for record in records if record[_SIDE] == ACTUAL]
    findings.actual.update(map(_entity, actual))
    wanted, found = set(expected), set(actual)
    if len(wanted) == len(expected) and len(found) == len(actual) and wanted == found:
        return
    findings.repeated.update(_entity(r) for r, times in Counter(actual).items() for _ in range(times - 1))
    lonely = defaultdict(list)
    for record in sorted(wanted - found):
        lonely[_key(record)].append(record)
    strange = defaultdict(list)
    for record in sorted(found - wanted):
        strange[_key(record)].append(record)
    known = {_key(record): record for record in wanted} if strange else {}
    seen = {_key(record) for record in wanted & found} if strange else set()
    for key, states in sorted(strange.items()):
        _count_strange(key, states, known, seen, lonely, findings)
    for key in sorted(lonely):
        for record in lonely[key]:
            findings.add_missing(record)
    for record, times in Counter(expected).items():
        for _ in range(times - 1):
            findings.add_missing(record)


def _count_strange(
    key: bytes,
    states: list[bytes],
    known: dict[bytes, bytes],
    seen: set[bytes],
    lonely: dict[bytes, list[bytes]],
    findings: Findings,
) -> None:
    """An item that no row gives: extra, or, where rows give another item of its key, different."""
    also_seen = len(states) - (key not in seen)
    findings.repeated.update(_entity(record) for record in states[:also_seen])
    if key not in known:
        findings.add_extra(states[-1])
    else:
        findings.add_different(lonely[key].pop() if lonely.get(key) else known[key])


def _key(record: bytes) -> bytes:
    return record[:HASH_BYTES]


def _digest(record: bytes) -> bytes:
    return record[HASH_BYTES : 2 * HASH_BYTES]


def _entity(record: bytes) -> int:
    return int.from_bytes(record[2 * HASH_BYTES : _SIDE], "big")
