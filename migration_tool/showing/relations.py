"""Which tables of the source the designs read, and how these refer to one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from migration_tool.design.compile import CompiledDesign
from migration_tool.model import ChildRead, Join, Read, Schema, Table


@dataclass(frozen=True)
class Relation:
    """Rows of `child` hold in `columns` what `to` holds in a row of `parent`.

    declared  the source says so by a foreign key; else only a design follows it
    """

    child: str
    columns: tuple[str, ...]
    parent: str
    to: tuple[str, ...]
    declared: bool


@dataclass(frozen=True)
class Diagram:
    """The tables that designs read, in the order of the source, and the names of those that none reads."""

    tables: tuple[Table, ...]
    relations: tuple[Relation, ...]
    unread: tuple[str, ...]


def diagram(schema: Schema, designs: Sequence[CompiledDesign]) -> Diagram:
    reads = [entity.read for design in designs for entity in design.entities]
    followed = [relation for read in reads for relation in _followed(read)]
    names = {read.table for read in reads} | {name for r in followed for name in (r.parent, r.child)}
    declared = [relation for name in names for relation in _declared(schema, schema.tables[name])]
    shown = {_ends(relation): relation for relation in (*followed, *declared)}
    return Diagram(
        tables=tuple(table for name, table in schema.tables.items() if name in names),
        relations=tuple(sorted((r for r in shown.values() if r.parent in names), key=_ends)),
        unread=tuple(n for n, table in schema.tables.items() if n not in names and not table.is_view),
    )


def _ends(relation: Relation) -> tuple[str, tuple[str, ...], str, tuple[str, ...]]:
    return relation.child, relation.columns, relation.parent, relation.to


def _declared(schema: Schema, table: Table) -> Iterator[Relation]:
    for key in table.foreign_keys:
        parent = schema.table(key.table)
        if parent:
            columns = tuple(_spelt(table, name) for name in key.columns)
            to = tuple(_spelt(parent, name) for name in key.to) or parent.primary_key
            yield Relation(table.name, columns, parent.name, to, True)


def _spelt(table: Table, name: str) -> str:
    """A column's name as its own table writes it; a foreign key may write it in another case."""
    column = table.column(name)
    return column.name if column else name


def _followed(read: Read | ChildRead) -> Iterator[Relation]:
    """What lookups, lists and paths of an entity, or of a list in it, go by."""
    tables = {read.alias: read.table} | {join.alias: join.table for join in read.joins}
    for join in read.joins:
        yield from _joined(tables, join)
    for child in read.children:
        columns, to = zip(*child.on, strict=True)
        yield Relation(child.table, columns, read.table, to, False)
        yield from _followed(child)
    for ancestry in read.ancestries if isinstance(read, Read) else ():
        yield Relation(read.table, (ancestry.parent,), read.table, (ancestry.key,), False)


def _joined(tables: dict[str, str], join: Join) -> Iterator[Relation]:
    """One relation for each table that the columns looked up by stand in."""
    for alias in dict.fromkeys(ours.alias for _, ours in join.on):
        pairs = [(ours.column, theirs) for theirs, ours in join.on if ours.alias == alias]
        columns, to = zip(*pairs, strict=True)
        yield Relation(tables[alias], columns, join.table, to, False)
