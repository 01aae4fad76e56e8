"""Which batches are kept as they came, without being parsed."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest

from bench.sink_pages import Pages
from bench.sink_stats import Stats
from bench.sink_tables import Table
from bench.sink_writes import Counting
from migration_tool.target.batch import request
from tests.bench.conftest import definition, keys
from tests.loading.ledger_server import LANE, batch

CAREFUL = b"parsed"


def sent(body: bytes, table: str) -> bytes:
    """The answer to a batch by a sink that keeps the items."""
    request = bytearray(b"head" + body + b"rest of the buffer")
    with closing(Pages(("PK", "SK"))) as pages:
        tables = {table.encode(): Table(definition(table), pages)}
        counting = Counting(tables, Stats(began=0.0), lambda buffer, body, end, now: CAREFUL)
        return counting(request, 4, 4 + len(body), 0.0)


def puts(count: int) -> list[dict[str, Any]]:
    return [{"PutRequest": {"Item": keys(n)}} for n in range(count)]


@pytest.mark.parametrize("items", [1, 25])
def test_the_products_batches_are_not_parsed(items: int) -> None:
    answer = sent(request(LANE, batch(0, items).texts), LANE.table_name)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["UnprocessedItems"] == {}


@pytest.mark.parametrize(
    "request_items",
    [
        {"T": puts(2), "U": puts(2)},
        {"T": [*puts(1), {"DeleteRequest": {"Key": keys(5)}}]},
        {"T": [{"DeleteRequest": {"Key": keys(5)}}, *puts(1)]},
    ],
)
def test_a_batch_of_another_form_is_parsed(request_items: dict[str, Any]) -> None:
    request = {"RequestItems": request_items, "ReturnConsumedCapacity": "INDEXES"}
    assert sent(json.dumps(request, separators=(",", ":")).encode(), "T") == CAREFUL


def test_a_batch_written_with_spaces_is_parsed() -> None:
    assert sent(json.dumps({"RequestItems": {"T": puts(2)}}).encode(), "T") == CAREFUL
