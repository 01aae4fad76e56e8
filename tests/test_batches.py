"""Rows → windows → batches: every row once, dealt and mixed, never too large, never a key twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.batches import LARGE, Mixer, Supply, deal
from migration_tool.errors import DesignError, RowRejected
from migration_tool.limits import MAX_BATCH_ITEMS, MAX_REQUEST_BYTES
from migration_tool.model import Chunk, EncodedItem, Made, Row
from migration_tool.oversize import Pointing, Split
from migration_tool.target.batch import Batch, Lane, Window, request

LANE = Lane("shop", "Thing", "prod_Shop", ("PK", "SK"), "Things", ("id", "text"))


def item(row: Row) -> EncodedItem:
    """Rows without text are rejected; the others become items."""
    number, text = row
    if text is None:
        raise RowRejected("null_key", "text is NULL")
    pk, sk = f"T#{number}", "x"
    wire = {"PK": {"S": pk}, "SK": {"S": sk}, "text": {"S": text}}
    return pk, sk, orjson.dumps(wire).decode()


def chunk(texts: list[Any], first: int = 1) -> Chunk:
    rows = [(n, text) for n, text in enumerate(texts, first)]
    return Chunk(rows, [(n, *row) for n, row in enumerate(rows, first)], 1)


def dealt(texts: list[Any], hands: int, convert: Callable[[Row], EncodedItem] = item) -> list[Batch]:
    window = Window(LANE, chunk(texts))
    return [batch for batches in deal(window, hands, convert) for batch in batches]


class Rows:
    """Windows of so many rows with numbers of their own; `asked` says what was asked for ahead."""

    def __init__(self, count: int) -> None:
        self._left = range(1, count + 1)
        self.asked: list[int] = []
        self._next = 0

    def ask(self, count: int) -> None:
        self.asked.append(count)
        self._next = count

    def take(self, count: int) -> tuple[Chunk, bool]:
        wanted, self._next = self._next or count, 0
        given, self._left = self._left[:wanted], self._left[wanted:]
        return chunk(["x"] * len(given), given.start), len(given) < wanted


def supply(count: int, entity: str = "Thing") -> Supply:
    """`count` rows of a lane of its own."""
    lane = Lane("shop", entity, "prod_Shop", ("PK", "SK"), entity, ("id", "text"))
    return Supply(lane, Rows(count), item, count)


@given(st.lists(st.sampled_from(["good", None]), min_size=1, max_size=120), st.integers(1, 9))
def test_every_row_of_a_window_is_an_item_or_a_reject(texts: list[str | None], hands: int) -> None:
    hands = min(hands, len(texts))
    found = dealt(texts, hands)
    places = sorted(place for batch in found for place in batch.places)
    assert places == [n for n, text in enumerate(texts) if text]
    (window,) = {batch.window for batch in found}
    assert sorted(reject.source_key for reject in window.rejects) == [
        (n,) for n, text in enumerate(texts, 1) if not text
    ]
    assert (window.position, window.rows) == ((len(texts),), len(texts))
    for batch in found:
        assert [batch.key(n)[0] for n in range(len(batch.texts))] == [f"T#{n + 1}" for n in batch.places]


def test_neighbours_go_into_different_batches() -> None:
    found = dealt(["x"] * 100, 4)
    assert [len(batch.texts) for batch in found] == [25] * 4
    hand = {place: n for n, batch in enumerate(found) for place in batch.places}
    assert all(hand[a] != hand[b] for a, b in pairwise(range(100)))


def test_a_reject_says_what_and_why() -> None:
    (batch,) = dealt([None], 1)
    (reject,) = batch.window.rejects
    assert (reject.table, reject.entity, reject.source_table) == ("shop", "Thing", "Things")
    assert (reject.source_key, reject.row) == ((1,), {"id": 1, "text": None})
    assert (reject.rule, reject.reason) == ("null_key", "text is NULL")


@pytest.mark.parametrize("text", ["\x01" * 300_000, "\U0001f600" * 100_000, "x" * 400_000])
def test_no_request_is_larger_than_16_mb(text: str) -> None:
    found = dealt([text] * 60, 3)
    bodies = [request(LANE, batch.texts) for batch in found]
    assert max(map(len, bodies)) <= MAX_REQUEST_BYTES
    assert sum(len(orjson.loads(body)["RequestItems"]["prod_Shop"]) for body in bodies) == 60


def test_large_items_still_share_a_request() -> None:
    assert max(len(batch.texts) for batch in dealt(["x" * 400_000] * 60, 3)) > 5


@pytest.mark.parametrize("between", [0, 1, 22, 70])
def test_two_rows_of_a_window_with_one_key_are_named(between: int) -> None:
    def same(row: Row) -> EncodedItem:
        number, text = row
        return item(("same" if text == "twin" else number, text))

    with pytest.raises(DesignError, match="two rows have the key") as raised:
        dealt(["x", "twin", *["y"] * between, "twin"], 4, same)
    assert raised.value.faults == ("Things (2,)", f"Things ({3 + between},)")
    assert "T#same" in raised.value.cause


def test_one_partition_key_with_other_sort_keys_is_no_collision() -> None:
    def collection(row: Row) -> EncodedItem:
        return "same", f"{row[0]:03}", item(row)[2]

    assert [len(batch.texts) for batch in dealt(["x"] * 25, 1, collection)] == [25]


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=5), st.integers(1, MAX_BATCH_ITEMS), st.integers(1, 9)
)
def test_all_lanes_are_mixed_to_their_end(counts: list[int], size: int, most: int) -> None:
    supplies = [supply(count, f"E{n}") for n, count in enumerate(counts)]
    batches = list(Mixer(supplies, size, lambda: most))
    seen: Counter[str] = Counter()
    for batch in batches:
        assert 0 < len(batch.texts) <= size
        seen[batch.window.lane.entity] += len(batch.texts)
    assert seen == Counter({f"E{n}": count for n, count in enumerate(counts) if count})
    assert all(supply.ended and supply.left == 0 for supply in supplies)


def test_lanes_take_turns_in_proportion_to_the_rows_they_have_left() -> None:
    batches = list(Mixer([supply(9_000, "Large"), supply(1_000, "Small")], 25, lambda: 40))
    for start in range(0, 400, 40):
        names = Counter(batch.window.lane.entity for batch in batches[start : start + 40])
        assert 3 <= names["Small"] <= 5
    first = [batch.window.lane.entity for batch in batches[:40]]
    assert first.index("Small") < 10


def test_a_round_that_has_begun_is_sent_as_a_whole() -> None:
    mixer = Mixer([supply(10_000)], 25, lambda: 8)
    batches = iter(mixer)
    begun = [next(batches) for _ in range(11)]
    mixer.end_after_round()
    begun += batches
    assert [batch.window.rows for batch in begun] == [100] * 4 + [200] * 8


@pytest.mark.parametrize(
    ("most", "rounds"), [(16, [4, 8, 16, 16, 16, 10, 5, 4, 1]), (3, [3] * 26 + [2]), (1, [1] * 80)]
)
def test_rounds_grow_at_first_and_shrink_in_the_end(most: int, rounds: list[int]) -> None:
    windows = list(dict.fromkeys(batch.window for batch in Mixer([supply(2_000)], 25, lambda: most)))
    assert [window.rows // 25 for window in windows] == rounds


def test_rounds_grow_again_after_they_had_to_be_small() -> None:
    most = iter([16, 16, 1, 1, *[16] * 100])
    windows = list(dict.fromkeys(b.window for b in Mixer([supply(10_000)], 25, lambda: next(most))))
    assert [window.rows // 25 for window in windows][:7] == [4, 8, 1, 1, 4, 8, 16]


def test_the_next_window_is_asked_for_before_the_present_one_is_dealt() -> None:
    rows = Rows(1_000)
    batches = iter(Mixer([Supply(LANE, rows, item, 1_000)], 25, lambda: 8))
    assert rows.asked == [100], "the first one is asked for at once"
    next(batches)
    assert rows.asked == [100, 200]
    assert sum(len(batch.texts) for batch in batches) == 975
    assert rows.asked == [100, 200, 200, 200, 150, 100, 100], "not again behind the end"


def made(texts: list[Any], odd: set[int]) -> Made:
    """The rows of `chunk(texts)`, of which all but the odd ones are items already."""
    rows = chunk(texts)
    ready = [b"" if n in odd else item(row)[2].encode() for n, row in enumerate(rows.rows)]
    return Made(ready, {n: rows.row(n) for n in odd}, rows.position(-1), lambda: rows)


@given(st.lists(st.booleans(), min_size=1, max_size=120), st.integers(1, 9))
def test_items_that_the_source_made_are_dealt_as_rows_are(odd: list[bool], hands: int) -> None:
    hands = min(hands, len(odd))
    texts = [None if strange and n % 2 else "é" for n, strange in enumerate(odd)]
    window = Window(LANE, made(texts, {n for n, strange in enumerate(odd) if strange}))
    found = [batch for batches in deal(window, hands, item) for batch in batches]
    places = [place for batch in found for place in batch.places]
    assert sorted(places) == [n for n, text in enumerate(texts) if text]
    by_rows = {b.places[n]: text for b in dealt(texts, hands) for n, text in enumerate(b.texts)}
    assert {b.places[n]: text for b in found for n, text in enumerate(b.texts)} == by_rows
    assert sorted(reject.source_key for reject in window.rejects) == [
        (n,) for n, text in enumerate(texts, 1) if not text
    ]


def test_a_made_item_that_is_refused_later_is_rejected_with_its_row() -> None:
    window = Window(LANE, made(["x", "y", "z"], set()))
    window.reject(1, "ValidationException", "no")
    (reject,) = window.rejects
    assert (reject.source_key, reject.row) == ((2,), {"id": 2, "text": "y"})


def test_the_count_of_rows_is_no_end_of_data() -> None:
    """More rows than were counted are read all the same: only the source says where the end is."""
    more = supply(500)
    more.left = 100
    assert sum(len(batch.texts) for batch in Mixer([more], 25, lambda: 4)) == 500


def test_chunk_items_go_with_their_rows_and_no_request_is_too_long() -> None:
    lane = replace(LANE, split=True)
    window = Window(lane, chunk([*range(10)]))
    batches = [batch for some in deal(window, 2, _in_nine_chunks) for batch in some]
    assert sorted(len(batch.texts) for batch in batches) == [25, 25, 25, 25]
    assert window.open == 100
    assert sorted(place for batch in batches for place in batch.places) == sorted([*range(10)] * 10)
    window.reject(3, "refused", "a chunk of it", 1)
    window.reject(3, "refused", "another one", 1)
    assert (window.open, len(window.rejects)) == (98, 1)


def test_objects_stay_with_the_items_that_point_to_them() -> None:
    window = Window(replace(LANE, points=True), chunk([*range(60)]))
    batches = [batch for some in deal(window, 2, _pointing) for batch in some]
    assert [len(batch.texts) for batch in batches] == [25, 5, 25, 5]
    for batch in batches:
        numbers = [json.loads(text)[0] for text in batch.texts]
        found = {numbers[n]: content for n, content in batch.objects.items()}
        assert found == {number: b"%d" % number for number in numbers if number % 3 == 0}


@given(st.integers(0, 400), st.integers(1, 64))
def test_few_rows_that_may_be_large_are_taken_at_a_time(count: int, most: int) -> None:
    few = supply(count)
    few.most = LARGE
    batches = list(Mixer([few], 10, lambda: most))
    assert sum(len(batch.texts) for batch in batches) == count
    assert all(len(batch.window.chunk) <= LARGE * 10 for batch in batches)


def test_an_entity_ends_when_its_last_batch_is_given_out() -> None:
    """Also where batches wait for something within their round."""
    one = supply(90)

    def waits(batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in list(batches):
            assert not one.ended
            yield batch

    assert sum(len(batch.texts) for batch in Mixer([one], 10, lambda: 3, waits)) == 90 and one.ended


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _pointing(row: Row) -> EncodedItem:
    text = Pointing(_json(row))
    text.content = b"" if row[0] % 3 else b"%d" % row[0]
    return str(row[0]), "x", text


def _in_nine_chunks(row: Row) -> EncodedItem:
    text = Split(_json(row))
    text.chunks = [(str(row), str(n), _json([*row, n])) for n in range(9)]
    return str(row[0]), "x", text
