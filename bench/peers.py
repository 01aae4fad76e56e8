"""The other ways to write these items, each as its authors show it.

    python -m bench.peers KIND URL TABLE FILE [--like OTHER_TABLE]

FILE comes from bench.items. A peer is charged for its writing alone: reading the rows, looking up and shaping
them into items, which the product does as well, is done before the clock starts. Each peer is given the items
in the form it asks for: plain Python dicts, for PynamoDB model instances.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from boto3.dynamodb.types import TypeSerializer

from bench.items import plain_item, wire_items

Item = dict[str, Any]
Writing = Callable[[], None]
THREADS = 8
_BATCH = 25
_REGION = "us-east-1"
_KEYS = ("PK", "SK")


def batch_writer(url: str, table: str, items: Sequence[Item]) -> Writing:
    """boto3's `Table.batch_writer`."""
    resource = boto3.resource("dynamodb", region_name=_REGION, endpoint_url=url).Table(table)

    def write() -> None:
        with resource.batch_writer() as batch:
            for item in items:
                batch.put_item(Item=item)

    return write


def client_threads(url: str, table: str, items: Sequence[Item]) -> Writing:
    """boto3's `client.batch_write_item` with TypeSerializer, in 8 threads that share the client."""
    client = boto3.client("dynamodb", region_name=_REGION, endpoint_url=url)
    serialize = TypeSerializer().serialize

    def send(start: int) -> None:
        chunk = items[start : start + _BATCH]
        left = {
            table: [{"PutRequest": {"Item": {n: serialize(v) for n, v in item.items()}}} for item in chunk]
        }
        while left:
            left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]

    def write() -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(send, range(0, len(items), _BATCH)))

    return write


def pynamodb(url: str, table: str, items: Sequence[Item]) -> Writing:
    """PynamoDB's `Model.batch_write`. Its NumberAttribute takes float, not Decimal."""
    from pynamodb.attributes import NumberAttribute, UnicodeAttribute
    from pynamodb.models import Model

    numbers = {name for item in items for name, value in item.items() if not isinstance(value, str)}
    names = {name for item in items for name in item} - set(_KEYS)
    body: dict[str, Any] = {
        "Meta": type("Meta", (), {"table_name": table, "host": url, "region": _REGION}),
        _KEYS[0]: UnicodeAttribute(hash_key=True),
        _KEYS[1]: UnicodeAttribute(range_key=True),
    }
    body |= {n: NumberAttribute(null=True) if n in numbers else UnicodeAttribute(null=True) for n in names}
    model: Any = type("Peer", (Model,), body)
    models = [model(**{n: float(v) if n == "UnitPrice" else v for n, v in item.items()}) for item in items]

    def write() -> None:
        with model.batch_write() as batch:
            for one in models:
                batch.save(one)

    return write


def awswrangler(url: str, table: str, items: Sequence[Item]) -> Writing:
    """awswrangler's `dynamodb.put_items`."""
    import awswrangler as wr

    wr.config.dynamodb_endpoint_url = url
    session = boto3.Session(region_name=_REGION)

    def write() -> None:
        wr.dynamodb.put_items(items=list(items), table_name=table, boto3_session=session)

    return write


KINDS: dict[str, Callable[[str, str, Sequence[Item]], Writing]] = {
    "batch_writer": batch_writer,
    "client_threads": client_threads,
    "pynamodb": pynamodb,
    "awswrangler": awswrangler,
}


def create_like(url: str, other: str, table: str) -> None:
    """An empty table with the keys and indexes of another one; one that is there is dropped first."""
    client = boto3.client("dynamodb", region_name=_REGION, endpoint_url=url)
    if table in client.list_tables()["TableNames"]:
        client.delete_table(TableName=table)
        client.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
    facts = client.describe_table(TableName=other)["Table"]
    indexes = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in facts.get("GlobalSecondaryIndexes", ())
    ]
    more: dict[str, Any] = {"GlobalSecondaryIndexes": indexes} if indexes else {}
    client.create_table(
        TableName=table, KeySchema=facts["KeySchema"], AttributeDefinitions=facts["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST", **more,
    )  # fmt: skip
    client.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("url")
    parser.add_argument("table")
    parser.add_argument("file", type=Path)
    parser.add_argument("--like")
    given = parser.parse_args()
    if given.like:
        create_like(given.url, given.like, given.table)
    items = [plain_item(item) for item in wire_items(given.file)]
    write = KINDS[given.kind](given.url, given.table, items)
    cpu, began, started = time.process_time(), time.perf_counter(), time.time()
    write()
    seconds = time.perf_counter() - began
    figures = {
        "items": len(items), "started": started, "seconds": seconds, "cpu_seconds": time.process_time() - cpu
    }  # fmt: skip
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
