"""Write units: what DynamoDB counts for putting a new item, of the table and of each index that copies it.

AWS, "Capacity unit consumption for write operations": each 1 KB begun of the item, and the same of its copy
in every index that it is in, which has the attributes that the index projects.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from migration_tool.design.model import Design, Index
from migration_tool.limits import item_size
from migration_tool.model import WireItem

WRITE_UNIT_BYTES = 1024


def units(size: int) -> int:
    """Units to write so many bytes."""
    return -(-size // WRITE_UNIT_BYTES)


def copies(design: Design, item: WireItem, size: int) -> Iterator[tuple[Index, int]]:
    """Each index that the item is in, and the bytes of its copy there; `size` is the item's own."""
    for index in design.indexes:
        if index.holds(item):
            yield index, _copied(design.projected(index.name), item, size)


def local_indexes(design: Design) -> int:
    """How many of the indexes are local: each may hold a copy of an item, which counts as the item's size."""
    return sum(index.local for index in design.indexes)


def counted(design: Design, item: WireItem) -> int:
    """Bytes that count towards the 400 KB of an item: with its copies in local indexes.

    AWS, "Constraints": "Item size for tables with local secondary indexes".
    """
    size = item_size(item)
    return size + sum(copied for index, copied in copies(design, item, size) if index.local)


def _copied(projected: Collection[str] | None, item: WireItem, size: int) -> int:
    """Bytes of the copy; None: all of the item."""
    return size if projected is None else item_size({n: v for n, v in item.items() if n in projected})
