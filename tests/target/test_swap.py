"""Conditional writes: what is not as it was shown is never overwritten, on any engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from migration_tool.errors import TargetError
from migration_tool.model import WireItem
from migration_tool.target import table as tables
from migration_tool.target.backoff import Backoff
from migration_tool.target.reader import get_items
from migration_tool.target.session import Target
from migration_tool.target.swap import MOST_CLAUSES, Swap, swap_many
from migration_tool.target.wire import Wire
from tests.engines import Engine, request

from .fake import FakeServer, Replies, Reply, Seen, answer, fault
from .test_contract import DESIGN

KEY = {"PK": {"S": "p"}, "SK": {"S": "s"}}
OLD: WireItem = {
    **KEY, "N": {"N": "1.5"}, "S": {"S": ""}, "B": {"B": "AAE="}, "T": {"BOOL": True}, "Z": {"NULL": True},
    "L": {"L": [{"N": "1"}, {"M": {"size": {"S": "x"}}}]}, "M": {"M": {"a.b": {"N": "1"}, "#": {"L": []}}},
    "SS": {"SS": ["b", "a"]}, "a.b": {"S": "dot"}, "size": {"S": "reserved"}, ":x": {"S": "colon"},
}  # fmt: skip
NEW: WireItem = {**KEY, "N": {"N": "2"}, "new": {"S": "x"}, "size": {"S": "reserved"}}
CHANGES: dict[str, WireItem] = {
    "a number": {"N": {"N": "1.51"}},
    "a text": {"S": {"S": "x"}},
    "a list": {"L": {"L": [{"N": "1"}]}},
    "a map": {"M": {"M": {"a.b": {"N": "2"}, "#": {"L": []}}}},
    "a set": {"SS": {"SS": ["a"]}},
    "another type": {"T": {"S": "true"}},
    "what is to come": {"new": {"S": "mine"}},
}


@pytest.fixture
def wire(engine: Engine) -> Iterator[Wire]:
    with Wire(Target(engine.url, "us-east-1", 30, 4)) as wire:
        yield wire


@pytest.fixture
def table(wire: Wire, table_prefix: str) -> Iterator[str]:
    name = f"{table_prefix}Table"
    tables.create_table(wire.target, name, DESIGN)
    tables.wait_active(wire.target, name)
    yield name
    tables.delete_table(wire.target, name)


def put(wire: Wire, table: str, item: WireItem) -> None:
    wire.call("PutItem", {"TableName": table, "Item": item})


def there(wire: Wire, table: str) -> list[WireItem]:
    ((_, found),) = get_items(wire, table, [("", [KEY])])
    return [{**item, "SS": {"SS": sorted(item["SS"]["SS"])}} if "SS" in item else item for item in found]


def same(found: list[WireItem], item: WireItem) -> bool:
    (one,) = found
    return one == {**item, **({"SS": {"SS": sorted(item["SS"]["SS"])}} if "SS" in item else {})}


def test_what_is_still_there_gives_way(wire: Wire, table: str) -> None:
    assert swap_many(wire, table, [Swap(KEY, None, OLD)]) == [""]
    assert same(there(wire, table), OLD)
    assert swap_many(wire, table, [Swap(KEY, OLD, NEW)]) == [""]
    assert same(there(wire, table), NEW)
    assert swap_many(wire, table, [Swap(KEY, NEW, None)]) == [""]
    assert there(wire, table) == []


def test_what_has_changed_stays(wire: Wire, table: str) -> None:
    for change in CHANGES.values():
        changed = {**OLD, **change}
        put(wire, table, changed)
        for swap in (Swap(KEY, None, NEW), Swap(KEY, OLD, NEW), Swap(KEY, OLD, None)):
            if swap.after is None and change.keys() == {"new"}:
                continue
            (refused,) = swap_many(wire, table, [swap])
            assert refused.startswith("ConditionalCheckFailed")
            assert same(there(wire, table), changed)
    wire.call("DeleteItem", {"TableName": table, "Key": KEY})
    for swap in (Swap(KEY, OLD, NEW), Swap(KEY, OLD, None)):
        assert swap_many(wire, table, [swap])[0].startswith("ConditionalCheckFailed")
        assert there(wire, table) == []


def test_an_item_with_more_attributes_than_a_condition_takes(wire: Wire, table: str) -> None:
    many = {**KEY, **{f"attribute{n:04}": {"N": str(n)} for n in range(400)}}
    last = {**many, "zzz": {"S": "x"}, "attribute0399": {"N": "1"}}
    assert swap_many(wire, table, [Swap(KEY, None, many), Swap({**KEY, "SK": {"S": "t"}}, None, None)]) == [
        "",
        "",
    ]
    assert swap_many(wire, table, [Swap(KEY, many, last)]) == [""]
    assert same(there(wire, table), last)
    for old in ({**many, "zzz": {"S": "y"}}, {**last, "attribute0000": {"N": "7"}}):
        (refused,) = swap_many(wire, table, [Swap(KEY, old, {**many, "attribute0000": {"N": "8"}})])
        assert refused.startswith("ConditionalCheckFailed")


def test_the_condition_keeps_the_limits() -> None:
    seen: list[Seen] = []

    def reply(asked: Seen) -> Reply:
        seen.append(asked)
        return answer({"ConsumedCapacity": {}})

    before = {**KEY, **{f"a{n}": {"N": "1"} for n in range(300)}}
    after = {**KEY, **{f"b{n}": {"N": "1"} for n in range(300)}}
    with FakeServer(reply) as server, Wire(Target(server.url, "us-east-1", 5, 2)) as wire:
        swap_many(wire, "t", [Swap(KEY, before, after), Swap(KEY, KEY, after)])
    for asked in seen:
        expression = asked.json["ConditionExpression"]
        clauses = expression.split(" AND ")
        assert len(clauses) == MOST_CLAUSES and len(expression) <= 4096
        assert expression.count("=") + expression.count("(") + len(clauses) - 1 <= 300
        assert all(f"#{n}" in asked.json["ExpressionAttributeNames"] for n in range(MOST_CLAUSES))


def test_many_at_once_each_for_itself(wire: Wire, table: str) -> None:
    keys = [{"PK": {"S": "p"}, "SK": {"S": f"{n:03}"}} for n in range(60)]
    for key in keys[::3]:
        put(wire, table, {**key, "N": {"N": "1"}})
    refused = swap_many(wire, table, [Swap(key, None, {**key, "N": {"N": "2"}}) for key in keys])
    assert [bool(reason) for reason in refused] == [n % 3 == 0 for n in range(60)]
    ((_, items),) = get_items(wire, table, [("", keys)])
    assert {item["SK"]["S"]: item["N"]["N"] for item in items} == {
        key["SK"]["S"]: "1" if n % 3 == 0 else "2" for n, key in enumerate(keys)
    }


@pytest.mark.engine
def test_an_item_that_dynamodb_refuses_does_not_end_the_others(
    real_engine: Engine, table_prefix: str
) -> None:
    with Wire(Target(real_engine.url, "us-east-1", 30, 4)) as wire:
        name = f"{table_prefix}Table"
        tables.create_table(wire.target, name, DESIGN)
        tables.wait_active(wire.target, name)
        bad = {**KEY, "GSI1PK": {"N": "1"}}
        good = {**KEY, "SK": {"S": "t"}}
        refused = swap_many(wire, name, [Swap(KEY, None, bad), Swap(good, None, good)])
        assert refused[0].startswith("ValidationException") and refused[1] == ""
        tables.delete_table(wire.target, name)


def test_a_lost_answer_is_asked_again_and_may_meet_its_own_result(engine: Engine, table_prefix: str) -> None:
    """The put arrives, its answer does not: the second one is refused, and what holds is what is read."""
    lost: list[Seen] = []

    def reply(seen: Seen) -> Reply:
        status, body = request(engine.url, seen.operation, seen.json)
        if seen.operation == "PutItem" and not lost:
            lost.append(seen)
            return Reply(cut="before")
        return Reply(status, body)

    name = f"{table_prefix}Table"
    with FakeServer(reply) as server, Wire(Target(server.url, "us-east-1", 30, 2), Backoff(0.001)) as wire:
        tables.create_table(wire.target, name, DESIGN)
        tables.wait_active(wire.target, name)
        (refused,) = swap_many(wire, name, [Swap(KEY, None, NEW)])
        assert lost and refused.startswith("ConditionalCheckFailed")
        assert same(there(wire, name), NEW)
        tables.delete_table(wire.target, name)


def test_what_is_no_answer_about_one_item_ends_it(serve: Callable[[Replies], FakeServer]) -> None:
    server = serve([fault("AccessDeniedException")])
    with Wire(Target(server.url, "us-east-1", 5, 2)) as wire, pytest.raises(TargetError, match="write items"):
        swap_many(wire, "t", [Swap(KEY, None, NEW)])
