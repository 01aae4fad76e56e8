from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_tool.design.compile import CompiledDesign
from migration_tool.model import EncodedItem, WireItem
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.pairing import pair
from migration_tool.verify.spill import RECORD_BYTES, Spill
from migration_tool.verify.tallies import Records, Sums

from .conftest import Bind
from .helpers import expected_items
from .shop import DESIGN, ROWS, SCHEMA

Shop = tuple[SqliteSource, CompiledDesign]
NUMBERS = st.lists(st.integers(0, 5), max_size=12)


@pytest.fixture
def shop(bind: Bind) -> Shop:
    return bind(SCHEMA + ROWS, DESIGN)


def encoded(number: int) -> EncodedItem:
    return "p", str(number), f'{{"PK":{{"S":"p"}},"SK":{{"S":"{number}"}}}}'


def actual(number: int) -> WireItem:
    return {"SK": {"S": str(number)}, "PK": {"S": "p"}}


@given(NUMBERS, NUMBERS, st.integers(1, 5))
@settings(deadline=None)
def test_sums_are_equal_where_every_item_is_there_equally_often(
    wanted: list[int], found: list[int], page: int
) -> None:
    sums = Sums()
    for at in range(0, len(found), page):
        sums.take(sums.look([actual(number) for number in found[at : at + page]]))
    for number in wanted:
        sums.expect(0, [encoded(number)])
    assert sums.equal == (Counter(wanted) == Counter(found))


def test_a_value_that_moved_to_another_attribute_changes_the_sum() -> None:
    sums = Sums()
    sums.expect(0, [("p", "s", '{"a":{"S":"1"},"b":{"S":"2"}}')])
    sums.take(sums.look([{"a": {"S": "2"}, "b": {"S": "1"}}]))
    assert not sums.equal


def test_records_pair_what_the_source_gives_with_what_the_table_holds(shop: Shop, tmp_path: Path) -> None:
    source, compiled = shop
    with Spill(tmp_path) as spill:
        records = Records(compiled, spill)
        for number, entity in enumerate(compiled.entities):
            records.expect(number, [entity.item(row) for _, row in source.rows(entity.read)])
        look = pickle.loads(pickle.dumps(records.look))
        found = look([*expected_items(source, compiled), {"PK": {"N": "1"}}])
        assert len(found) == 8 * RECORD_BYTES
        records.take(found)
        findings = pair(spill.buckets(), 10)
    assert findings.actual == {0: 3, 1: 4, 2: 1}
    assert findings.extra_count == {2: 1}
    assert not findings.missing_count and not findings.different_count


def test_looks_go_to_other_processes() -> None:
    sums = Sums()
    assert pickle.loads(pickle.dumps(sums.look))([actual(1)]) == sums.look([actual(1)])
