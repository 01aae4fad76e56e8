"""Items of a table by their keys, in the canonical text of expected ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeAlias, TypeVar

from migration_tool.model import key_values, wire_key
from migration_tool.target.items import require_items
from migration_tool.target.reader import MOST_KEYS, get_items
from migration_tool.target.wire import Wire
from migration_tool.verify.canonical import canonical_texts

T = TypeVar("T")
Key: TypeAlias = tuple[str, str]
"""Partition key and sort key."""

MOST_BYTES = 1024 * 1024
"""Of expected text in a group; one item may have more. Many groups are under way at a time."""


def in_groups(items: Iterable[tuple[Key, T]], size: Callable[[T], int]) -> Iterator[dict[Key, T]]:
    """As many as are asked for together, no key twice in one group.

    size  of what is expected under a key, in bytes
    """
    group: dict[Key, T] = {}
    held = 0
    for key, value in items:
        if key in group or len(group) == MOST_KEYS or held >= MOST_BYTES:
            yield group
            group, held = {}, 0
        group[key] = value
        held += size(value)
    if group:
        yield group


def look_up(
    wire: Wire, table: str, names: tuple[str, ...], groups: Iterable[tuple[T, Collection[Key]]]
) -> Iterator[tuple[T, dict[Key, bytes]]]:
    """The items that are there of each group of keys, strongly consistent; groups come in any order.

    names   of the key attributes
    groups  each with at most `reader.MOST_KEYS` keys, none twice

    Raises TargetError.
    """
    asked = ((tag, [wire_key(names, key) for key in keys]) for tag, keys in groups)
    for tag, items in get_items(wire, table, asked):
        require_items(table, items)
        keys = [key_values(item, names) for item in items]
        yield tag, dict(zip(keys, canonical_texts(items), strict=True))
