from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from migration_tool.state.proofs import MODULUS, KeyRange
from migration_tool.verify.ranges import RangeBuilder

PARTS = st.lists(st.tuples(st.integers(1, 7), st.integers(0, MODULUS - 1)), max_size=80)


def parts(drawn: list[tuple[int, int]]) -> list[KeyRange]:
    """Consecutive ranges whose cursor is the number of rows up to there."""
    found, read = [], 0
    for rows, digest in drawn:
        read += rows
        found.append(KeyRange((read,), rows, rows - 1, digest % 4, digest))
    return found


def built(more: list[KeyRange], known: tuple[KeyRange, ...] = ()) -> RangeBuilder:
    builder = RangeBuilder(known, rows=10, most=5)
    for part in more:
        builder.add(part)
    return builder


@given(PARTS, st.integers(0, 80))
def test_a_few_ranges_say_the_same_as_all_parts(drawn: list[tuple[int, int]], cut: int) -> None:
    """Also where they were written down in between, and read back."""
    all_parts = parts(drawn)
    builder = built(all_parts[cut:], built(all_parts[:cut]).ranges)
    assert len(builder.ranges) <= 5
    assert sum(r.rows for r in builder.ranges) == sum(p.rows for p in all_parts)
    assert sum(r.items for r in builder.ranges) == sum(p.items for p in all_parts)
    assert sum(r.chunks for r in builder.ranges) == sum(p.chunks for p in all_parts)
    assert sum(r.digest for r in builder.ranges) % MODULUS == sum(p.digest for p in all_parts) % MODULUS
    edges: list[Any] = [0, *(r.until[0] for r in builder.ranges)]
    assert [b - a for a, b in pairwise(edges)] == [r.rows for r in builder.ranges]
    whole = builder.whole
    assert (whole is None) == (not all_parts)
    if whole:
        assert whole.until == all_parts[-1].until and whole.rows == sum(p.rows for p in all_parts)


def test_ranges_are_of_about_equal_length() -> None:
    rows = [r.rows for r in built(parts([(1, 1)] * 100)).ranges]
    assert rows == [20, 20, 20, 20, 20]
    assert [r.rows for r in built(parts([(1, 1)] * 45)).ranges] == [10, 10, 10, 10, 5]
