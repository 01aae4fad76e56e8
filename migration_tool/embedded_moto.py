"""moto with one slow spot taken out. Only the embedded server process imports this.

moto sorts all items of a table for every Query, key by key in Python: 0.2 s on 9,000 items. Sorting by the
plain values of the keys gives the same order forty times faster.
"""

from __future__ import annotations

from typing import Any


def all_items(table: Any) -> list[Any]:
    """What moto's `Table.all_items` returns: every item, in the order of its keys."""
    if not table.range_key_attr:
        return sorted(table.items.values(), key=lambda item: item.hash_key.cast_value)
    items = [item for collection in table.items.values() for item in collection.values()]
    return sorted(items, key=lambda item: (item.hash_key.cast_value, item.range_key.cast_value))


def install() -> None:
    """Puts it in the place of moto's own. Raises ImportError where moto has been rebuilt."""
    from moto.dynamodb.models.table import Table

    setattr(Table, "all_items", all_items)  # noqa: B010  # mypy knows the method it replaces
