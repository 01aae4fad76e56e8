from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.batches import batches
from migration_tool.errors import DesignError, RowRejected
from migration_tool.limits import MAX_BATCH_ITEMS, MAX_REQUEST_BYTES
from migration_tool.model import EncodedItem, Position, Row
from migration_tool.target.batch import Batch, Lane

LANE = Lane("shop", "Thing", "prod_Shop", ("PK", "SK"), "Things", ("id", "text"))


def item(row: Row) -> EncodedItem:
    """Rows with an odd sort of text are rejected; the others become items."""
    number, text = row
    if text is None:
        raise RowRejected("null_key", "text is NULL")
    pk, sk = f"T#{number}", "x"
    wire = {"PK": {"S": pk}, "SK": {"S": sk}, "text": {"S": text}}
    return pk, sk, orjson.dumps(wire).decode()


def numbered(texts: list[Any]) -> Iterator[tuple[Position, Row]]:
    return (((n,), (n, text)) for n, text in enumerate(texts, 1))


def made(texts: list[Any], size: int = 25) -> list[Batch]:
    return list(batches(LANE, numbered(texts), item, size))


@given(st.lists(st.sampled_from(["good", None]), max_size=120), st.integers(1, MAX_BATCH_ITEMS))
def test_every_row_arrives_once_and_in_order(texts: list[str | None], size: int) -> None:
    found = made(texts, size)
    items = [position for batch in found for position, _ in batch.sources]
    rejects = [reject.source_key for batch in found for reject in batch.rejects]
    assert items == [(n,) for n, text in enumerate(texts, 1) if text]
    assert rejects == [(n,) for n, text in enumerate(texts, 1) if not text]
    assert sum(batch.rows for batch in found) == len(texts)
    done = 0
    for batch in found:
        done += batch.rows
        assert batch.rows == len(batch.items) + len(batch.rejects) > 0
        assert batch.position == (done,), "what a checkpoint may rest on when the batch is done"
        assert len(batch.items) <= size
        assert len(batch.rejects) <= size
        assert [encoded[0] for encoded in batch.items] == [f"T#{number}" for _, (number, _) in batch.sources]


def test_full_batches_but_for_the_last() -> None:
    assert [len(batch.items) for batch in made(["x"] * 60)] == [25, 25, 10]


def test_no_rows_no_batch() -> None:
    assert made([]) == []


def test_rejects_behind_the_last_item_are_carried() -> None:
    (batch,) = made(["x", None, None])
    assert (batch.position, batch.rows, len(batch.items), len(batch.rejects)) == ((3,), 3, 1, 2)


def test_a_reject_says_what_and_why() -> None:
    (batch,) = made([None])
    (reject,) = batch.rejects
    assert (reject.table, reject.entity, reject.source_table) == ("shop", "Thing", "Things")
    assert (reject.source_key, reject.row) == ((1,), {"id": 1, "text": None})
    assert (reject.rule, reject.reason) == ("null_key", "text is NULL")


@pytest.mark.parametrize("text", ["\x01" * 300_000, "\U0001f600" * 100_000, "x" * 400_000])
def test_no_request_is_larger_than_16_mb(text: str) -> None:
    found = made([text] * 60)
    bodies = [batch.body(range(len(batch.items))) for batch in found]
    assert max(map(len, bodies)) <= MAX_REQUEST_BYTES
    assert sum(len(orjson.loads(body)["RequestItems"]["prod_Shop"]) for body in bodies) == 60
    assert [batch.position[0] for batch in found] == [
        sum(batch.rows for batch in found[: n + 1]) for n in range(len(found))
    ]


def test_large_items_still_share_a_request() -> None:
    assert max(len(batch.items) for batch in made(["x" * 400_000] * 60)) > 5


@pytest.mark.parametrize("between", [0, 1, 22])
def test_two_rows_with_one_key_are_named(between: int) -> None:
    def same(row: Row) -> EncodedItem:
        number, text = row
        return item(("same" if text == "twin" else number, text))

    rows = numbered(["x", "twin", *["y"] * between, "twin"])
    with pytest.raises(DesignError, match="two rows have the key") as raised:
        list(batches(LANE, rows, same, 25))
    assert raised.value.faults == ("Things (2,)", f"Things ({3 + between},)")
    assert "T#same" in raised.value.cause


def test_one_partition_key_with_other_sort_keys_is_no_collision() -> None:
    def collection(row: Row) -> EncodedItem:
        return "same", f"{row[0]:03}", item(row)[2]

    convert: Callable[[Row], EncodedItem] = collection
    assert [len(b.items) for b in batches(LANE, numbered(["x"] * 25), convert, 25)] == [25]
