"""Items of a table by their keys, in the canonical text of expected ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias, TypeVar

from migration_tool.model import EncodedItem, key_values, wire_key
from migration_tool.target.items import require_items
from migration_tool.target.reader import MOST_KEYS, get_items
from migration_tool.target.wire import Wire
from migration_tool.verify.canonical import canonical_texts

T = TypeVar("T")
Key: TypeAlias = tuple[str, str]
"""Partition key and sort key."""

MOST_BYTES = 1024 * 1024
"""Characters of expected text in a group; one item may have more. Many groups are under way at a time."""


def in_groups(items: Iterable[EncodedItem]) -> Iterator[dict[Key, EncodedItem]]:
    """As many of the expected items as are asked for together, no key twice in one group."""
    group: dict[Key, EncodedItem] = {}
    held = 0
    for item in items:
        key = item[:2]
        if key in group or len(group) == MOST_KEYS or held >= MOST_BYTES:
            yield group
            group, held = {}, 0
        group[key] = item
        held += len(item[2])
    if group:
        yield group


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
