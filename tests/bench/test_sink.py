"""The sink as a real process: boto3 against it, raw sockets against it, its limits and its statistics."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.bench.conftest import ROOT, Sink, Start, definition, keys
from tests.bench.test_http import raw

TIGHT = {"mode": "provisioned", "wcu": 10, "index_wcu": 5}


def scan(sink: Sink, table: str, segments: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for segment in range(segments):
        pages = sink.client.get_paginator("scan").paginate(
            TableName=table, Segment=segment, TotalSegments=segments
        )
        found.update(item["PK"]["S"] for page in pages for item in page["Items"])
    return found


def test_a_table_is_active_at_once_and_described_as_it_was_made(sink: Sink) -> None:
    created = sink.create("Made")
    described = sink.client.describe_table(TableName="Made")["Table"]
    assert described == created
    assert described["TableStatus"] == described["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE"
    assert described["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    assert described["TableId"]
    assert described["TableArn"].endswith(":table/Made")
    for name, value in definition("Made").items():
        if name != "GlobalSecondaryIndexes":
            assert described[name] == value
    assert "Made" in sink.client.list_tables()["TableNames"]
    sink.client.get_waiter("table_exists").wait(TableName="Made")


def test_a_deleted_table_is_gone(sink: Sink) -> None:
    sink.create("Gone")
    sink.client.delete_table(TableName="Gone")
    with pytest.raises(sink.client.exceptions.ResourceNotFoundException):
        sink.client.describe_table(TableName="Gone")
    with pytest.raises(sink.client.exceptions.ResourceNotFoundException):
        sink.put(range(1), "Gone")


def test_a_table_is_made_once(sink: Sink) -> None:
    sink.create("Once")
    with pytest.raises(sink.client.exceptions.ResourceInUseException):
        sink.create("Once")


def test_a_batch_is_taken_whole_and_its_capacity_told(sink: Sink) -> None:
    sink.create("Whole")
    answer = sink.put(range(25), "Whole", text={"S": 'a "PutRequest": in a text'})
    assert answer["UnprocessedItems"] == {}
    assert answer["ConsumedCapacity"] == [
        {
            "TableName": "Whole",
            "CapacityUnits": 50.0,
            "Table": {"CapacityUnits": 25.0},
            "GlobalSecondaryIndexes": {"GSI1": {"CapacityUnits": 25.0}},
        }
    ]


@pytest.mark.parametrize(("wanted", "expected"), [("TOTAL", {"TableName", "CapacityUnits"}), ("NONE", None)])
def test_capacity_is_told_as_it_is_asked_for(sink: Sink, wanted: str, expected: set[str] | None) -> None:
    sink.create(f"Asked{wanted}")
    answer = sink.client.batch_write_item(
        ReturnConsumedCapacity=wanted, RequestItems={f"Asked{wanted}": [{"PutRequest": {"Item": keys(1)}}]}
    )
    told = answer.get("ConsumedCapacity")
    assert (told and set(told[0])) == expected


def test_statistics_count_until_they_are_reset(start: Start) -> None:
    sink = start()
    sink.create()
    assert sink.stats()["first_batch"] is None
    before = time.time()
    for first in (0, 25):
        sink.put(range(first, first + 25))
    stats = sink.stats()
    assert (stats["batches"], stats["items"], stats["throttled_items"]) == (2, 50, 0)
    assert before - 0.1 <= stats["first_batch"] <= time.time() + 0.1
    assert stats["requests"] == 5
    assert {name: sum(units) for name, units in stats["units"].items()} == {"T": 50, "T/index/GSI1": 50}
    sink.post("/reset")
    stats = sink.stats()
    assert (stats["batches"], stats["items"], stats["units"], stats["first_batch"]) == (0, 0, {}, None)


@pytest.mark.parametrize("segments", [1, 3, 16])
def test_scan_gives_every_item_once(keeping: Sink, segments: int) -> None:
    table = f"Kept{segments}"
    keeping.create(table)
    for first in range(0, 100, 25):
        keeping.put(range(first, first + 25), table, text={"S": "x" * 30_000})
    keeping.client.put_item(TableName=table, Item=keys(100))
    assert scan(keeping, table, segments) == Counter(f"P#{n}" for n in range(101))
    assert keeping.post("/prepare")[table] == 3


def test_items_are_kept_as_they_were(keeping: Sink) -> None:
    keeping.create("Exact")
    item = {**keys(1), "n": {"N": "1.50"}, "m": {"M": {"PK": {"S": 'ü"\\'}}}, "b": {"B": b"\x00"}}
    request = {"RequestItems": {"Exact": [{"PutRequest": {"Item": {**item, "b": {"B": "AA=="}}}}]}}
    tail = {"ReturnConsumedCapacity": "INDEXES"}
    body = json.dumps({**request, **tail}, separators=(",", ":"), ensure_ascii=False).encode()
    assert raw(keeping, b"BatchWriteItem", body)[0] == 200
    assert keeping.client.scan(TableName="Exact")["Items"] == [item]


def test_a_batch_for_two_tables_with_a_deletion(keeping: Sink) -> None:
    keeping.create("First")
    keeping.create("Second")
    keeping.put(range(3), "First")
    keeping.client.batch_write_item(
        RequestItems={
            "First": [{"DeleteRequest": {"Key": keys(0)}}, {"PutRequest": {"Item": keys(7)}}],
            "Second": [{"PutRequest": {"Item": keys(8)}}],
        }
    )
    assert set(scan(keeping, "First", 2)) == {"P#1", "P#2", "P#7"}
    assert set(scan(keeping, "Second", 2)) == {"P#8"}


def test_what_a_limit_does_not_take_is_given_back(start: Start) -> None:
    sink = start("--keep", capacity=TIGHT)
    described = sink.create()
    assert described["ProvisionedThroughput"]["WriteCapacityUnits"] == 10
    assert described["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["WriteCapacityUnits"] == 5
    answer = sink.put(range(25))
    left = answer["UnprocessedItems"]["T"]
    taken = 25 - len(left)
    assert 0 < taken < 25
    assert [request["PutRequest"]["Item"] for request in left] == [keys(n) for n in range(taken, 25)]
    assert answer["ConsumedCapacity"][0]["Table"]["CapacityUnits"] == taken
    assert answer["ConsumedCapacity"][0]["GlobalSecondaryIndexes"]["GSI1"]["CapacityUnits"] == 0
    assert scan(sink, "T", 2) == Counter(f"P#{n}" for n in range(taken))
    stats = sink.stats()
    assert (stats["items"], stats["throttled_items"], stats["throttled_batches"]) == (taken, 25 - taken, 1)


@pytest.mark.parametrize(
    ("capacity", "code", "listed", "reason"),
    [
        (TIGHT, "ProvisionedThroughputExceededException", "ThrottlingReasons",
         "TableWriteProvisionedThroughputExceeded"),
        ({"mode": "on_demand", "max_wcu": 5}, "ThrottlingException", "throttlingReasons",
         "TableWriteMaxOnDemandThroughputExceeded"),
    ],
)  # fmt: skip
def test_when_all_is_throttled_the_error_says_why(
    start: Start, capacity: dict[str, Any], code: str, listed: str, reason: str
) -> None:
    sink = start(capacity=capacity)
    arn = sink.create()["TableArn"]
    sink.put(range(1), text={"S": "x" * 300_000})
    with pytest.raises(ClientError) as caught:
        sink.put(range(25))
    assert caught.value.response["Error"]["Code"] == code
    answer: dict[str, Any] = dict(caught.value.response)
    assert answer[listed][0] == {"reason": reason, "resource": arn}
    with pytest.raises(ClientError, match=code):
        sink.client.put_item(TableName="T", Item=keys(1))


def test_a_full_index_is_named_by_its_arn(start: Start) -> None:
    sink = start(capacity={"mode": "provisioned", "wcu": 10_000, "index_wcu": 5, "partition_wcu": 10_000})
    arn = sink.create()["TableArn"]
    indexed: dict[str, Any] = {"GSI1PK": {"S": "I"}, "GSI1SK": {"S": "I"}}
    sink.put(range(1), text={"S": "x" * 300_000}, **indexed)
    with pytest.raises(sink.client.exceptions.ProvisionedThroughputExceededException) as caught:
        sink.put(range(25), **indexed)
    assert caught.value.response["ThrottlingReasons"] == [
        {"reason": "IndexWriteProvisionedThroughputExceeded", "resource": f"{arn}/index/GSI1"}
    ]
    assert sink.put(range(25))["UnprocessedItems"] == {}


def test_limits_may_change_while_it_runs(start: Start) -> None:
    sink = start()
    sink.create()
    sink.post("/capacity", {"mode": "on_demand", "initial_wcu": 10})
    described = sink.client.describe_table(TableName="T")["Table"]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert described["WarmThroughput"]["WriteUnitsPerSecond"] == 10
    assert sink.put(range(25))["UnprocessedItems"]
    assert "wcus" in sink.post("/capacity", {"mode": "provisioned", "wcus": 1})["message"]
    sink.post("/capacity", None)
    assert sink.put(range(25))["UnprocessedItems"] == {}


def test_it_ends_when_its_input_is_closed(start: Start) -> None:
    process = start().process
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0


def test_it_ends_by_sigterm_and_does_not_mind_a_lack_of_input() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.sink"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"http://127.0.0.1:")
        process.terminate()
        assert process.wait(10) == 0


def test_the_load_generator_gives_its_figures(sink: Sink) -> None:
    command = [sys.executable, "-m", "bench.loadgen", sink.url, "--seconds", "0.2", "--connections", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    figures = json.loads(done.stdout)
    assert figures["requests_per_second"] > 0
    assert 15_900 <= figures["body_bytes"] <= 16_000
