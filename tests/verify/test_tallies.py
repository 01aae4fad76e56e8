from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.design.compile import CompiledDesign
from migration_tool.model import EncodedItem, WireItem
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.proofs import MODULUS, KeyRange
from migration_tool.state.validation import TableSums
from migration_tool.verify.expected import Part
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


def part(items: list[EncodedItem], until: int = 1, entity: int = 0) -> Part:
    return Part(entity, items, len(items), (until,))


def actual(number: int) -> WireItem:
    return {"SK": {"S": str(number)}, "PK": {"S": "p"}}


@given(NUMBERS, NUMBERS, st.integers(1, 5))
def test_sums_are_equal_where_every_item_is_there_equally_often(
    wanted: list[int], found: list[int], page: int
) -> None:
    sums = Sums(["Thing"])
    for at in range(0, len(found), page):
        sums.take(at % 3, sums.look([actual(number) for number in found[at : at + page]]))
    for place, number in enumerate(wanted):
        sums.expect(part([encoded(number)], place))
    assert sums.equal == (Counter(wanted) == Counter(found))


def test_a_value_that_moved_to_another_attribute_changes_the_sum() -> None:
    sums = Sums(["Thing"])
    sums.expect(part([("p", "s", '{"a":{"S":"1"},"b":{"S":"2"}}')]))
    sums.take(0, sums.look([{"a": {"S": "2"}, "b": {"S": "1"}}]))
    assert not sums.equal


@given(NUMBERS, NUMBERS, st.data())
def test_sums_go_on_from_what_was_known(wanted: list[int], found: list[int], data: st.DataObject) -> None:
    """Interrupted anywhere: a share that has not ended is read again, rows behind the last range follow."""
    cut, whole = data.draw(st.integers(0, len(wanted))), data.draw(st.sets(st.integers(0, 2)))
    first = Sums(["Thing"])
    for place, number in enumerate(wanted[:cut]):
        first.expect(part([encoded(number)], place))
    for share in range(3):
        first.take(share, first.look([actual(number) for number in found[share::3]]))
    for share in whole:
        first.end(share)
    second = Sums(["Thing"], TableSums(actual=first.actual, ranges=first.ranges))
    assert second.whole == whole
    assert second.read() == ({0: KeyRange((cut - 1,), cut, cut, 0, data_digest(first))} if cut else {})
    for place, number in enumerate(wanted[cut:], cut):
        second.expect(part([encoded(number)], place))
    for share in {0, 1, 2} - whole:
        second.take(share, second.look([actual(number) for number in found[share::3]]))
    assert second.equal == (Counter(wanted) == Counter(found))


def data_digest(sums: Sums) -> int:
    return sum(each.digest for each in sums.ranges["Thing"]) % MODULUS


def test_records_pair_what_the_source_gives_with_what_the_table_holds(shop: Shop, tmp_path: Path) -> None:
    source, compiled = shop
    with Spill(tmp_path) as spill:
        records = Records(compiled, spill)
        for number, entity in enumerate(compiled.entities):
            records.expect(part([entity.item(row) for _, row in source.rows(entity.read)], entity=number))
        look = pickle.loads(pickle.dumps(records.look))
        found = look([*expected_items(source, compiled), {"PK": {"N": "1"}}])
        assert len(found) == 8 * RECORD_BYTES
        records.take(0, found)
        findings = pair(spill.buckets(), 10)
    assert findings.actual == {0: 3, 1: 4, 3: 1}
    assert findings.extra_count == {3: 1}
    assert not findings.missing_count and not findings.different_count


def test_looks_go_to_other_processes() -> None:
    sums = Sums([])
    assert pickle.loads(pickle.dumps(sums.look))([actual(1)]) == sums.look([actual(1)])
