"""From Python: items over 400 KB, as they are written."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import boto3
import pytest

from migration_tool import Config, Design, Source, plan, run
from tests.api.conftest import change

WORDS = "words " * 200_000
NOTES = """
version: 1
table: Notes
entities:
  Customer: {oversize: POLICY, keys: {PK: "C#{CustomerId}", SK: "#"}}
"""


@pytest.fixture
def large(database: Path) -> Path:
    change(database, f"UPDATE Customer SET Name = '{WORDS}' WHERE CustomerId = 1")
    return database


def notes(folder: Path, policy: str) -> Design:
    path = folder / f"{policy}.yaml"
    path.write_text(NOTES.replace("POLICY", policy))
    return Design(path)


def stored(config: Config, table: str) -> dict[str, dict[str, Any]]:
    """What the table holds, by partition key, without the lease."""
    client = boto3.client(
        "dynamodb", endpoint_url=config.endpoint, region_name="us-east-1",
        aws_access_key_id="any", aws_secret_access_key="any",
    )  # fmt: skip
    pages = client.get_paginator("scan").paginate(TableName=table)
    items = [item for page in pages for item in page["Items"] if "EntityType" in item]
    return {f"{item['PK']['S']} {item['SK']['S']}": item for item in items}


def test_chunk_items_come_behind_their_item(
    large: Path, tmp_path: Path, moto_server: str, table_prefix: str
) -> None:
    design = notes(tmp_path, "split")
    with Source(large) as source:
        item, *chunks, other = design.items(source)
    assert (item.key, other.key, len(chunks)) == (("C#1", "#"), ("C#2", "#"), 4)
    assert item.attributes["Name"] == WORDS and "Name" not in item.wire
    assert {chunk.entity for chunk in chunks} == {"Customer"}
    config = Config.of(
        large, [design], folder=tmp_path / "work", endpoint=moto_server, table_prefix=table_prefix
    )
    run(config)
    found = stored(config, config.table_name("split"))
    assert found.keys() == {" ".join(made.key) for made in (item, *chunks, other)}
    assert [found[" ".join(chunk.key)]["Data"]["B"] for chunk in chunks] == [
        chunk.attributes["Data"] for chunk in chunks
    ]


@pytest.mark.parametrize("policy", ["compress", "s3"])
def test_what_has_left_an_item_is_back_in_its_attributes(large: Path, tmp_path: Path, policy: str) -> None:
    with Source(large) as source:
        item, other = notes(tmp_path, policy).items(source)
    assert item.attributes["Name"] == WORDS and other.attributes["Name"] == "Bo"
    assert item.size < 409_600 and other.content == b""
    if policy == "s3":
        assert item.wire["~oversize"]["M"]["Sha256"] == {"S": hashlib.sha256(item.content).hexdigest()}


def test_an_application_reads_and_writes_items_with_their_chunks(large: Path, tmp_path: Path) -> None:
    config = Config.of(large, [notes(tmp_path, "split")], folder=tmp_path, endpoint="embedded")
    planned = plan(config, reads_per_second=0, writes_per_second=1)
    assert planned.items == 2 and planned.write_units > 1000
    month = planned.months[0]
    assert month.writes == pytest.approx(planned.write_units / 2 * 730 * 3600 * 0.625e-6)
