"""The engines answer, and a missing one is loud where it must be."""

from __future__ import annotations

import os

import pytest

from tests.engines import Engine, unavailable


def test_every_engine_answers(engine: Engine) -> None:
    assert isinstance(engine.call("ListTables", {})["TableNames"], list)


def test_a_table_of_one_engine_is_there_and_can_be_written(engine: Engine, table_prefix: str) -> None:
    name = f"{table_prefix}Numbers"
    key = {"AttributeName": "PK", "KeyType": "HASH"}
    attribute = {"AttributeName": "PK", "AttributeType": "S"}
    engine.call(
        "CreateTable",
        {
            "TableName": name,
            "KeySchema": [key],
            "AttributeDefinitions": [attribute],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )
    engine.call("PutItem", {"TableName": name, "Item": {"PK": {"S": "a"}, "n": {"N": "1"}}})
    assert engine.call("Scan", {"TableName": name})["Items"] == [{"PK": {"S": "a"}, "n": {"N": "1"}}]


def test_a_missing_engine_skips_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_ENGINES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="run scripts/engines"):
        unavailable("not there: run scripts/engines")


def test_a_missing_engine_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_ENGINES", "1")
    with pytest.raises(pytest.fail.Exception, match="run scripts/engines"):
        unavailable("not there: run scripts/engines")


def test_the_developers_aws_settings_are_out_of_reach() -> None:
    ours = {"AWS_EC2_METADATA_DISABLED", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"}
    assert {name for name in os.environ if name.startswith(("AWS_", "MIGRATION_"))} == ours
