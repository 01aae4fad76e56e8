from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from migration_tool.verify.pairing import ACTUAL, EXPECTED, Findings, pair, tag
from migration_tool.verify.spill import Spill, digest, key_hash

ITEMS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), max_size=40)


def record(key: int, version: int, side: int) -> bytes:
    return key_hash("p", str(key)) + digest(bytes([key, version])) + tag(0, side)


def found(expected: list[tuple[int, int]], actual: list[tuple[int, int]], details: int) -> Findings:
    with TemporaryDirectory() as folder, Spill(Path(folder), memory=200, bucket=80) as spill:
        for side, items in ((EXPECTED, expected), (ACTUAL, actual)):
            for key, version in items:
                spill.add(record(key, version, side))
        return pair(spill.buckets(), details)


def told(expected: list[tuple[int, int]], actual: list[tuple[int, int]]) -> tuple[int, int, int, int]:
    """Missing, extra, different, repeated, by the plain meaning of the words."""
    rows, items = defaultdict(list), defaultdict(set)
    for key, version in expected:
        rows[key].append(version)
    for key, version in actual:
        items[key].add(version)
    missing = sum(len(versions) - (key in items) for key, versions in rows.items())
    extra = sum(key not in rows for key in items)
    different = sum(key in rows and not versions <= set(rows[key]) for key, versions in items.items())
    return missing, extra, different, len(actual) - len(items)


def one_version(items: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """As a table is: one item for a key, perhaps scanned twice."""
    return [(key, dict(items)[key]) for key, _ in items]


@given(ITEMS, ITEMS.map(one_version))
def test_counts_are_those_of_the_plain_meaning(
    expected: list[tuple[int, int]], actual: list[tuple[int, int]]
) -> None:
    findings = found(expected, actual, 1_000)
    missing, extra, different, repeated = told(expected, actual)
    assert findings.missing_count.total() == missing
    assert findings.extra_count.total() == extra
    assert findings.different_count.total() == different
    assert findings.repeated.total() == repeated


@given(ITEMS, ITEMS)
def test_a_table_that_changes_during_the_scan_never_breaks_the_counts(
    expected: list[tuple[int, int]], actual: list[tuple[int, int]]
) -> None:
    findings = found(expected, actual, 1_000)
    wanted, seen = set(expected), set(actual)
    assert findings.extra_count.total() == len({key for key, _ in seen} - {key for key, _ in wanted})
    assert findings.missing_count.total() >= len({key for key, _ in wanted} - {key for key, _ in seen})


@given(ITEMS, ITEMS.map(one_version), st.integers(0, 5))
def test_what_is_named_is_capped_and_what_is_counted_is_not(
    expected: list[tuple[int, int]], actual: list[tuple[int, int]], details: int
) -> None:
    findings, whole = found(expected, actual, details), found(expected, actual, 1_000)
    assert findings.missing_count == whole.missing_count
    assert findings.extra_count == whole.extra_count
    assert findings.different_count == whole.different_count
    assert sum(map(len, findings.missing.values())) == min(details, whole.missing_count.total())
    assert len(findings.extra) == min(details, whole.extra_count.total())
    assert len(findings.different) == min(details, whole.different_count.total())


def test_two_rows_on_one_key_owe_two_items() -> None:
    assert found([(1, 0), (1, 1)], [(1, 1)], 9).missing_count.total() == 1
    assert found([(1, 0), (1, 0)], [(1, 0)], 9).missing_count.total() == 1


def test_equal_sides_have_no_findings() -> None:
    items = [(key, 0) for key in range(250)]
    findings = found(items, items[::-1], 9)
    assert findings == Findings(9, actual=Counter({0: 250}), repeated=Counter())
