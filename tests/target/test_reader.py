from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.design.model import Requests
from migration_tool.errors import TargetError
from migration_tool.model import WireItem
from migration_tool.target.backoff import Backoff
from migration_tool.target.reader import _Call, count, fetch, fetch_many, get_items, scan
from migration_tool.target.session import Target
from migration_tool.target.wire import Wire

from .fake import FakeServer, Replies, Reply, Seen, answer, fault

Serve = Callable[[Replies], FakeServer]


@contextmanager
def wired(url: str, connections: int = 4) -> Iterator[Wire]:
    with Wire(Target(url, "us-east-1", 5, connections), Backoff(0.001, 0.002)) as wire:
        yield wire


def item(number: int) -> WireItem:
    return {"PK": {"S": f"p{number}"}, "N": {"N": str(number)}}


def page(items: list[WireItem], start: WireItem | None = None) -> Reply:
    more = {"LastEvaluatedKey": start} if start else {}
    return answer({"Items": items, "Count": len(items), **more})


def query(*bodies: dict[str, Any], order_by: str | None = None, descending: bool = False) -> Requests:
    return Requests("Query", bodies, order_by, descending)


def test_a_scan_follows_each_segment_to_its_end_over_empty_pages(serve: Serve) -> None:
    def reply(seen: Seen) -> Reply:
        body = seen.json
        assert (body["TableName"], body["ConsistentRead"], body["TotalSegments"]) == ("t", True, 3)
        at = int(body.get("ExclusiveStartKey", {"PK": {"S": "0"}})["PK"]["S"])
        number = body["Segment"] * 10 + at
        items = [] if at in (1, 2) else [item(number)]
        return page(items, {"PK": {"S": str(at + 1)}} if at < 4 else None)

    with wired(serve(reply).url) as wire:
        pages = list(scan(wire, "t", 3))
    assert all(pages)
    found = sorted(int(i["N"]["N"]) for p in pages for i in p)
    assert found == [s * 10 + at for s in range(3) for at in (0, 3, 4)]


def test_a_share_of_a_scan_asks_for_its_segments_only(serve: Serve) -> None:
    server = serve(lambda seen: page([item(seen.json["Segment"])]))
    with wired(server.url) as wire:
        pages = list(scan(wire, "t", 9, [2, 5]))
    assert sorted(int(i["N"]["N"]) for p in pages for i in p) == [2, 5]
    assert {seen.json["TotalSegments"] for seen in server.seen} == {9}


def test_a_scan_asks_again_and_an_error_is_not_the_end(serve: Serve) -> None:
    start = {"PK": {"S": "1"}}
    flaky = [page([item(1)], start), Reply(500, b""), Reply(200, b"{}"), page([item(2)], start)]
    with wired(serve([*flaky, fault("ThrottlingException"), page([item(3)])]).url) as wire:
        assert [i["N"]["N"] for p in scan(wire, "t", 1) for i in p] == ["1", "2", "3"]
    with wired(serve([page([item(1)], start), Reply(500, b"")]).url) as wire:
        pages = scan(wire, "t", 1)
        assert next(pages) == [item(1)]
        with pytest.raises(TargetError, match="read the table"):
            next(pages)


def test_an_index_is_counted_page_by_page(serve: Serve) -> None:
    def reply(seen: Seen) -> Reply:
        body = seen.json
        assert (body["IndexName"], body["Select"], body["TotalSegments"]) == ("GSI1", "COUNT", 2)
        assert "ConsistentRead" not in body
        more = {} if "ExclusiveStartKey" in body else {"LastEvaluatedKey": {"PK": {"S": "x"}}}
        return answer({"Count": 10 + body["Segment"], **more})

    with wired(serve(reply).url) as wire:
        assert count(wire, "t", ("PK",), "GSI1", 2) == 2 * 10 + 2 * 11


def test_a_count_without_its_number_is_asked_for_again(serve: Serve) -> None:
    server = serve([answer({}), answer({"Items": []}), answer({"Count": 7})])
    with wired(server.url) as wire:
        assert count(wire, "t", ("PK",), "GSI1", 1) == 7
    assert len(server.seen) == 3


def test_a_scan_left_early_drops_its_requests(serve: Serve) -> None:
    with wired(serve([page([item(1)], {"PK": {"S": "1"}})]).url) as wire:
        pages = scan(wire, "t", 2)
        next(pages)
        pages.close()  # type: ignore[attr-defined]
        assert wire.free == 4


def test_a_query_is_paged_in_dynamodbs_order(serve: Serve) -> None:
    server = serve([page([item(3)], {"PK": {"S": "x"}}), page([], {"PK": {"S": "y"}}), page([item(1)])])
    with wired(server.url) as wire:
        body = {"KeyConditionExpression": "PK = :p", "IndexName": "GSI1"}
        assert fetch(wire, "t", query(body)) == [item(3), item(1)]
    assert [seen.json.get("ExclusiveStartKey") for seen in server.seen] == [
        None,
        {"PK": {"S": "x"}},
        {"PK": {"S": "y"}},
    ]
    assert all(seen.json["IndexName"] == "GSI1" and seen.json["TableName"] == "t" for seen in server.seen)


def test_a_get_of_nothing_is_an_empty_answer_but_needs_its_proof(serve: Serve) -> None:
    request = Requests("GetItem", ({"Key": {"PK": {"S": "a"}}},), None, False)
    server = serve([answer({}), answer({"ConsumedCapacity": {"CapacityUnits": 0.5}})])
    with wired(server.url) as wire:
        assert fetch(wire, "t", request) == []
    assert len(server.seen) == 2
    with wired(serve([answer({"ConsumedCapacity": {}, "Item": item(1)})]).url) as wire:
        assert fetch(wire, "t", request) == [item(1)]


def test_many_calls_come_back_in_their_order(serve: Serve) -> None:
    asked = 0

    def calls() -> Iterator[Requests]:
        nonlocal asked
        for asked in range(1, 101):
            yield query({"N": asked})

    def reply(seen: Seen) -> Reply:
        number = seen.json["N"]
        again = number % 3 == 0 and "ExclusiveStartKey" not in seen.json
        return page([item(number)], {"PK": {"S": "x"}} if again else None)

    with wired(serve(reply).url, connections=3) as wire:
        answers = fetch_many(wire, "t", calls())
        assert next(answers) == [item(1)]
        assert asked <= 3 * 4
        rest = list(answers)
    assert rest == [[item(n)] * (2 if n % 3 == 0 else 1) for n in range(2, 101)]


def test_no_calls_and_no_bodies_give_nothing(serve: Serve) -> None:
    with wired(serve([answer({})]).url) as wire:
        assert list(fetch_many(wire, "t", [])) == []
        assert fetch(wire, "t", query()) == []


@given(
    texts=st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"]))), min_size=1, max_size=5),
    descending=st.booleans(),
)
def test_shards_are_merged_by_utf8_bytes(texts: list[list[str]], descending: bool) -> None:
    def ordered(part: list[str]) -> list[str]:
        return sorted(part, key=str.encode, reverse=descending)

    parts = [[{"K": {"S": text}} for text in ordered(part)] for part in texts]
    requests = query(*({} for _ in parts), order_by="K", descending=descending)
    merged = _Call("t", requests, parts, 0).items()
    assert [i["K"]["S"] for i in merged] == ordered([text for part in texts for text in part])


def test_shards_without_an_order_follow_one_another() -> None:
    parts = [[item(2)], [item(1)]]
    assert _Call("t", query({}, {}), parts, 0).items() == [item(2), item(1)]


def test_an_item_without_the_order_attribute_is_an_error() -> None:
    parts = [[item(2)], [item(1)]]
    with pytest.raises(TargetError, match="GSI1SK"):
        _Call("t", query({}, {}, order_by="GSI1SK"), parts, 0).items()


def test_shards_are_fetched_and_merged(serve: Serve) -> None:
    shards = {0: ["a", "é"], 1: ["B", "z", "\U0001f3b5"], 2: []}

    def reply(seen: Seen) -> Reply:
        return page([{"K": {"S": text}} for text in shards[seen.json["Shard"]]])

    with wired(serve(reply).url) as wire:
        requests = query({"Shard": 0}, {"Shard": 1}, {"Shard": 2}, order_by="K")
        assert [i["K"]["S"] for i in fetch(wire, "t", requests)] == ["B", "a", "z", "é", "\U0001f3b5"]


def keys(*numbers: int) -> list[WireItem]:
    return [{"PK": {"S": f"p{number}"}} for number in numbers]


def some_of(seen: Seen, count: int) -> Reply:
    """The items of the first `count` keys; all others are left unprocessed."""
    wanted = seen.json["RequestItems"]["t"]
    assert wanted["ConsistentRead"] is True
    found = [item(int(key["PK"]["S"][1:])) for key in wanted["Keys"][:count]]
    rest = wanted["Keys"][count:]
    left = {"t": {"Keys": rest, "ConsistentRead": True}} if rest else {}
    return answer({"Responses": {"t": found}, "UnprocessedKeys": left})


def test_items_by_key_are_asked_for_until_none_is_left(serve: Serve) -> None:
    server = serve(lambda seen: some_of(seen, 2))
    with wired(server.url, 2) as wire:
        groups = [(n, keys(*range(10 * n, 10 * n + n))) for n in range(1, 8)]
        found = dict(get_items(wire, "t", groups))
    assert {tag: [i["N"]["N"] for i in items] for tag, items in found.items()} == {
        n: [str(number) for number in range(10 * n, 10 * n + n)] for n in range(1, 8)
    }
    assert len(server.seen) == sum(-(-n // 2) for n in range(1, 8))


def test_keys_that_are_never_processed_end_in_an_error_after_a_while(serve: Serve) -> None:
    """Each answer that brings nothing is waited after; patience is bounded by age."""
    server = serve(lambda seen: some_of(seen, 0))
    backoff = Backoff(0.05, 0.1, max_age_seconds=0.5)
    with Wire(Target(server.url, "us-east-1", 5, 2), backoff) as wire:
        with pytest.raises(TargetError, match="3 keys are left unprocessed again and again") as caught:
            list(get_items(wire, "t", [("g", keys(1, 2, 3))]))
        assert "throttled" in caught.value.hint
    assert 2 <= len(server.seen) < 200


@pytest.mark.parametrize(
    "body",
    [
        {"Responses": {"t": [item(2)]}, "UnprocessedKeys": {}},
        {"Responses": {"t": 5}, "UnprocessedKeys": {}},
        {"Responses": {"t": [{"PK": {"N": "1"}}]}, "UnprocessedKeys": {}},
        {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": keys(2)}}},
        {"Responses": {}, "UnprocessedKeys": {"t": [1]}},
    ],
    ids=str,
)
def test_what_was_not_asked_for_is_no_answer(serve: Serve, body: Any) -> None:
    server = serve(lambda seen: answer(body))
    with wired(server.url, 2) as wire, pytest.raises(TargetError, match="what was not asked for"):
        list(get_items(wire, "t", [("g", keys(1))]))


def test_groups_of_keys_are_read_only_a_few_ahead(serve: Serve) -> None:
    server = serve(lambda seen: some_of(seen, 9))
    drawn: list[int] = []

    def groups() -> Iterator[tuple[int, list[WireItem]]]:
        for number in range(100):
            drawn.append(number)
            yield number, keys(number)

    with wired(server.url, 2) as wire:
        found = get_items(wire, "t", groups())
        for given, _ in enumerate(found, 1):
            assert len(drawn) <= given + 8
    assert len(drawn) == 100
