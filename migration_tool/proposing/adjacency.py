"""The design of nodes and edges in one table: every row a node, every reference an edge, one inverted index.

A node has its key in both parts, an edge the key of the parent and that of the row that refers to it. So the
table's partition of a row holds the row and all that refer to it, and the index's partition the row and all
that it refers to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migration_tool.proposing.drafts import Answer, Draft, EntityDraft, Group
from migration_tool.proposing.keys import Parts, fits, is_short, padded, template, written
from migration_tool.proposing.naming import snake, unused
from migration_tool.proposing.relations import Relation
from migration_tool.proposing.rows import Asked, Rows, asked, cases, parameters, types
from migration_tool.source.sql import quote
from migration_tool.verify.report import many

INVERTED = "GSI1"


@dataclass(frozen=True)
class Edge:
    """From a row to what its columns refer to, or from the value of a unique key to its row.

    opening  what the partition key begins with; `label` tells several edges between the same tables apart
    """

    name: str
    opening: str
    label: str
    parts: Parts
    pattern: str
    reason: str
    largest: int


def junctions(
    tables: Mapping[str, Rows], relations: Sequence[Relation]
) -> Mapping[str, tuple[Relation, Relation]]:
    """Tables whose rows are identified by two references, and are edges themselves."""
    found = {}
    for name, rows in tables.items():
        identity = {part.column for part in rows.identity}
        mine = [r for r in relations if r.child == name and {*r.columns} < identity and not r.is_self]
        referred = any(relation.parent == name for relation in relations)
        if len(mine) == 2 and not referred and mine[0].parent != mine[1].parent:
            one, other = mine
            if {*one.columns} | {*other.columns} == identity and not {*one.columns} & {*other.columns}:
                found[name] = (one, other)
    return found


class Graph:
    """Fills a draft with nodes and edges."""

    def __init__(self, draft: Draft, tables: Mapping[str, Rows], relations: Sequence[Relation]) -> None:
        self.draft = draft
        self._tables = tables
        self._relations = relations
        self._junctions = junctions(tables, relations)
        self._partitions: dict[str, tuple[str, dict[str, int]]] = {}
        columns = {name for rows in tables.values() for name in rows.facts.columns}
        tail = (
            ""
            if not {"PK", "SK"} & columns
            else unused("_1", [n[2:] for n in columns if n[:2] in ("PK", "SK")])
        )
        draft.keys = (f"PK{tail}", f"SK{tail}")
        draft.indexes = {INVERTED: (draft.keys[1], draft.keys[0])}
        self._wide = {name: self._is_wide(rows) for name, rows in tables.items()}
        self._names = [rows.entity for rows in tables.values()]

    def _is_wide(self, rows: Rows) -> bool:
        """Whether the numbers of the identity, and those that refer to it, can all be padded alike."""
        if not all(
            fits(rows.facts.of(part.column), part) for part in rows.identity if part.form == "integer"
        ):
            return False
        return all(
            fits(child.facts.of(ours), part)
            for relation in self._relations
            if relation.parent == rows.name
            for child in [self._tables[relation.child]]
            for ours, part in zip(relation.columns, child.parts(relation.columns), strict=True)
            if part.form == "integer"
        )

    def _like(self, rows: Rows, target: Rows, found: Parts) -> Parts:
        """As the key of the target has them."""
        return padded(rows.facts, found) if self._wide[target.name] else found

    def add(self, rows: Rows) -> None:
        """A node and its edges; or one edge that is the row."""
        if rows.name in self._junctions:
            self._junction(rows, *self._junctions[rows.name])
            return
        own = self._like(rows, rows, rows.identity)
        key = f"{rows.prefix}#{template(own)}"
        reasons = [f"{rows.name}: {many(rows.facts.rows, 'row')}, each a node.", *rows.reasons()]
        found = parameters(own)
        at = f"{rows.prefix}#{asked(found)}"
        keys = self._keys(key, key)
        self._rows(rows, keys, reasons)
        self._count(rows.prefix, key, rows.entity, 1)
        body = {
            "description": f"One {rows.entity} by its key.",
            "parameters": types(found),
            "get": self._keys(at, at),
            "sql": f"SELECT {rows.selected()} FROM {quote(rows.name)} WHERE {rows.equal(found)}",
            "cases": cases(rows, found),
        }
        self.draft.add_pattern(f"get_{snake(rows.entity)}", body)
        self._answer(rows, [part.column for part in own])
        for edge in self._edges(rows):
            self._edge(rows, own, edge)

    def finish(self) -> None:
        """Says of each kind of partition what lies in one of them at most. To be called when all is added."""
        for label, counts in self._partitions.values():
            self.draft.collections.append(counts)
            self.draft.groups.append(Group("table", label, sum(counts.values()), 0))

    def _count(self, kind: str, label: str, entity: str, most: int) -> None:
        """So many items of the entity share a partition key of that kind, at most."""
        self._partitions.setdefault(kind, (label, {}))[1][entity] = most

    def _rows(self, rows: Rows, keys: dict[str, str], reasons: list[str]) -> None:
        """The entity that holds all columns."""
        entity = EntityDraft(
            rows.entity, rows.name, keys, rows.attributes(), reasons=reasons, split=rows.is_oversize
        )
        self.draft.entities.append(entity)

    def _keys(self, partition: str, sort: str) -> dict[str, str]:
        return dict(zip(self.draft.keys, (partition, sort), strict=True))

    def _edges(self, rows: Rows) -> list[Edge]:
        mine = [
            relation
            for relation in self._relations
            if relation.child == rows.name and is_short(rows.facts, rows.parts(relation.columns))
        ]
        found = {relation.columns: relation for relation in reversed(mine)}
        edges = [
            self._reference(rows, relation, mine) for relation in mine if found[relation.columns] is relation
        ]
        identity = {part.column for part in rows.identity}
        for unique in sorted({*rows.facts.table.unique, rows.facts.table.primary_key} - {()}):
            readable = all(rows.facts.columns[name].readable for name in unique)
            if {*unique} != identity and readable and is_short(rows.facts, rows.parts(unique)):
                edges.append(self._unique(rows, unique))
        return edges

    def _reference(self, rows: Rows, relation: Relation, mine: Sequence[Relation]) -> Edge:
        parent = self._tables[relation.parent]
        alone = sum(other.parent == relation.parent for other in mine) == 1 and not relation.is_self
        own_key = {part.column for part in parent.identity} == {*relation.to}
        columns = snake(*relation.columns)
        how = "declared" if relation.declared else "inferred from names and data, not declared"
        return Edge(
            name=f"{rows.entity} of {parent.entity}"
            + ("" if alone else f" by {', '.join(relation.columns)}"),
            opening=parent.prefix if own_key else f"{parent.prefix}#{snake(*relation.to).upper()}",
            label="" if alone else f"#{columns.upper()}",
            parts=self._like(rows, parent, rows.parts(relation.columns)),
            pattern=snake(rows.entity, "of", parent.entity) + ("" if alone else f"_by_{columns}"),
            reason=f"{relation.label} ({how})",
            largest=relation.largest,
        )

    def _unique(self, rows: Rows, columns: tuple[str, ...]) -> Edge:
        return Edge(
            name=f"{rows.entity} by {', '.join(columns)}",
            opening=f"{rows.prefix}#{snake(*columns).upper()}",
            label="#UNIQUE",
            parts=rows.parts(columns),
            pattern=f"{snake(rows.entity)}_by_{snake(*columns)}",
            reason=f"unique {', '.join(columns)}: found by its value, strongly consistent",
            largest=1,
        )

    def _edge(self, rows: Rows, own: Parts, edge: Edge) -> None:
        name = unused(edge.name, self._names)
        self._names.append(name)
        keyed = [part.column for part in (*own, *edge.parts) if rows.facts.table.column(part.column)]
        omitted = {*rows.omitted, *rows.as_literals}
        carried = {
            rows.renamed.get(column, column): written(column) for column in keyed if column not in omitted
        }
        nullable = [part.column for part in edge.parts if not _is_certain(rows, part.column)]
        entity = EntityDraft(
            name=name,
            table=rows.name,
            where=" AND ".join(f"{quote(name)}.{quote(c)} IS NOT NULL" for c in nullable) or None,
            keys=self._keys(
                f"{edge.opening}#{template(edge.parts)}{edge.label}", f"{rows.prefix}#{template(own)}"
            ),
            attributes=carried,
            reasons=[f"Edge: {edge.reason}."],
            copies=True,
        )
        self.draft.entities.append(entity)
        found = parameters(edge.parts)
        columns = [part.column for part in edge.parts]
        body = {
            "description": f"{rows.entity} by {', '.join(columns)}.",
            "parameters": types(found),
            "query": {
                "partition": f"{edge.opening}#{asked(found)}{edge.label}",
                "sort": {"begins_with": f"{rows.prefix}#"},
            },
            "sql": f"SELECT {rows.keyed(columns, name)} FROM {quote(rows.name)} WHERE {rows.equal(found)} "
            f"ORDER BY {rows.order(own)}",
            "cases": cases(rows, found),
        }
        self.draft.add_pattern(edge.pattern, body)
        self._count(edge.opening + edge.label, entity.keys[self.draft.keys[0]], name, edge.largest)

    def _junction(self, rows: Rows, one: Relation, other: Relation) -> None:
        first, second = self._tables[one.parent], self._tables[other.parent]
        left = self._like(rows, first, rows.parts(one.columns))
        right = self._like(rows, second, rows.parts(other.columns))
        label = f"#{rows.prefix}"
        keys = self._keys(
            f"{first.prefix}#{template(left)}{label}", f"{second.prefix}#{template(right)}{label}"
        )
        reasons = [
            f"{rows.name}: {many(rows.facts.rows, 'row')}, each an edge from {first.name} to {second.name}."
        ]
        self._rows(rows, keys, [*reasons, *rows.reasons()])
        found, others = parameters(left), parameters(right)
        self._side(rows, one, first, f"{first.prefix}#{asked(found)}{label}", found, right, None)
        self._side(rows, other, second, f"{second.prefix}#{asked(others)}{label}", others, left, INVERTED)

    def _side(
        self,
        rows: Rows,
        relation: Relation,
        parent: Rows,
        at: str,
        found: Asked,
        rest: Parts,
        index: str | None,
    ) -> None:
        """The rows of one end, through the table or the inverted index."""
        body = {
            "description": f"The {rows.entity} of one {parent.entity}.",
            "parameters": types(found),
            "query": {**({"index": index} if index else {}), "partition": at},
            "sql": f"SELECT {rows.keyed()} FROM {quote(rows.name)} WHERE {rows.equal(found)} "
            f"ORDER BY {_before_label(rows, rest)}",
            "cases": cases(rows, found),
        }
        self.draft.add_pattern(snake(rows.entity, "of", parent.entity), body)
        self._answer(rows, list(relation.columns))
        if index:
            self.draft.groups.append(Group(index, at, relation.largest, rows.facts.rows))
        else:
            self._count(f"{parent.prefix}#{rows.prefix}", at, rows.entity, relation.largest)

    def _answer(self, rows: Rows, columns: Sequence[str]) -> None:
        given = frozenset((rows.name, column) for column in columns)
        self.draft.answers.append(Answer(frozenset({rows.name}), (given,)))


def _before_label(rows: Rows, found: Parts) -> str:
    """As `Rows.order`, of keys in which a separator follows the parts."""
    text = rows.order(found)
    return text if len(found) == 1 and found[0].width else f"{text} || '#'"


def _is_certain(rows: Rows, name: str) -> bool:
    column = rows.facts.table.readable(name)
    return column is not None and column.not_null
