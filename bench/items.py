"""The items that a design gives, for the peers: the only place here that knows the product's inside.

    python -m bench.items SOURCE DESIGN.yaml COUNT FILE

writes an even choice of COUNT items (all, where there are fewer) to FILE, one wire item a line.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.load import load_design
from migration_tool.model import EncodedItem
from migration_tool.source.sqlite import SqliteSource


def compiled(source: SqliteSource, design: Path) -> CompiledDesign:
    return compile_design(load_design(design), source.schema)


def encoded(source: SqliteSource, design: Path) -> Iterator[EncodedItem]:
    for entity in compiled(source, design).entities:
        for _, row in source.rows(entity.read):
            yield entity.item(row)


def choice(source: SqliteSource, design: Path, count: int) -> Iterator[EncodedItem]:
    """`count` items, evenly spread over all of them."""
    total = sum(source.count(entity.read) for entity in compiled(source, design).entities)
    for number, item in enumerate(encoded(source, design)):
        if number * count // total != (number + 1) * count // total or total <= count:
            yield item


def wire_items(file: Path) -> list[dict[str, Any]]:
    """What `main` has written."""
    return [json.loads(line) for line in file.read_text().splitlines()]


def plain(value: dict[str, Any]) -> Any:
    """A wire value as what boto3 takes: Decimal for a number that is not whole."""
    ((kind, content),) = value.items()
    if kind == "N":
        number = Decimal(content)
        return int(number) if number == number.to_integral_value() else number
    if kind == "L":
        return [plain(element) for element in content]
    if kind == "M":
        return {name: plain(element) for name, element in content.items()}
    return None if kind == "NULL" else content


def plain_item(item: dict[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in item.items()}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("design", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    with SqliteSource(given.source) as source, given.file.open("w") as file:
        written = sum(bool(file.write(item[2] + "\n")) for item in choice(source, given.design, given.count))
    print(json.dumps({"items": written}))


if __name__ == "__main__":
    main()
