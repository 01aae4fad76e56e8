"""moto with its slow spots taken out. Only the embedded server process imports this.

moto sorts all items of a table for every Query by comparing key objects in Python, and looks for each text
and number that it answers under some forty possible attribute names. Both are done directly here, with the
same result: a whole validation takes a third of the time.
"""

from __future__ import annotations

from typing import Any

_PLAIN = ({"S"}, {"N"})


def all_items(table: Any) -> list[Any]:
    """What moto's `Table.all_items` returns: every item, in the order of its keys."""
    if not table.range_key_attr:
        return sorted(table.items.values(), key=lambda item: _native(item.hash_key))
    items = [item for collection in table.items.values() for item in collection.values()]
    return sorted(items, key=lambda item: (_native(item.hash_key), _native(item.range_key)))


def _native(key: Any) -> Any:
    return key.value if key.type == "S" else key.cast_value


def install() -> None:
    """Puts both in the place of moto's own. Raises ImportError where moto has been rebuilt."""
    from moto.core.serialize import BaseJSONSerializer
    from moto.dynamodb.models.table import Table

    thorough = BaseJSONSerializer._serialize_type_structure

    def structure(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and type(value) is dict and value.keys() in _PLAIN:
            serialized[key] = value
        else:
            thorough(self, serialized, value, shape, key)

    setattr(BaseJSONSerializer, "_serialize_type_structure", structure)  # noqa: B010  # mypy knows the type
    setattr(Table, "all_items", all_items)  # noqa: B010  # of the methods that these replace
