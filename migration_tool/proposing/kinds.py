"""The four kinds of designs, made of what is known of a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from migration_tool.proposing.adjacency import Graph
from migration_tool.proposing.drafts import Draft
from migration_tool.proposing.naming import distinct, snake, table_name
from migration_tool.proposing.owners import owners, roots
from migration_tool.proposing.placing import Place, places
from migration_tool.proposing.relational import Builder
from migration_tool.proposing.relations import Relation
from migration_tool.proposing.rows import Rows
from migration_tool.source.sqlite import SqliteSource

Kind: TypeAlias = Literal["aggregate", "adjacency", "aggregates", "relations"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TITLES: Mapping[str, str] = {
    "aggregate": "one table, an item collection for each aggregate",
    "adjacency": "one table, nodes and edges",
    "aggregates": "a table for each aggregate",
    "relations": "a table for each table of the source",
}
SINGLE = "Items"
"""The one table of a whole database; its name stands in the prefix."""


class Impossible(Exception):
    """Why the database cannot have designs of a kind."""


@dataclass(frozen=True)
class Known:
    """What all kinds of designs are made of."""

    source: SqliteSource
    tables: Mapping[str, Rows]
    relations: tuple[Relation, ...]

    def of(self, names: Sequence[str]) -> Mapping[str, Rows]:
        return {name: self.tables[name] for name in names}


def drafts_of(known: Known, kind: Kind) -> list[Draft]:
    """Designs for all of the tables. Raises Impossible, SourceError."""
    return _MAKERS[kind](known)


def _relations(known: Known) -> list[Draft]:
    """Table per relation: references are entries of an index only."""
    members = {name: [name] for name in known.tables}
    return _per_table(known, members, places(known.tables, {}, members))


def _aggregates(known: Known) -> list[Draft]:
    owned = owners(known.tables, known.relations)
    members = roots(known.tables, owned)
    return _per_table(known, members, places(known.tables, owned, members))


def _per_table(known: Known, members: Mapping[str, Sequence[str]], found: Mapping[str, Place]) -> list[Draft]:
    names = distinct({root: snake(root) for root in members})
    physical = distinct({root: table_name(root) for root in members})
    drafts = []
    for root, inside in members.items():
        draft = _draft(
            names[root], physical[root], f"{root} with {', '.join(inside[1:])}" if inside[1:] else root
        )
        _fill(
            known, Builder(draft, known.of(inside), known.relations, known.tables), [found[n] for n in inside]
        )
        drafts.append(draft)
    return drafts


def _aggregate(known: Known) -> list[Draft]:
    owned = owners(known.tables, known.relations)
    members = roots(known.tables, owned)
    found = places(known.tables, owned, members)
    name = known.source.path.stem
    draft = _draft(snake(name), SINGLE, f"All of {name}: an item collection for each aggregate.")
    builder = Builder(draft, known.tables, known.relations, known.tables)
    for inside in members.values():
        _fill(known, builder, [found[name] for name in inside])
    return [draft]


def _fill(known: Known, builder: Builder, inside: Sequence[Place]) -> None:
    for place in inside:
        builder.add(place)
    tops = [place for place in inside if place.is_root]
    for top in tops:
        below = [place for place in inside if place.root is top.rows]
        sizes = {place.rows.name: _largest(known.source, place) for place in below if not place.is_root}
        builder.collection([top, *(place for place in below if not place.is_root)], sizes)


def _largest(source: SqliteSource, place: Place) -> int:
    """Items of the table in one collection, at most."""
    columns = ", ".join(place.column(alias, part) for alias, part in place.parts)
    statement = (
        f"SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM {place.tables()} GROUP BY {columns})"
    )
    return int(source.query(statement, {})[1][0][0])


def _adjacency(known: Known) -> list[Draft]:
    long = [name for name, rows in known.tables.items() if not rows.is_short]
    if long:
        raise Impossible(f"the key of {long[0]} may be too long for a sort key, which every node's key is")
    name = known.source.path.stem
    draft = _draft(snake(name), SINGLE, f"All of {name}: rows are nodes, references are edges.")
    graph = Graph(draft, known.tables, known.relations)
    for rows in known.tables.values():
        graph.add(rows)
    graph.finish()
    return [draft]


def _draft(name: str, table: str, description: str) -> Draft:
    reasons = ["Proposed from the database as it is; every figure is of its rows at that time."]
    return Draft(name, table, description, ("", ""), reasons)


_MAKERS: Mapping[str, Callable[[Known], list[Draft]]] = {
    "aggregate": _aggregate,
    "adjacency": _adjacency,
    "aggregates": _aggregates,
    "relations": _relations,
}
