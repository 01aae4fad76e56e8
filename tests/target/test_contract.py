"""What must hold on every engine: the same tests over moto, dynoxide and DynamoDB Local."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Protocol

import orjson
import pytest

from migration_tool.design.model import Design, Index, Requests
from migration_tool.design.units import copies, units
from migration_tool.errors import TargetError
from migration_tool.limits import item_size
from migration_tool.model import WireItem
from migration_tool.target import table as tables
from migration_tool.target.answers import Reaction, classify
from migration_tool.target.reader import count, fetch, fetch_many, get_items, scan
from migration_tool.target.session import Target
from migration_tool.target.wire import Wire

DESIGN = Design("d", "Table", "", ("PK", "SK"), (Index("GSI1", "GSI1PK", "GSI1SK"),), (), (), "f", "p")


class Engine(Protocol):
    name: str
    url: str


@pytest.fixture
def target(engine: Engine) -> Target:
    return Target(engine.url, "us-east-1", 30, 4)


@pytest.fixture
def wire(target: Target) -> Iterator[Wire]:
    with Wire(target) as wire:
        yield wire


@pytest.fixture
def table(target: Target, table_prefix: str) -> Iterator[str]:
    name = f"{table_prefix}Table"
    tables.create_table(target, name, DESIGN)
    tables.wait_active(target, name)
    yield name
    tables.delete_table(target, name)
    tables.wait_gone(target, name)


def item(number: int, size: int = 0, partition: str = "p", **keys: str) -> WireItem:
    texts = {"PK": partition, "SK": f"{number:05}", "Name": "x" * size, **keys}
    return {"N": {"N": str(number)}, **{name: {"S": text} for name, text in texts.items()}}


def write(wire: Wire, table: str, items: list[WireItem]) -> None:
    for start in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": i}} for i in items[start : start + 25]]
        answer = wire.call("BatchWriteItem", {"RequestItems": {table: puts}})
        assert answer["UnprocessedItems"] == {}


def query(partition: str, **more: Any) -> dict[str, Any]:
    return {
        "KeyConditionExpression": "#k = :k",
        "ExpressionAttributeNames": {"#k": "PK"},
        "ExpressionAttributeValues": {":k": {"S": partition}},
        **more,
    }


def numbers(items: list[WireItem]) -> list[int]:
    return [int(i["N"]["N"]) for i in items]


def test_a_table_is_made_as_designed_and_goes(target: Target, table_prefix: str) -> None:
    name = f"{table_prefix}Life"
    assert tables.describe(target, name) is None
    tables.create_table(target, name, DESIGN)
    facts = tables.wait_active(target, name)
    assert tables.schema_faults(facts, DESIGN) == []
    assert facts.keys == ("PK", "SK")
    assert facts.identity.name == name
    assert facts.identity.table_id
    tables.create_table(target, name, DESIGN)
    again = tables.describe(target, name)
    assert again is not None
    assert again.identity == facts.identity
    tables.delete_table(target, name)
    tables.wait_gone(target, name)
    assert tables.describe(target, name) is None
    tables.delete_table(target, name)


def test_a_table_made_anew_is_another(target: Target, table: str) -> None:
    before = tables.wait_active(target, table).identity
    tables.delete_table(target, table)
    tables.create_table(target, table, DESIGN)
    assert tables.wait_active(target, table).identity != before


def test_a_table_of_another_schema_is_seen(target: Target, table: str) -> None:
    facts = tables.wait_active(target, table)
    other = Design("d", "T", "", ("PK", "SK"), (Index("GSI2", "GSI2PK", "GSI2SK"),), (), (), "f", "p")
    assert tables.schema_faults(facts, other) == ["index GSI2 is missing"]


@pytest.mark.parametrize("segments", [1, 3])
def test_a_scan_of_more_than_a_page_finds_every_item_once(wire: Wire, table: str, segments: int) -> None:
    items = [item(n, 30_000, f"p{n % 7}") for n in range(90)]
    write(wire, table, items)
    pages = list(scan(wire, table, segments))
    assert len(pages) > 2
    found = sorted((i for page in pages for i in page), key=lambda i: int(i["N"]["N"]))
    assert found == items


def test_a_scan_of_nothing_is_nothing(wire: Wire, table: str) -> None:
    assert list(scan(wire, table, 4)) == []


def test_a_query_of_more_than_a_page_is_whole_and_in_order(wire: Wire, table: str) -> None:
    write(wire, table, [item(n, 40_000) for n in range(60)])
    up = Requests("Query", (query("p"),), None, False)
    down = Requests("Query", (query("p", ScanIndexForward=False),), None, True)
    assert numbers(fetch(wire, table, up)) == list(range(60))
    assert numbers(fetch(wire, table, down)) == list(reversed(range(60)))


def test_pages_without_items_are_not_the_end(wire: Wire, table: str) -> None:
    write(wire, table, [item(n, 40_000) for n in range(60)])
    body = query("p", FilterExpression="#n = :n")
    body["ExpressionAttributeNames"]["#n"] = "N"
    body["ExpressionAttributeValues"][":n"] = {"N": "59"}
    assert numbers(fetch(wire, table, Requests("Query", (body,), None, False))) == [59]


def test_the_shards_of_an_index_are_merged(wire: Wire, table: str) -> None:
    names = ["Zoë", "a", "É", "B", "\U0001f3b5", "z", "A\u0301"]
    write(
        wire, table, [item(n, GSI1PK=f"ALL#{n % 3}", GSI1SK=name) for n, name in enumerate(names)]
    )  # fmt: skip

    def bodies(forward: bool) -> tuple[dict[str, Any], ...]:
        index = {
            "IndexName": "GSI1",
            "ExpressionAttributeNames": {"#k": "GSI1PK"},
            "ScanIndexForward": forward,
        }
        return tuple({**query(f"ALL#{shard}"), **index} for shard in range(4))

    ordered = sorted(names, key=str.encode)
    up = fetch(wire, table, Requests("Query", bodies(True), "GSI1SK", False))
    assert [i["GSI1SK"]["S"] for i in up] == ordered
    down = fetch(wire, table, Requests("Query", bodies(False), "GSI1SK", True))
    assert [i["GSI1SK"]["S"] for i in down] == ordered[::-1]


def test_many_gets_come_back_in_order_and_absence_is_proved(wire: Wire, table: str) -> None:
    write(wire, table, [item(n) for n in range(0, 300, 2)])

    def get(number: int) -> Requests:
        key = {"PK": {"S": "p"}, "SK": {"S": f"{number:05}"}}
        return Requests("GetItem", ({"Key": key, "ConsistentRead": True},), None, False)

    found = list(fetch_many(wire, table, (get(n) for n in range(300))))
    assert [numbers(items) for items in found] == [[n] if n % 2 == 0 else [] for n in range(300)]


def test_items_by_key_are_whole_also_where_an_answer_cannot_hold_them(wire: Wire, table: str) -> None:
    """50 items of 390 KB are more than the 16 MB of an answer; 50 more keys have no item."""
    for start in range(0, 50, 10):
        write(wire, table, [item(number, 390_000) for number in range(start, start + 10)])
    keys = [{"PK": {"S": "p"}, "SK": {"S": f"{number:05}"}} for number in range(100)]
    groups = {"all": keys, "few": keys[48:52], "none": keys[60:61]}
    found = dict(get_items(wire, table, groups.items()))
    numbers = {tag: sorted(int(i["N"]["N"]) for i in items) for tag, items in found.items()}
    assert numbers == {"all": list(range(50)), "few": [48, 49], "none": []}
    assert all(len(i["Name"]["S"]) == 390_000 for i in found["all"])


def test_the_answers_of_refused_requests_have_their_reaction(wire: Wire, table: str) -> None:
    good, bad = item(1), {"PK": {"S": "only half a key"}}
    requests = {
        b"{": (Reaction.CONFIGURATION, Reaction.TRANSIENT),
        put(table + "-none", good): (Reaction.CONFIGURATION,),
        put(table, good, bad): (Reaction.ROW,),
    }
    for body, reactions in requests.items():
        wire.submit("BatchWriteItem", body, None)
        [answer] = wire.wait(30.0)
        assert classify(answer, "UnprocessedItems").reaction in reactions


def put(table: str, *items: WireItem) -> bytes:
    return orjson.dumps({"RequestItems": {table: [{"PutRequest": {"Item": i}} for i in items]}})


def test_a_missing_table_is_an_error_that_says_what_to_check(wire: Wire, table_prefix: str) -> None:
    with pytest.raises(TargetError) as caught:
        list(scan(wire, f"{table_prefix}Nowhere", 2))
    assert "ResourceNotFoundException" in caught.value.cause
    assert "table_prefix" in caught.value.hint


def test_the_items_of_an_index_are_counted(wire: Wire, table: str) -> None:
    indexed = [item(n, GSI1PK="a", GSI1SK="b") for n in range(0, 120, 3)]
    write(wire, table, indexed + [item(n) for n in range(120) if n % 3])
    assert count(wire, table, ("PK", "SK"), "GSI1", 3) == len(indexed)


EVERY_INDEX = replace(
    DESIGN,
    indexes=(
        Index("Keys", "G", include=()),
        Index("Some", "G", "SK", ("Name",)),
        Index("All", "SK", "PK"),
        Index("Local", "PK", "L", ("Name", "Other"), local=True),
    ),
)


def test_indexes_of_every_kind_are_made_and_seen_as_designed(target: Target, table_prefix: str) -> None:
    name = f"{table_prefix}Every"
    tables.create_table(target, name, EVERY_INDEX)
    facts = tables.wait_active(target, name)
    assert tables.schema_faults(facts, EVERY_INDEX) == []
    others = (
        Index("Keys", "G"), Index("Some", "G", "SK", ("Title",)), Index("All", "SK", "PK"),
        Index("Local", "PK", "L", ("Name", "Other")),
    )  # fmt: skip
    assert tables.schema_faults(facts, replace(EVERY_INDEX, indexes=others)) == [
        "index Keys projects KEYS_ONLY, not ALL",
        "index Some projects INCLUDE Name, not INCLUDE Title",
        "index Local is a local one",
    ]
    tables.delete_table(target, name)


@pytest.mark.parametrize("size", [1, 1_500, 5_000])
def test_a_plan_counts_the_units_that_are_consumed(engine: Engine, table_prefix: str, size: int) -> None:
    if engine.name == "moto":
        pytest.skip("moto counts one unit for any item, and nothing for indexes")
    target = Target(engine.url, "us-east-1", 30, 4)
    name = f"{table_prefix}Units"
    tables.create_table(target, name, EVERY_INDEX)
    tables.wait_active(target, name)
    for kept in ({}, {"L": {"S": "l"}}, {"G": {"S": "g"}}, {"L": {"S": "l"}, "G": {"S": "g"}}):
        one = {**item(1, size), **kept, "Other": {"S": "y" * 900}}
        put = {"TableName": name, "Item": one, "ReturnConsumedCapacity": "TOTAL"}
        consumed = target.client.put_item(**put)["ConsumedCapacity"]["CapacityUnits"]
        target.client.delete_item(TableName=name, Key={key: one[key] for key in ("PK", "SK")})
        sizes = [item_size(one), *(copied for _, copied in copies(EVERY_INDEX, one, item_size(one)))]
        assert sum(map(units, sizes)) == consumed
    tables.delete_table(target, name)


def test_the_proof_of_single_writes_is_there(wire: Wire, table: str) -> None:
    one = item(1)
    key = {"PK": one["PK"], "SK": one["SK"]}
    assert "ConsumedCapacity" in wire.call("PutItem", {"TableName": table, "Item": one})
    assert wire.call("GetItem", {"TableName": table, "Key": key})["Item"] == one
    assert "ConsumedCapacity" in wire.call("DeleteItem", {"TableName": table, "Key": key})
    assert "Item" not in wire.call("GetItem", {"TableName": table, "Key": key})
