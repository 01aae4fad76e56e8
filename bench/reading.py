"""The other way to compare a table with what it should hold, as boto3's own parts give it.

    python -m bench.reading URL TABLE FILE

FILE comes from bench.items and holds all expected items. Building the expected dicts from it is not charged:
only the paginated Scan, TypeDeserializer, and the comparison of each item with the expected dict of its key.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer

from bench.items import plain_item, wire_items

_REGION = "us-east-1"
Key = tuple[str, str]


def compare(client: Any, table: str, expected: dict[Key, dict[str, Any]]) -> int:
    """How many items were read. Raises RuntimeError unless they are exactly the expected ones."""
    deserialize = TypeDeserializer().deserialize
    different, read, left = 0, 0, set(expected)
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for wire in page["Items"]:
            item = {name: deserialize(value) for name, value in wire.items()}
            key = item["PK"], item["SK"]
            different += item != expected.get(key)
            left.discard(key)
            read += 1
    if different or left:
        raise RuntimeError(f"{different} items differ, {len(left)} are missing")
    return read


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("table")
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    items = (plain_item(item) for item in wire_items(given.file))
    expected = {(item["PK"], item["SK"]): item for item in items}
    client = boto3.client("dynamodb", region_name=_REGION, endpoint_url=given.url)
    began = time.perf_counter()
    read = compare(client, given.table, expected)
    print(json.dumps({"items": read, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
