"""Where the items of a table lie when they lie with their owner: under the top of the chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from migration_tool.proposing.keys import Part, Parts, padded, template, written
from migration_tool.proposing.relations import Relation
from migration_tool.proposing.rows import Rows
from migration_tool.source.sql import quote

MOST_LOOKUPS = 16
"""Of one row. SQLite joins 64 tables at most, and each lookup is read again for each row."""


@dataclass(frozen=True)
class Lookup:
    """A join as the language has it: `alias` is the table's entity, `by` a column of `of` ("" is the own)."""

    alias: str
    table: str
    of: str
    by: str
    to: str


@dataclass(frozen=True)
class Place:
    """The table's key of an entity.

    root     the table at the top of the chain
    parts    what identifies the root's row: (alias of a lookup, or "" for the own table; the part)
    sort     the parts of the sort key; () for the root itself
    """

    rows: Rows
    root: Rows
    parts: tuple[tuple[str, Part], ...]
    sort: Parts
    lookups: tuple[Lookup, ...] = field(default=())

    @property
    def is_root(self) -> bool:
        return self.rows is self.root

    @property
    def partition_template(self) -> str:
        fields = "#".join(template([part], alias) for alias, part in self.parts)
        return f"{self.root.prefix}#{fields}"

    @property
    def sort_template(self) -> str:
        return f"#{self.rows.prefix}" if self.is_root else f"{self.rows.prefix}#{template(self.sort)}"

    @property
    def by_identity(self) -> bool:
        """Whether what identifies the row gives its key, so that a GetItem finds it."""
        own = {part.column for part in self.rows.identity}
        return all(alias == "" and part.column in own for alias, part in self.parts)

    def document(self) -> dict[str, object]:
        """The section `lookup`."""
        return {
            lookup.alias: {
                "table": lookup.table,
                "by": ".".join(written(name) for name in (lookup.of, lookup.by) if name),
                "to": lookup.to,
            }
            for lookup in self.lookups
        }

    def tables(self) -> str:
        """SQL: the table with its lookups."""
        joins = [
            f"JOIN {quote(lookup.table)} AS {quote(lookup.alias)} "
            f"ON {quote(lookup.alias)}.{quote(lookup.to)} = "
            f"{quote(lookup.of or self.rows.name)}.{quote(lookup.by)}"
            for lookup in self.lookups
        ]
        return " ".join([quote(self.rows.name), *joins])

    def column(self, alias: str, part: Part) -> str:
        return f"{quote(alias or self.rows.name)}.{quote(part.column)}"


def place(rows: Rows, above: Place | None, relation: Relation | None) -> Place | None:
    """The place under the parent's, or at the top; None where no lookup leads to the root, or too many do."""
    if above is None or relation is None:
        return Place(rows, rows, tuple(("", part) for part in rows.identity), ())
    ours = dict(zip(relation.to, relation.columns, strict=True))
    parts: list[tuple[str, Part]] = []
    for alias, part in above.parts:
        if alias == "" and part.column in ours:
            parts.append(("", Part(ours[part.column], part.form)))
        else:
            parts.append((alias or above.rows.entity, part))
    lookups = _lookups(above, relation) if any(alias for alias, _ in parts) else ()
    if lookups is None:
        return None
    own = {part.column for alias, part in parts if alias == ""}
    sort = tuple(part for part in rows.identity if part.column not in own)
    return Place(rows, above.root, tuple(parts), padded(rows.facts, sort), lookups)


def _lookups(above: Place, relation: Relation) -> tuple[Lookup, ...] | None:
    table = above.rows.facts.table
    single = {key[0] for key in (table.primary_key, *table.unique) if len(key) == 1}
    if len(relation.to) != 1 or relation.to[0] not in single or len(above.lookups) == MOST_LOOKUPS:
        return None
    parent = Lookup(above.rows.entity, above.rows.name, "", relation.columns[0], relation.to[0])
    others = (
        Lookup(known.alias, known.table, known.of or parent.alias, known.by, known.to)
        for known in above.lookups
    )
    return (parent, *others)


def places(
    tables: Mapping[str, Rows], owned: Mapping[str, Relation], members: Mapping[str, list[str]]
) -> Mapping[str, Place]:
    """Of all tables; those that no lookups lead to stand at the top of their own."""
    found: dict[str, Place] = {}
    for names in members.values():
        for name in names:
            relation = owned.get(name)
            above = found.get(relation.parent) if relation else None
            found[name] = place(tables[name], above, relation) or Place(
                tables[name], tables[name], tuple(("", part) for part in tables[name].identity), ()
            )
    return found
