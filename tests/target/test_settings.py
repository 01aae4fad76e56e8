"""Settings of tables on every engine, and what is asked of one that answers as a script says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from migration_tool.design.definition import (
    beyond_import,
    import_definition,
    later_requests,
    requests_after_import,
    table_definition,
)
from migration_tool.design.model import Design, Index, Settings, Throughput
from migration_tool.errors import TargetError
from migration_tool.target import table as tables
from migration_tool.target.session import Target
from migration_tool.target.settings import complete, configure, differences
from tests.engines import Engine
from tests.fuzz.calls import answering
from tests.fuzz.scripted import line, replies

from .test_table import World, described, failure

PLAIN = Design("d", "T", "", ("PK", "SK"), (Index("GSI1", "G"),), (), (), "f", "p")
EVERYTHING = Settings(
    billing="provisioned",
    capacity=Throughput(5, 6),
    warm_throughput=Throughput(13_000, 5_000),
    stream="new_image",
    table_class="infrequent_access",
    point_in_time_recovery=7,
    deletion_protection=True,
    ttl="Ends",
    tags={"Team": "music", "Stage": "test"},
)
DESIGN = replace(PLAIN, settings=EVERYTHING)
UNKNOWN = {"moto": [], "dynoxide": ["point_in_time_recovery"], "dynamodb_local": ["point_in_time_recovery"]}
"""Settings that an engine refuses: the calls for backups are unknown to two of them."""
LOST = {
    "moto": {"table_class"},
    "dynoxide": set[str](),
    "dynamodb_local": {"table_class"},
}
"""Settings that an engine takes and does not keep. DynamoDB Local knows no tags either, and says so."""


@pytest.fixture
def target(engine: Engine) -> Target:
    return Target(engine.url, "us-east-1", 30, 4)


@pytest.fixture
def made(target: Target, table_prefix: str) -> Iterator[str]:
    name = f"{table_prefix}Set"
    tables.create_table(target, name, DESIGN)
    tables.wait_active(target, name)
    yield name
    target.client.update_table(TableName=name, DeletionProtectionEnabled=False)
    tables.delete_table(target, name)


def test_a_new_table_has_the_settings_of_its_design(target: Target, engine: Engine, made: str) -> None:
    assert configure(target, made, later_requests(made, DESIGN)) == UNKNOWN[engine.name]
    facts = tables.wait_active(target, made)
    assert {line.split(": ")[0] for line in differences(target, facts, DESIGN)} == LOST[engine.name]
    assert list(differences(target, facts, PLAIN)) == []
    assert facts.settings.deletion_protection


def test_every_setting_that_differs_is_said(target: Target, engine: Engine, made: str) -> None:
    configure(target, made, later_requests(made, DESIGN))
    others = Settings(
        billing="on_demand", capacity=Throughput(7, 6), warm_throughput=Throughput(1, 10**6),
        stream="old_image", table_class="standard", point_in_time_recovery=35,
        deletion_protection=False, ttl="Other", tags={"Team": "other"},
    )  # fmt: skip
    facts = tables.wait_active(target, made)
    found = set(differences(target, facts, replace(DESIGN, settings=others)))
    said = {
        "billing: provisioned; the design says on_demand",
        "capacity: 5 read and 6 write units a second; the design says 7 read and 6 write units a second",
        "capacity of GSI1: 5 read and 6 write units a second; "
        "the design says 7 read and 6 write units a second",
        "stream: new_image; the design says old_image",
        "deletion_protection: on; the design says off",
        "ttl: Ends; the design says Other",
    }
    if engine.name == "moto":
        warm = "13,000 read and 5,000 write units a second; the design says 1 read and 1,000,000 write units"
        said |= {"point_in_time_recovery: 7; the design says 35", f"warm_throughput: {warm} a second"}
    if engine.name == "dynoxide":
        said |= {"table_class: infrequent_access; the design says standard"}
    if engine.name != "dynamodb_local":
        said |= {"tags: Stage=test, Team=music; the design says Team=other"}
    assert found == said


def test_the_requests() -> None:
    request = table_definition("t", DESIGN)
    throughput = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    warm = {"ReadUnitsPerSecond": 13_000, "WriteUnitsPerSecond": 5_000}
    assert (
        request
        | {
            "BillingMode": "PROVISIONED",
            "ProvisionedThroughput": throughput,
            "WarmThroughput": warm,
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            "TableClass": "STANDARD_INFREQUENT_ACCESS",
            "DeletionProtectionEnabled": True,
            "Tags": [{"Key": "Team", "Value": "music"}, {"Key": "Stage", "Value": "test"}],
        }
        == request
    )
    [index] = request["GlobalSecondaryIndexes"]
    assert (index["ProvisionedThroughput"], index["WarmThroughput"]) == (throughput, warm)
    on_demand = replace(EVERYTHING, billing="on_demand", warm_throughput=None)
    own = Index("GSI1", "G", capacity=Throughput(1, 2))
    local = Index("LSI1", "PK", "L", local=True)
    request = table_definition("t", replace(DESIGN, settings=on_demand, indexes=(own, local)))
    assert request["OnDemandThroughput"] == {"MaxReadRequestUnits": 5, "MaxWriteRequestUnits": 6}
    [index] = request["GlobalSecondaryIndexes"]
    assert index["OnDemandThroughput"] == {"MaxReadRequestUnits": 1, "MaxWriteRequestUnits": 2}
    assert request["LocalSecondaryIndexes"][0].keys() == {"IndexName", "KeySchema", "Projection"}
    assert list(later_requests("t", DESIGN)) == ["ttl", "point_in_time_recovery"]
    assert table_definition("t", PLAIN).keys() == {
        "TableName", "BillingMode", "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes",
    }  # fmt: skip
    assert later_requests("t", PLAIN) == {}


def test_what_an_import_does_not_set_is_set_once(target: Target, table_prefix: str) -> None:
    name, design = f"{table_prefix}Bare", replace(DESIGN, settings=replace(EVERYTHING, table_class=None))
    target.client.create_table(**import_definition(name, design))
    try:
        complete(target, tables.wait_active(target, name), design)
        facts = tables.wait_active(target, name)
        assert list(differences(target, facts, design)) == []
        complete(target, facts, design)
    finally:
        target.client.update_table(TableName=name, DeletionProtectionEnabled=False)
        tables.delete_table(target, name)


def test_the_requests_after_an_import() -> None:
    requests = requests_after_import("t", "arn:t", DESIGN)
    assert [(setting, action) for setting, (action, _) in requests.items()] == [
        ("stream", "UpdateTable"), ("table_class", "UpdateTable"), ("warm_throughput", "UpdateTable"),
        ("deletion_protection", "UpdateTable"), ("tags", "TagResource"), ("ttl", "UpdateTimeToLive"),
        ("point_in_time_recovery", "UpdateContinuousBackups"),
    ]  # fmt: skip
    assert requests["tags"][1]["ResourceArn"] == "arn:t"
    assert requests["stream"][1].keys() == {"TableName", "StreamSpecification"}
    whole = table_definition("t", DESIGN).keys()
    later = {key for _, request in requests.values() for key in request}
    assert whole == (import_definition("t", DESIGN).keys() | later) & whole
    assert beyond_import("t", DESIGN) == []
    local = replace(DESIGN, indexes=(Index("LSI1", "PK", "L", local=True),))
    assert beyond_import("t", local) == ["LocalSecondaryIndexes"]


def test_backups_that_are_not_ready_yet_are_asked_for_again() -> None:
    later = failure("ContinuousBackupsUnavailableException")
    world = World(update_time_to_live=[{}], update_continuous_backups=[later, later, {}])
    assert configure(world.target, "t", later_requests("t", DESIGN), world.patience) == []
    assert world.calls == ["update_time_to_live", *["update_continuous_backups"] * 3]
    assert world.now > 0
    world = World(update_time_to_live=[failure("AccessDeniedException")])
    with pytest.raises(TargetError, match="set ttl of the table"):
        configure(world.target, "t", later_requests("t", DESIGN), world.patience)


@pytest.mark.parametrize(
    "body",
    [{}, {"Tags": [{"Value": "x"}]}, {"TimeToLiveDescription": 5}, {"ContinuousBackupsDescription": []}],
    ids=str,
)
def test_what_tells_no_setting_is_no_answer(body: dict[str, object]) -> None:
    there = {name: value for name, value in described()["Table"].items() if name != "CreationDateTime"}
    table, reply = replies(line({"Table": there}) + b"\n" + line(body))
    design = replace(PLAIN, settings=Settings(ttl="Until", point_in_time_recovery=7, tags={"Team": "music"}))
    with answering(lambda operation: table if operation == "DescribeTable" else reply) as endpoint:
        facts = tables.describe(endpoint, "t")
        assert facts
        with pytest.raises(TargetError, match="read the settings"):
            list(differences(endpoint, facts, design))
