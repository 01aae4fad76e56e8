"""Items of a table by their keys, in the canonical text of expected ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias, TypeVar

from migration_tool.model import key_values, wire_key
from migration_tool.target.items import require_items
from migration_tool.target.reader import get_items
from migration_tool.target.wire import Wire
from migration_tool.verify.canonical import canonical_texts

T = TypeVar("T")
Key: TypeAlias = tuple[str, str]
"""Partition key and sort key."""


def look_up(
    wire: Wire, table: str, names: tuple[str, ...], groups: Iterable[tuple[T, Collection[Key]]]
) -> Iterator[tuple[T, dict[Key, bytes]]]:
    """The items that are there of each group of keys, strongly consistent; groups come in any order.

    Those whose object is not what they say tell it in `~oversize`.

    names   of the key attributes
    groups  each with at most `reader.MOST_KEYS` keys, none twice

    Raises TargetError.
    """
    asked = ((tag, [wire_key(names, key) for key in keys]) for tag, keys in groups)
    for tag, found in get_items(wire, table, asked):
        require_items(table, found)
        items = wire.objects.as_found(table, found) if wire.objects else found
        keys = [key_values(item, names) for item in items]
        yield tag, dict(zip(keys, canonical_texts(items), strict=True))
