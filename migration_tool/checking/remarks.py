"""What figures mean for whoever designs: sentences for what works and will hurt."""

from __future__ import annotations

from collections.abc import Iterator

from migration_tool.checking.figures import NEAR, EntityFigures, Spread, TableFigures
from migration_tool.costs import GB, NEW_TABLE_UNITS, PARTITION_UNITS
from migration_tool.limits import MAX_ITEM_BYTES
from migration_tool.rules import rule
from migration_tool.verify.report import many

EXAMPLES = 5
MAX_COLLECTION_BYTES = 10 * GB
"""Of an item collection, on a table with local indexes (AWS, "Item collections in local indexes")."""
_WORTH_SECONDS = 60
"""A partition that holds a load up for less is not worth a word."""


def data_faults(figures: TableFigures) -> Iterator[str]:
    """Rows that share a key, both named, and rows that would be rejected, with cause, remedy and examples."""
    shared = figures.collisions
    if shared.count:
        yield f"{many(shared.count, 'row')} would overwrite another's item"
        yield from (f"  {collision}" for collision in shared.named[:EXAMPLES])
    for entity in figures.entities:
        for refusal in entity.refusals:
            meant = rule(refusal.rule)
            yield f"{entity.name}: {many(refusal.rows, 'row')} would be rejected: {refusal.rule}"
            yield from (f"  {text}" for text in (meant.cause, meant.remedy, *refusal.examples))


def data_warnings(figures: TableFigures) -> Iterator[str]:
    """What is near a limit, empty, rounded or hot."""
    for entity in figures.entities:
        yield from _rows(entity)
    for spread in (figures.table, *figures.indexes):
        yield from _heat(figures, spread)
    collection = figures.collection
    if collection and collection.bytes > MAX_COLLECTION_BYTES:
        yield (
            f"the item collection of {collection.key!r} has {collection.bytes / GB:,.1f} GB with its copies "
            "in local indexes; on a table that has such indexes DynamoDB takes no more than 10 GB"
        )
    written = {name for entity in figures.entities for name in entity.members}
    for index in figures.indexes:
        if not index.items and figures.items and index.name in written:
            yield f"{index.name}: no item of this data is in it"


def _rows(entity: EntityFigures) -> Iterator[str]:
    if not entity.rows and entity.dropped:
        yield f"{entity.name}: `where` leaves out all of {entity.dropped:,} rows"
    if entity.oversize:
        yield too_large(entity)
    if entity.near_limit:
        key = " / ".join(entity.largest_key or ())
        alone = entity.largest_bytes >= NEAR * MAX_ITEM_BYTES
        copies = "" if alone else ", with their copies in local indexes"
        yield (
            f"{entity.name}: {many(entity.near_limit, 'item')} with {NEAR:.0%} of 400 KB or more{copies}; "
            f"the largest, {key}, has {entity.largest_bytes:,} of 409,600 bytes"
        )
    if entity.rounded.rows:
        yield (
            f"{entity.name}: {many(entity.rounded.rows, 'number')} too large for SQLite, which has rounded "
            "them when they were stored; nothing brings the digits back"
        )
        yield from (f"  {example}" for example in entity.rounded.examples)


def too_large(entity: EntityFigures) -> str:
    """What becomes of its items over 400 KB."""
    return f"{entity.name}: {many(entity.oversize, 'item')} over 400 KB, stored {_where(entity)}"


def _where(entity: EntityFigures) -> str:
    if entity.object_bytes:
        return f"with {entity.object_bytes:,} bytes in objects of S3"
    return f"in {many(entity.chunks, 'chunk item')} more" if entity.chunks else "compressed"


def _heat(figures: TableFigures, spread: Spread) -> Iterator[str]:
    """A key that holds the load up longer than all writes of its table together would."""
    usual = max(figures.table.write_units / NEW_TABLE_UNITS, _WORTH_SECONDS)
    for key in spread.hottest[:1]:
        seconds = key.write_units / PARTITION_UNITS
        if seconds > usual:
            yield (
                f"{spread.name or 'the table'}: {key.share:.0%} of the writes go to the partition key "
                f"{key.key!r}, which takes {seconds:,.0f} s at {PARTITION_UNITS:,} units a second; "
                "shard() spreads it"
            )
