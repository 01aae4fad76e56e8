"""What a compiled design makes of a source, as plain data."""

from __future__ import annotations

from typing import Any

import orjson

from migration_tool.attributes import canonical_item, plain
from migration_tool.design.compile import CompiledDesign
from migration_tool.errors import RowRejected
from migration_tool.source.sqlite import SqliteSource

THING = "CREATE TABLE Thing (Id INTEGER PRIMARY KEY, Name TEXT, Price REAL, MakerId INT, Data BLOB, Any);"
KEYS = 'keys: {PK: "T#{Id}", SK: x}'


def items(bound: tuple[SqliteSource, CompiledDesign], entity: str = "Thing") -> list[dict[str, Any]]:
    """The items of an entity. Their text is checked to be in the canonical form and to hold their keys."""
    source, design = bound
    compiled = design.entity(entity)
    found = []
    for _, row in source.rows(compiled.read):
        pk, sk, text = compiled.item(row)
        item = orjson.loads(text)
        keys = design.design.keys
        assert (item[keys[0]], item[keys[1]]) == ({"S": pk}, {"S": sk})
        assert canonical_item(item) == text
        found.append({name: plain(value) for name, value in item.items()})
    return found


def rejects(bound: tuple[SqliteSource, CompiledDesign], entity: str = "Thing") -> list[RowRejected | None]:
    """For each row its rejection, or None."""
    source, design = bound
    found: list[RowRejected | None] = []
    for _, row in source.rows(design.entity(entity).read):
        try:
            design.entity(entity).item(row)
        except RowRejected as rejected:
            found.append(rejected)
        else:
            found.append(None)
    return found


def rules(bound: tuple[SqliteSource, CompiledDesign], entity: str = "Thing") -> list[str]:
    """For each row the rule that rejects it, or ""."""
    return [rejected.rule if rejected else "" for rejected in rejects(bound, entity)]
