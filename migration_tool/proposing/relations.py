"""References between tables: those that are declared, and those that names and data show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from migration_tool.model import ForeignKey, Schema, Table, folded
from migration_tool.proposing.facts import TableFacts
from migration_tool.proposing.keys import form
from migration_tool.source.sql import quote
from migration_tool.source.sqlite import SqliteSource

_NUMBER_WORDS = ("id", "key", "no", "nr", "num", "number", "code", "ref", "fk", "uuid", "guid", "pk")


@dataclass(frozen=True)
class Relation:
    """`columns` of `child` refer to the `to` columns, a unique key, of `parent`.

    declared  by FOREIGN KEY; else inferred
    rows      of the child that refer somewhere
    orphans   of those, whose parent is not there
    parents   different values
    largest   rows that refer to the same parent, at most
    """

    child: str
    columns: tuple[str, ...]
    parent: str
    to: tuple[str, ...]
    declared: bool
    cascades: bool = False
    rows: int = 0
    orphans: int = 0
    parents: int = 0
    largest: int = 0

    @property
    def is_self(self) -> bool:
        return self.child == self.parent

    @property
    def label(self) -> str:
        return f"{self.child}({', '.join(self.columns)}) → {self.parent}({', '.join(self.to)})"


def find_relations(source: SqliteSource, facts: Mapping[str, TableFacts]) -> tuple[Relation, ...]:
    """In the order of the tables' names; each counted over the data. Raises SourceError."""
    found = list(_declared(source.schema, facts))
    taken = {
        (relation.child, folded(relation.columns[0])) for relation in found if len(relation.columns) == 1
    }
    found += [
        relation
        for relation in _inferred(facts)
        if (relation.child, folded(relation.columns[0])) not in taken and _is_contained(source, relation)
    ]
    counted = [_counted(source, relation) for relation in dict.fromkeys(found)]
    return tuple(sorted(counted, key=lambda relation: (relation.child, relation.columns, relation.parent)))


def _declared(schema: Schema, facts: Mapping[str, TableFacts]) -> Iterator[Relation]:
    """Those whose table and columns are there, and that refer to a unique key."""
    for child in facts.values():
        for key in child.table.foreign_keys:
            parent = schema.table(key.table)
            if parent is None or parent.name not in facts:
                continue
            relation = _resolved(child.table, parent, key)
            if relation:
                yield relation


def _resolved(child: Table, parent: Table, key: ForeignKey) -> Relation | None:
    to = key.to or parent.primary_key
    ours = tuple(column.name for name in key.columns if (column := child.column(name)))
    theirs = tuple(column.name for name in to if (column := parent.column(name)))
    if not len(ours) == len(theirs) == len(key.columns) or len(set(ours)) != len(ours):
        return None
    if not any({*theirs} == {*unique} for unique in (parent.primary_key, *parent.unique)):
        return None
    return Relation(child.name, ours, parent.name, theirs, True, key.cascades)


def _inferred(facts: Mapping[str, TableFacts]) -> Iterator[Relation]:
    """A column called as the one-column primary key of another table, or as that table and its key.

    `CustomerId`, `customer_id`, `customer` refer to Customer. A primary key that is called only `id`
    needs the table's name before it. Values have to be of the same form.
    """
    targets = {
        name: facts[name].table.primary_key[0] for name in facts if len(facts[name].table.primary_key) == 1
    }
    for child in facts.values():
        for column in child.table.columns:
            if (column.name,) == child.table.primary_key or not child.columns[column.name].values:
                continue
            named = [name for name in sorted(targets) if _means(column.name, name, targets[name])]
            fitting = [
                name
                for name in named
                if form(child.columns[column.name]) == form(facts[name].columns[targets[name]])
                and facts[name].rows
            ]
            if len(fitting) == 1:
                yield Relation(child.table.name, (column.name,), fitting[0], (targets[fitting[0]],), False)


def _means(column: str, table: str, key: str) -> bool:
    words, own = _words(column), _words(table)
    if not own or not words:
        return False
    stem = words[:-1] if words[-1] in _NUMBER_WORDS else words
    named = stem[:-1] == own[:-1] and bool(stem) and stem[-1] in _singulars(own[-1])
    return named or (_words(key) == words and len(words) > 1)


def _singulars(word: str) -> set[str]:
    """The word, and what it may be the plural of."""
    return {word, word.removesuffix("s"), word.removesuffix("es"), re.sub("ies$", "y", word)}


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])|[^\W_a-zA-Z0-9]+", name)]


def _is_contained(source: SqliteSource, relation: Relation) -> bool:
    """Whether every row that refers at all finds its parent; ends at the first that does not."""
    child, parent = quote(relation.child), quote(relation.parent)
    ours, theirs = quote(relation.columns[0]), quote(relation.to[0])
    statement = (
        f"SELECT EXISTS (SELECT 1 FROM {child} AS c WHERE c.{ours} IS NOT NULL "
        f"AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE p.{theirs} = c.{ours}))"
    )
    return not source.query(statement, {})[1][0][0]


def _counted(source: SqliteSource, relation: Relation) -> Relation:
    child, parent = quote(relation.child), quote(relation.parent)
    ours = [f"c.{quote(name)}" for name in relation.columns]
    there = " AND ".join(f"{name} IS NOT NULL" for name in ours)
    groups = (
        f"SELECT coalesce(sum(n), 0), count(*), coalesce(max(n), 0) FROM "
        f"(SELECT count(*) AS n FROM {child} AS c WHERE {there} GROUP BY {', '.join(ours)})"
    )
    same = " AND ".join(f"p.{quote(theirs)} = {name}" for theirs, name in zip(relation.to, ours, strict=True))
    orphans = (
        f"SELECT count(*) FROM {child} AS c WHERE {there} "
        f"AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {same})"
    )
    rows, parents, largest = source.query(groups, {})[1][0]
    (missing,) = source.query(orphans, {})[1][0]
    return replace(relation, rows=rows, parents=parents, largest=largest, orphans=missing)
