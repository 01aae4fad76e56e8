"""Which attributes of two items of one key differ, short enough to be read."""

from __future__ import annotations

from typing import Any

import orjson

from migration_tool.attributes import canonical_item, plain
from migration_tool.model import AttributeValue, WireItem
from migration_tool.oversize import restored
from migration_tool.verify.json_form import json_text
from migration_tool.verify.report import AttributeDifference

LONGEST_VALUE = 2_000
"""Characters of JSON that one value may have before it is cut to the part that differs."""

_BEFORE, _AFTER = 60, 240


def attribute_differences(expected: WireItem, actual: WireItem) -> tuple[AttributeDifference, ...]:
    """Every attribute that is not the same in both, by name; compressed ones as what they were."""
    expected, actual = restored(expected), restored(actual)
    names = sorted(expected.keys() | actual.keys())
    pairs = ((name, expected.get(name), actual.get(name)) for name in names)
    return tuple(
        AttributeDifference(name, *_shown(wanted, found))
        for name, wanted, found in pairs
        if _text(wanted) != _text(found)
    )


def key_of(item: WireItem, keys: tuple[str, ...]) -> dict[str, Any]:
    """The plain values of the key attributes that the item has."""
    return {name: plain(item[name]) for name in keys if name in item}


def _text(value: AttributeValue | None) -> str:
    return "" if value is None else canonical_item({"value": value})


def _shown(expected: AttributeValue | None, actual: AttributeValue | None) -> tuple[Any, Any]:
    pair = tuple(None if value is None else plain(value) for value in (expected, actual))
    if json_text(pair[0]) == json_text(pair[1]):
        pair = (expected, actual)
    texts = [json_text(value, indent=False) for value in pair]
    if max(map(len, texts)) <= LONGEST_VALUE:
        return pair[0], pair[1]
    start = max(0, _first_difference(*texts) - _BEFORE)
    cut = [_cut(text, start) if len(text) > LONGEST_VALUE else value
           for value, text in zip(pair, texts, strict=True)]  # fmt: skip
    return cut[0], cut[1]


def _first_difference(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
                min(len(one), len(other)))  # fmt: skip


def _cut(text: str, start: int) -> str:
    end = start + _BEFORE + _AFTER
    before, after = "…" if start else "", "…" if end < len(text) else ""
    return f"{before}{text[start:end]}{after} ({len(text):,} characters)"


def parsed(text: str | bytes) -> WireItem:
    """An item's canonical text as an item."""
    item: WireItem = orjson.loads(text if isinstance(text, bytes) else text.encode())
    return item
