"""What of the source no item carries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from migration_tool.design.compile import CompiledDesign, CompiledEntity
from migration_tool.design.shape import Shape
from migration_tool.model import Ancestry, ChildRead, Join, Read, Schema

Place: TypeAlias = tuple[str, str]
"""A table and one of its columns."""


def unreached(compiled: Iterable[CompiledDesign], schema: Schema) -> list[str]:
    """A line for each table that the designs read in part, and one for those that they do not read.

    A column counts as carried if its value stands in an item: in an attribute, in a key, or in the column
    that a lookup or a list equates it with.
    """
    carried, read = set[Place](), set[str]()
    for entity in (entity for design in compiled for entity in design.entities):
        found = _Entity(entity)
        carried |= found.carried
        read |= found.tables
    lines = []
    for name in sorted(read):
        table = schema.tables[name]
        missing = [c.name for c in table.columns if (name, c.name) not in carried]
        if missing:
            lines.append(f"no item carries {name}.{f', {name}.'.join(missing)}")
    unread = sorted(t.name for t in schema.tables.values() if not t.is_view and t.name not in read)
    return [*lines, f"no entity reads {', '.join(unread)}"] if unread else lines


class _Entity:
    def __init__(self, entity: CompiledEntity) -> None:
        self.tables = {entity.table.name}
        self.carried: set[Place] = set()
        self._equal: list[tuple[Place, Place]] = []
        read = entity.read
        aliases = self._aliases(read.alias, read.table, read.joins)
        self._carry(entity.shape, aliases, {ancestry.name: ancestry for ancestry in read.ancestries})
        self._embedded(read)
        while more := set(self._implied()):
            self.carried |= more

    def _embedded(self, read: Read | ChildRead) -> None:
        for child in read.children:
            aliases = self._aliases(child.alias, child.table, child.joins)
            self.carried |= {
                (aliases[ref.alias], ref.column) for ref in child.columns if ref.alias in aliases
            }
            self._equal += [((child.table, down), (read.table, up)) for down, up in child.on]
            self._embedded(child)

    def _aliases(self, alias: str, table: str, joins: Iterable[Join]) -> Mapping[str, str]:
        aliases = {alias: table, **{join.alias: join.table for join in joins}}
        self.tables |= set(aliases.values())
        self._equal += [
            ((aliases[by.alias], by.column), (join.table, to))
            for join in joins
            for to, by in join.on
            if by.alias
        ]
        return aliases

    def _carry(self, shape: Shape, aliases: Mapping[str, str], ancestries: Mapping[str, Ancestry]) -> None:
        for used in shape.used.values():
            if used.ref.alias in aliases:
                self.carried.add((aliases[used.ref.alias], used.ref.column))
            elif used.ref.column in ancestries:
                table = next(iter(aliases.values()))
                self.carried.add((table, ancestries[used.ref.column].parent))

    def _implied(self) -> Iterator[Place]:
        for one, other in self._equal:
            if (one in self.carried) != (other in self.carried):
                yield other if one in self.carried else one
