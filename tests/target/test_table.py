from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from migration_tool.design.model import Design, Index
from migration_tool.errors import TargetError
from migration_tool.model import TableIdentity
from migration_tool.target import table
from migration_tool.target.facts import Capacity, IndexFacts, TableFacts
from migration_tool.target.session import Target
from migration_tool.target.table import Patience

DESIGN = Design(
    "music_catalog", "MusicCatalog", "", ("PK", "SK"), (Index("GSI1", "GSI1PK", "GSI1SK"),), (), (), "f", "p"
)


def failure(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "because"}}, "CreateTable")


def described(status: str = "ACTIVE", index: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    return {
        "Table": {
            "TableName": "t",
            "TableStatus": status,
            "TableArn": "arn:t",
            "CreationDateTime": datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
            "KeySchema": [
                {"AttributeName": "SK", "KeyType": "RANGE"},
                {"AttributeName": "PK", "KeyType": "HASH"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": n, "AttributeType": "S"} for n in ("PK", "SK", "GSI1PK", "GSI1SK")
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "GSI1",
                    "IndexStatus": index,
                    "Projection": {"ProjectionType": "ALL"},
                    "KeySchema": [
                        {"AttributeName": "GSI1PK", "KeyType": "HASH"},
                        {"AttributeName": "GSI1SK", "KeyType": "RANGE"},
                    ],
                }
            ],
            **more,
        }
    }


GONE = failure("ResourceNotFoundException")
IN_USE = failure("ResourceInUseException")


class World:
    """A client that gives scripted answers per method (the last for ever), and a clock of its own."""

    def __init__(self, **scripts: list[Any]) -> None:
        self.scripts = scripts
        self.calls: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.now = 0.0
        self.target = cast("Target", SimpleNamespace(client=self))
        self.patience = Patience(60.0, lambda: self.now, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.calls.append(method)
            self.asked.append(request)
            script = self.scripts[method]
            answer = script.pop(0) if len(script) > 1 else script[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def test_a_table_is_asked_for_as_designed() -> None:
    world = World(create_table=[{}])
    table.create_table(world.target, "t", DESIGN, world.patience)
    [request] = world.asked
    assert request["BillingMode"] == "PAY_PER_REQUEST"
    assert [k["AttributeName"] for k in request["KeySchema"]] == ["PK", "SK"]
    assert [a["AttributeName"] for a in request["AttributeDefinitions"]] == ["PK", "SK", "GSI1PK", "GSI1SK"]
    [index] = request["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["Projection"]) == ("GSI1", {"ProjectionType": "ALL"})
    assert world.now == 0


def test_a_design_without_indexes_asks_for_none() -> None:
    world = World(create_table=[{}])
    table.create_table(world.target, "t", dataclasses.replace(DESIGN, indexes=()), world.patience)
    assert "GlobalSecondaryIndexes" not in world.asked[0]


def test_a_table_that_exists_is_left_as_it_is() -> None:
    world = World(create_table=[IN_USE], describe_table=[described("CREATING")])
    table.create_table(world.target, "t", DESIGN, world.patience)
    assert world.calls == ["create_table", "describe_table"]


def test_a_table_being_deleted_is_waited_for_and_then_made() -> None:
    world = World(create_table=[IN_USE, IN_USE, {}], describe_table=[described("DELETING"), GONE])
    table.create_table(world.target, "t", DESIGN, world.patience)
    assert world.calls.count("create_table") == 3
    assert world.now > 0


def test_too_many_table_changes_at_once_are_waited_for() -> None:
    world = World(create_table=[failure("LimitExceededException"), {}])
    table.create_table(world.target, "t", DESIGN, world.patience)
    assert world.calls == ["create_table", "create_table"]


def test_what_cannot_be_waited_for_is_an_error() -> None:
    world = World(create_table=[failure("AccessDeniedException")])
    with pytest.raises(TargetError, match="because") as caught:
        table.create_table(world.target, "t", DESIGN, world.patience)
    assert "dynamodb:CreateTable" in caught.value.hint
    world = World(describe_table=[failure("AccessDeniedException")])
    with pytest.raises(TargetError):
        table.describe(world.target, "t")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"Table": {}},
        {"Table": []},
        described(TableName=["t"]),
        described(TableName="another"),
        described(KeySchema=[None]),
        described(KeySchema=[{"AttributeName": [], "KeyType": "HASH"}]),
        described(AttributeDefinitions=[{"AttributeName": "PK"}]),
        described(GlobalSecondaryIndexes=[{"IndexName": ["GSI1"], "KeySchema": []}]),
        described(TableId=5),
        described(CreationDateTime="x"),
        described(ItemCount=[1]),
        described(ProvisionedThroughput={"WriteCapacityUnits": [5]}),
        described(ProvisionedThroughput={"WriteCapacityUnits": 10**400}),
    ],
    ids=str,
)
def test_an_answer_that_describes_no_such_table_is_an_error(answer: dict[str, Any]) -> None:
    with pytest.raises(TargetError, match="describe the table") as caught:
        table.describe(World(describe_table=[answer]).target, "t")
    assert "a DynamoDB" in caught.value.hint


def test_a_key_without_a_type_is_a_fault() -> None:
    facts = table.describe(World(describe_table=[described(AttributeDefinitions=[])]).target, "t")
    assert facts is not None
    assert "the table has the key PK of type unknown, not S" in table.schema_faults(facts, DESIGN)


def test_active_means_the_indexes_too_and_not_to_be_found_is_tolerated() -> None:
    script: list[Any] = [
        GONE,
        described("CREATING"),
        described("ACTIVE", "CREATING"),
        described("UPDATING"),
        described(),
    ]
    world = World(describe_table=script)
    facts = table.wait_active(world.target, "t", world.patience)
    assert facts.active
    assert world.calls.count("describe_table") == 5


def test_a_table_that_never_appears_is_an_error_before_patience_ends() -> None:
    world = World(describe_table=[GONE])
    with pytest.raises(TargetError, match="no such table"):
        table.wait_active(world.target, "t", world.patience)
    assert 30 <= world.now < 60


def test_patience_ends() -> None:
    world = World(describe_table=[described("CREATING")], delete_table=[IN_USE], create_table=[IN_USE])
    with pytest.raises(TargetError, match="60 s"):
        table.wait_active(world.target, "t", world.patience)
    assert 60 <= world.now < 70
    with pytest.raises(TargetError, match="60 s"):
        table.wait_gone(world.target, "t", world.patience)
    with pytest.raises(TargetError, match="60 s"):
        table.delete_table(world.target, "t", world.patience)


def test_a_table_that_cannot_come_back_is_an_error_at_once() -> None:
    world = World(describe_table=[described("ARCHIVED")])
    with pytest.raises(TargetError, match="ARCHIVED"):
        table.wait_active(world.target, "t", world.patience)
    assert world.now == 0


def test_a_table_can_be_gone_in_three_ways() -> None:
    scripts: list[list[Any]] = [[{}], [GONE], [IN_USE]]
    for script in scripts:
        world = World(delete_table=script, describe_table=[described("DELETING"), GONE])
        table.delete_table(world.target, "t", world.patience)
        table.wait_gone(world.target, "t", world.patience)
        assert world.calls.count("delete_table") == 1


def test_a_table_still_being_made_is_deleted_when_it_is_ready() -> None:
    world = World(delete_table=[IN_USE, IN_USE, {}], describe_table=[described("CREATING")])
    table.delete_table(world.target, "t", world.patience)
    assert world.calls.count("delete_table") == 3


def test_identity_is_the_table_id_or_else_the_moment_of_creation() -> None:
    world = World(describe_table=[described(TableId="id-1"), described()])
    first, second = table.describe(world.target, "t"), table.describe(world.target, "t")
    assert first is not None
    assert second is not None
    assert first.identity == TableIdentity("t", "arn:t", "id-1")
    assert second.identity == TableIdentity("t", "arn:t", "created:2026-01-02T03:04:05.678000+00:00")


def facts(**more: Any) -> TableFacts:
    found = table.describe(World(describe_table=[described()]).target, "t")
    assert found is not None
    return dataclasses.replace(found, **more)


INDEX = facts().indexes["GSI1"]


def test_a_right_table_has_no_faults_nor_has_one_with_more_indexes() -> None:
    assert table.schema_faults(facts(), DESIGN) == []
    more = {"GSI1": INDEX, "Other": IndexFacts("Other", ("X",), "KEYS_ONLY", "ACTIVE")}
    assert table.schema_faults(facts(indexes=more), DESIGN) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"keys": ("id",)}, ["the table", "(id)", "(PK, SK)"]),
        ({"types": {**facts().types, "SK": "N"}}, ["the table", "SK", "type N"]),
        ({"types": {**facts().types, "GSI1SK": "B"}}, ["GSI1", "GSI1SK", "type B"]),
        ({"indexes": {}}, ["GSI1", "missing"]),
        ({"indexes": {"GSI1": dataclasses.replace(INDEX, keys=("GSI1PK",))}}, ["GSI1", "(GSI1PK)"]),
        ({"indexes": {"GSI1": dataclasses.replace(INDEX, projection="KEYS_ONLY")}}, ["GSI1", "KEYS_ONLY"]),
        ({"indexes": {"GSI1": dataclasses.replace(INDEX, local=True)}}, ["GSI1 is a local one"]),
    ],
)
def test_each_fault_of_a_table_is_named(change: dict[str, Any], words: list[str]) -> None:
    [fault] = table.schema_faults(facts(**change), DESIGN)
    assert all(word in fault for word in words)


def capacity(found: dict[str, Any], index: dict[str, Any]) -> Capacity:
    answer = described(**found)
    answer["Table"]["GlobalSecondaryIndexes"][0].update(index)
    client = SimpleNamespace(describe_table=lambda **_: answer)
    return table.capacity(cast(Target, SimpleNamespace(client=client)), "t")


def test_the_capacity_is_the_provisioned_one_or_the_maximum_set_for_on_demand() -> None:
    provisioned = {"ProvisionedThroughput": {"WriteCapacityUnits": 500, "ReadCapacityUnits": 5}}
    on_demand = {"ProvisionedThroughput": {"WriteCapacityUnits": 0, "ReadCapacityUnits": 0}}
    most = {**on_demand, "OnDemandThroughput": {"MaxWriteRequestUnits": 200, "MaxReadRequestUnits": -1}}
    unlimited = {**on_demand, "OnDemandThroughput": {"MaxWriteRequestUnits": -1}}
    assert capacity(provisioned, {**provisioned}) == Capacity(500.0, {"GSI1": 500.0})
    assert capacity(on_demand, on_demand) == capacity({}, {}) == capacity(unlimited, {}) == Capacity()
    assert capacity(on_demand, most) == Capacity(None, {"GSI1": 200.0})


def test_a_share_of_a_capacity() -> None:
    assert Capacity(500.0, {"GSI1": 100.0}).share(0.8) == Capacity(400.0, {"GSI1": 80.0})
    assert Capacity().share(0.8) == Capacity()
