"""The item of the lease: changed only by whoever saw what stands there, on every engine; and its errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from migration_tool.design.model import Index
from migration_tool.errors import TargetError
from migration_tool.target import lease
from migration_tool.target import table as tables
from migration_tool.target.lease import ATTRIBUTE, KEY, Place, Record
from migration_tool.target.reader import count, scan
from migration_tool.target.session import Target
from migration_tool.target.wire import Wire
from tests.engines import Engine
from tests.target.fake import FakeServer, Replies, Reply, answer, fault
from tests.target.test_contract import DESIGN

MINE = Record("20261120T213000-a1b2c3", "alpha", "/state", 7, "aa", 1, 0, 2.5, "2026-11-20T21:30:00Z")
THEIRS = replace(MINE, host="beta", token="bb", generation=2)
INDEXES = ("GSI1", "Inverted")
Serve = Callable[[Replies], FakeServer]


def values(record: Record) -> dict[str, dict[str, str]]:
    return {n: {"S": v} if isinstance(v, str) else {"N": str(v)} for n, v in vars(record).items()}


@pytest.fixture
def target(engine: Engine) -> Target:
    return Target(engine.url, "us-east-1", 30, 4)


@pytest.fixture
def place(target: Target, table_prefix: str) -> Iterator[Place]:
    name = table_prefix + "Leased"
    tables.create_table(
        target, name, replace(DESIGN, indexes=(*DESIGN.indexes, Index("Inverted", "SK", "PK")))
    )
    tables.wait_active(target, name)
    yield Place(name, DESIGN.keys)
    tables.delete_table(target, name)


def test_what_is_written_is_read(target: Target, place: Place) -> None:
    assert lease.read(target, place) is None
    assert lease.replace(target, place, MINE, None) == MINE
    assert lease.read(target, place) == MINE


def test_only_who_saw_what_stands_there_changes_it(target: Target, place: Place) -> None:
    lease.replace(target, place, MINE, None)
    later = replace(MINE, renewals=1)
    assert lease.replace(target, place, THEIRS, None) == MINE
    assert lease.replace(target, place, later, MINE) == later
    assert lease.replace(target, place, THEIRS, MINE) == later
    assert lease.remove(target, place, MINE) == later
    assert lease.replace(target, place, THEIRS, later) == THEIRS
    assert lease.remove(target, place, later) == THEIRS
    assert lease.remove(target, place, THEIRS) is None
    assert lease.read(target, place) is None
    assert lease.replace(target, place, MINE, THEIRS) is None, "what was seen is gone"


def test_of_many_at_once_exactly_one_gets_it(target: Target, place: Place) -> None:
    those = [replace(MINE, token=str(n)) for n in range(8)]
    with ThreadPoolExecutor(len(those)) as pool:
        stands = list(pool.map(lambda one: lease.replace(target, place, one, None), those))
    assert len({record.token for record in stands if record}) == 1
    assert all(stands)


def test_a_scan_leaves_it_out(target: Target, place: Place, engine: Engine) -> None:
    lease.replace(target, place, MINE, None)
    own = {"PK": {"S": KEY}, "SK": {"S": "of the user"}}
    engine.call("PutItem", {"TableName": place.table, "Item": own})
    with Wire(target) as wire:
        assert [item for page in scan(wire, place.table, 3) for item in page] == [own]


def test_no_index_counts_it(target: Target, place: Place, engine: Engine) -> None:
    lease.replace(target, place, MINE, None)
    own = {"PK": {"S": "of the user"}, "SK": {"S": KEY}}
    engine.call("PutItem", {"TableName": place.table, "Item": own})
    holds = {n: engine.call("Scan", {"TableName": place.table, "IndexName": n})["Count"] for n in INDEXES}
    with Wire(target) as wire:
        counted = {name: count(wire, place.table, place.keys, name, 1) for name in INDEXES}
    assert holds == {"GSI1": 0, "Inverted": 2} and counted == {"GSI1": 0, "Inverted": 1}


def test_an_item_of_the_user_under_its_key_is_told_and_left(
    target: Target, place: Place, engine: Engine
) -> None:
    own = {**place.key, "Name": {"S": "of the user"}}
    engine.call("PutItem", {"TableName": place.table, "Item": own})
    with pytest.raises(TargetError, match="is not a lease of this tool"):
        lease.replace(target, place, MINE, None)
    assert engine.call("GetItem", {"TableName": place.table, "Key": place.key})["Item"] == own


@pytest.mark.parametrize(
    "damage",
    [
        {"S": "x"},
        {"M": {}},
        {"M": {"run_id": {"S": "x"}}},
        {"M": {n: {"N": "x"} for n in vars(MINE)}},
        *({"M": {**values(MINE), "seconds": {"N": n}}} for n in ("-1", "3601", "1e300", "nan")),
    ],
    ids=["text", "empty", "part", "types", "negative", "long", "endless", "nan"],
)
def test_a_damaged_lease_is_told(serve: Serve, damage: dict[str, object]) -> None:
    item = {"PK": {"S": KEY}, "SK": {"S": KEY}, ATTRIBUTE: damage}
    server = serve([answer({"Item": item, "ConsumedCapacity": {"CapacityUnits": 1.0}})])
    with pytest.raises(TargetError, match="is not a lease of this tool") as caught:
        lease.read(Target(server.url, "us-east-1", 5, 1), Place("T", ("PK", "SK")))
    assert "--no-lease" in caught.value.hint


@pytest.mark.parametrize("empty", [Reply(200, b"{}"), Reply(200, b"")], ids=["object", "nothing"])
def test_a_200_that_says_nothing_proves_nothing(serve: Serve, empty: Reply) -> None:
    """What stands there is then read; where that says nothing either, nobody has the lease."""
    units = {"ConsumedCapacity": {"CapacityUnits": 1.0}}
    place = Place("T", ("PK", "SK"))
    target = Target(serve([empty, answer(units)]).url, "us-east-1", 5, 1)
    assert lease.replace(target, place, MINE, None) is None
    with pytest.raises(TargetError, match="does not say"):
        lease.replace(Target(serve([empty]).url, "us-east-1", 5, 1), place, MINE, None)


@pytest.mark.parametrize("body", [b"[1]", b"5", b"[" * 5000], ids=["list", "number", "deep"])
def test_an_answer_that_botocore_cannot_read_is_an_error(serve: Serve, body: bytes) -> None:
    target = Target(serve([Reply(200, body)]).url, "us-east-1", 5, 1)
    with pytest.raises(TargetError, match="lease the table"):
        lease.read(target, Place("T", ("PK", "SK")))


def test_a_role_that_may_not_write_it_is_told_what_to_do(serve: Serve) -> None:
    server = serve([fault("AccessDeniedException", message="not you")])
    with pytest.raises(TargetError) as caught:
        lease.replace(Target(server.url, "us-east-1", 5, 1), Place("T", ("PK", "SK")), MINE, None)
    assert caught.value.exit_code == 5
    assert "allow dynamodb:PutItem" in caught.value.hint and "--no-lease" in caught.value.hint


def test_other_faults_stay_what_they_are(serve: Serve) -> None:
    server = serve([fault("ResourceNotFoundException")])
    with pytest.raises(TargetError, match="ResourceNotFound") as caught:
        lease.replace(Target(server.url, "us-east-1", 5, 1), Place("T", ("PK", "SK")), MINE, None)
    assert "--no-lease" not in caught.value.hint
