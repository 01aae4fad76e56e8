"""The members of sparse indexes: counted as the table is read, and asked for again in time."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from migration_tool.design.model import Index
from migration_tool.model import WireItem
from migration_tool.state.validation import TableSums
from migration_tool.target.wire import Wire
from migration_tool.verify.expected import Part
from migration_tool.verify.indexes import Members, count_indexes
from migration_tool.verify.report import IndexCount
from migration_tool.verify.tallies import Sums

from .fakes import FakeWire
from .looks import Kept

INDEXES = (Index("GSI1", "GSI1PK", "GSI1SK"), Index("GSI2", 'a"b', "ü"))
ITEMS = st.dictionaries(
    st.sampled_from(["PK", "GSI1PK", "GSI1SK", 'a"b', "ü"]),
    st.sampled_from([{"S": "x"}, {"S": "1"}, {"N": "1"}, {"M": {"GSI1PK": {"S": "x"}}}]),
)


def length(items: list[WireItem]) -> int:
    return len(items)


class Told(Kept[int]):
    """Keeps the parts it was given, too."""

    def __init__(self) -> None:
        super().__init__(length, whole=(7,))
        self.parts: list[Part] = []

    def expect(self, part: Part) -> None:
        self.parts.append(part)


@given(st.lists(st.lists(ITEMS, max_size=5), max_size=5))
def test_members_are_the_items_that_have_both_keys_as_text(pages: list[list[WireItem]]) -> None:
    told = Told()
    members = Members(told, INDEXES)
    look = pickle.loads(pickle.dumps(members.look))
    for page in pages:
        members.take(3, look(page))
    items = [item for page in pages for item in page]
    assert members.counts == {
        index.name: sum(
            all(next(iter(item.get(name, {"": ""}))) == "S" for name in (index.partition_key, index.sort_key))
            for item in items
        )
        for index in INDEXES
    }
    assert told.found == [len(page) for page in pages] and set(told.shares) <= {3}


def test_the_tally_within_gets_everything_else() -> None:
    told, part = Told(), Part(0, [], 1, (1,))
    members = Members(told, ())
    members.expect(part)
    members.end(4)
    assert (told.parts, told.ended, members.whole, members.counts) == ([part], [4], (7,), {})


def test_what_was_counted_before_counts_if_all_of_it_was() -> None:
    known = TableSums(shares=4, actual={0: 1, 2: 5}, members={0: {"GSI1": 3, "GSI2": 1}, 2: {}})
    members = Members(Sums([], known), INDEXES, known)
    members.take(1, members.look(members_of(2)))
    assert (members.counts, members.shares) == ({"GSI1": 5, "GSI2": 1}, known.members)
    members.end(1)
    assert members.shares == {**known.members, 1: {"GSI1": 2, "GSI2": 0}}
    uncounted = replace(known, members={})
    members = Members(Sums([], uncounted), INDEXES, uncounted)
    members.take(1, members.look(members_of(2)))
    members.end(1)
    assert (members.counts, members.shares) == ({}, {})


def members_of(count: int) -> list[WireItem]:
    return [{"GSI1PK": {"S": "a"}, "GSI1SK": {"S": str(n)}} for n in range(count)]


def test_only_what_does_not_agree_is_counted_again() -> None:
    wire, slept = FakeWire([*members_of(7), {"GSI1PK": {"S": "half"}}]), list[float]()
    expected = {"GSI2": 0, "GSI1": 7}
    assert count_indexes(cast(Wire, wire), "t", ("PK",), expected, (0.5, 2.0), slept.append) == (
        IndexCount("GSI2", 0, 0),
        IndexCount("GSI1", 7, 7),
    )
    assert (slept, len(wire.asked)) == ([], 1 + 3)
    wire.behind = 1 + 2
    found = count_indexes(cast(Wire, wire), "t", ("PK",), expected, (0.5, 2.0), slept.append)
    assert all(index.ok for index in found)
    assert (slept, len(wire.asked)) == ([0.5], (1 + 3) + (1 + 2) + 3)


def test_what_stays_wrong_is_said_after_the_last_pause() -> None:
    wire, slept = FakeWire(members_of(2)), list[float]()
    assert count_indexes(cast(Wire, wire), "t", ("PK",), {"GSI1": 3}, (0.5, 2.0), slept.append) == (
        IndexCount("GSI1", 3, 2),
    )
    assert slept == [0.5, 2.0]


def test_no_index_no_request() -> None:
    wire = FakeWire([])
    assert count_indexes(cast(Wire, wire), "t", ("PK",), {}, (0.5,), lambda _: None) == ()
    assert wire.asked == []
