from __future__ import annotations

from typing import Any

import pytest

from migration_tool.design.access import arguments_of, requests
from migration_tool.design.model import Requests
from migration_tool.errors import UsageError

from .conftest import HEAD, Load

ENTITIES = """
indexes: {GSI1: [GP, GS], Flat: [FP, FS]}
entities:
  Thing:
    keys:
      PK: "T#{id}"
      SK: "S#{n:5}"
      GP: "N#{shard(id, 3)}"
      GS: "{lower(Name)}"
      FP: "F#{kind}"
      FS: "{day}"
"""


def ask(load: Load, question: str, **arguments: Any) -> Requests:
    parameters = "{" + ", ".join(f"{name}: {type_of(value)}" for name, value in arguments.items()) + "}"
    text = f"access_patterns: {{p: {{parameters: {parameters}, sql: SELECT 1, cases: SELECT 1, {question}}}}}"
    design = load(HEAD + ENTITIES + text)
    (pattern,) = design.patterns
    return requests(pattern, design.key_of(pattern.index), arguments)


def type_of(value: Any) -> str:
    return {int: "integer", str: "text", float: "number"}[type(value)]


def test_a_get(load: Load) -> None:
    assert ask(load, 'get: {PK: "T#{id}", SK: "S#{n:5}"}', id=7, n=42) == Requests(
        "GetItem",
        ({"Key": {"PK": {"S": "T#7"}, "SK": {"S": "S#00042"}}, "ConsistentRead": True},),
        None,
        False,
    )


def test_a_query_of_the_table(load: Load) -> None:
    found = ask(
        load, 'query: {partition: "T#{id}", sort: {begins_with: "S#{n:5}"}, order: descending}', id=7, n=4
    )
    assert (found.operation, found.order_by, found.descending) == ("Query", None, True)
    assert found.bodies == (
        {
            "KeyConditionExpression": "#k0 = :k0_0 AND begins_with(#k1, :k1_0)",
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "ExpressionAttributeNames": {"#k0": "PK", "#k1": "SK"},
            "ExpressionAttributeValues": {":k0_0": {"S": "T#7"}, ":k1_0": {"S": "S#00004"}},
        },
    )


def test_a_query_of_an_index_is_not_consistent(load: Load) -> None:
    (body,) = ask(load, 'query: {index: Flat, partition: "F#{kind}"}', kind="x").bodies
    assert body["IndexName"] == "Flat"
    assert "ConsistentRead" not in body
    assert body["KeyConditionExpression"] == "#k0 = :k0_0"
    assert body["ExpressionAttributeNames"] == {"#k0": "FP"}


@pytest.mark.parametrize(
    ("sort", "condition"),
    [
        ('"{a}"', "#k1 = :k1_0"),
        ('{equals: "{a}"}', "#k1 = :k1_0"),
        ('{begins_with: "{a}"}', "begins_with(#k1, :k1_0)"),
        ('{at_least: "{a}"}', "#k1 >= :k1_0"),
        ('{at_most: "{a}"}', "#k1 <= :k1_0"),
        ('{between: ["{a}", "{a}~"]}', "#k1 BETWEEN :k1_0 AND :k1_1"),
    ],
)
def test_sort_operators(load: Load, sort: str, condition: str) -> None:
    (body,) = ask(load, f"query: {{index: Flat, partition: 'F#x', sort: {sort}}}", a="2020").bodies
    assert body["KeyConditionExpression"] == f"#k0 = :k0_0 AND {condition}"
    values = body["ExpressionAttributeValues"]
    assert values[":k1_0"] == {"S": "2020"}
    assert values.get(":k1_1", {"S": "2020~"}) == {"S": "2020~"}
    assert len(values) == condition.count(":") + 1


def test_an_empty_prefix_restricts_nothing(load: Load) -> None:
    question = 'query: {index: Flat, partition: "F#x", sort: {begins_with: "{a}"}}'
    (body,) = ask(load, question, a="").bodies
    assert body["KeyConditionExpression"] == "#k0 = :k0_0"
    assert set(body["ExpressionAttributeNames"]) == {"#k0"}
    assert set(body["ExpressionAttributeValues"]) == {":k0_0"}


def test_filters(load: Load) -> None:
    question = 'query: {partition: "T#1", filter: {Path: {contains: "/{a}/"}, Day: {between: ["{a}", "9"]}}}'
    (body,) = ask(load, question, a=5).bodies
    assert body["FilterExpression"] == "contains(#f0, :f0_0) AND #f1 BETWEEN :f1_0 AND :f1_1"
    assert body["ExpressionAttributeNames"] == {"#k0": "PK", "#f0": "Path", "#f1": "Day"}
    assert body["ExpressionAttributeValues"] == {
        ":k0_0": {"S": "T#1"},
        ":f0_0": {"S": "/5/"},
        ":f1_0": {"S": "5"},
        ":f1_1": {"S": "9"},
    }


def test_a_sharded_listing_asks_every_shard_and_merges_by_the_sort_key(load: Load) -> None:
    question = 'query: {index: GSI1, partition: "N#{shard(3)}", sort: {begins_with: "{lower(a)}"}}'
    found = ask(load, question, a="AB")
    assert found.order_by == "GS"
    asked = [body["ExpressionAttributeValues"] for body in found.bodies]
    assert asked == [{":k0_0": {"S": f"N#{n}"}, ":k1_0": {"S": "ab"}} for n in range(3)]


def test_a_known_value_has_one_shard(load: Load) -> None:
    found = ask(load, 'query: {index: GSI1, partition: "N#{shard(id, 3)}"}', id=1)
    assert found.order_by is None
    assert [body["ExpressionAttributeValues"] for body in found.bodies] == [{":k0_0": {"S": "N#1"}}]


@pytest.mark.parametrize("value", [-1, 100_000])
def test_a_value_that_cannot_stand_in_the_key(load: Load, value: int) -> None:
    with pytest.raises(UsageError, match="does not fit in 5 digits"):
        ask(load, 'get: {PK: "T#1", SK: "S#{n:5}"}', n=value)


def pattern_with(load: Load, parameters: str) -> Any:
    text = "access_patterns: {p: {sql: SELECT 1, cases: SELECT 1, query: {partition: 'T#1'}, parameters: "
    return load(HEAD + ENTITIES + text + parameters + "}}").patterns[0]


def test_arguments_are_typed_and_defaults_filled_in(load: Load) -> None:
    pattern = pattern_with(load, "{a: integer, b: number, c: text, d: {type: text, default: x}}")
    arguments = arguments_of(pattern, {"c": "5", "a": "5", "b": "5"})
    assert arguments == {"a": 5, "b": 5.0, "c": "5", "d": "x"}
    assert [type(value) for value in arguments.values()] == [int, float, str, str]
    assert arguments_of(pattern, {"a": "1", "b": "1", "c": "1", "d": ""})["d"] == ""


def test_all_that_is_wrong_with_arguments_is_said_at_once(load: Load) -> None:
    pattern = pattern_with(load, "{a: integer, b: number, c: text}")
    with pytest.raises(UsageError) as raised:
        arguments_of(pattern, {"a": "x", "z": "1", "b": "nan"})
    assert raised.value.faults == (
        "unknown parameter 'z'",
        "a='x' is not of type integer",
        "b='nan' is not of type number",
        "missing parameter c (text)",
    )
    assert raised.value.hint == "It takes: a=… b=… c=…"
