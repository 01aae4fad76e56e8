"""Designs whose items are the rows: table per relation, table per aggregate, all aggregates in one table.

A row is one item. It lies under its own key, or in the collection of the aggregate that it is part of. Every
other way to it, by its own key, by a reference or by a unique column, is an entry in an index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from migration_tool.proposing.drafts import Answer, Draft, EntityDraft, Group
from migration_tool.proposing.keys import Part, Parts, is_short, order, template, written
from migration_tool.proposing.naming import snake
from migration_tool.proposing.placing import Place
from migration_tool.proposing.relations import Relation
from migration_tool.proposing.rows import Asked, Rows, asked, cases, parameters, types
from migration_tool.source.sql import quote
from migration_tool.verify.report import many

MOST_INDEXES = 20
"""Global secondary indexes of a table, by DynamoDB's default quota."""
_SHARDS = 8
_MOST_BRANCHES = 500
"""Of a UNION: SQLITE_MAX_COMPOUND_SELECT."""
_CROWD = 1_000
"""Items under one partition key of an index, from which on they are spread, if they are an eighth of all."""


@dataclass(frozen=True)
class Entry:
    """A way to rows through an index: by these columns, in the order of the identity.

    opening  what the partition key begins with; `single`: at most one row is found
    largest  rows under one value, at most
    """

    opening: str
    parts: Parts
    single: bool
    largest: int
    reason: str
    pattern: str

    def shards(self, rows: Rows) -> int:
        crowded = self.largest >= _CROWD and self.largest * 8 >= rows.facts.rows
        spread = rows.identity[0].form in ("integer", "text")
        return _SHARDS if crowded and spread and not self.single else 0


def entries(place: Place, tables: Mapping[str, Rows], relations: Sequence[Relation]) -> list[Entry]:
    """Own key, references, unique columns: those that the table's own key does not serve."""
    rows = place.rows
    found = []
    if not place.by_identity:
        found.append(
            Entry(rows.prefix, rows.identity, True, 1, "by its own key", f"get_{snake(rows.entity)}")
        )
    seen = {tuple(part.column for part in rows.identity)} if not place.is_root else set()
    for relation in relations:
        if relation.child != rows.name or relation.columns in seen or _is_served(place, relation):
            continue
        if rows.is_short and is_short(rows.facts, rows.parts(relation.columns)):
            seen.add(relation.columns)
            found.append(_reference(rows, tables[relation.parent], relation))
    identity = {part.column for part in rows.identity}
    for unique in sorted({*rows.facts.table.unique, rows.facts.table.primary_key} - {()}):
        readable = all(rows.facts.columns[name].readable for name in unique)
        if {*unique} != identity and readable and is_short(rows.facts, rows.parts(unique)):
            found.append(_unique(rows, unique))
    return found[:MOST_INDEXES]


def _is_served(place: Place, relation: Relation) -> bool:
    """Whether the table's partition key is that reference."""
    own = {part.column for alias, part in place.parts if alias == ""}
    return not place.is_root and len(own) == len(place.parts) and own == {*relation.columns}


def _reference(rows: Rows, parent: Rows, relation: Relation) -> Entry:
    how = "declared" if relation.declared else "inferred from names and data, not declared"
    most = f"at most {many(relation.largest, 'row')} each"
    reason = f"by {', '.join(relation.columns)} → {parent.name} ({how}; {most})"
    name = snake(rows.entity, "of", parent.entity)
    same = snake(relation.columns[-1]) in (snake(relation.to[-1]), snake(parent.entity + "Id"))
    name = name if same and not relation.is_self else f"{name}_by_{snake(*relation.columns)}"
    return Entry(parent.prefix, rows.parts(relation.columns), False, relation.largest, reason, name)


def _unique(rows: Rows, columns: tuple[str, ...]) -> Entry:
    opening = f"{rows.prefix}#{snake(*columns).upper()}"
    name = f"{snake(rows.entity)}_by_{snake(*columns)}"
    return Entry(opening, rows.parts(columns), True, 1, f"by unique {', '.join(columns)}", name)


class Builder:
    """Fills a draft with the entities of some places.

    inside  the tables of the draft; `tables`: all of them
    """

    def __init__(
        self,
        draft: Draft,
        inside: Mapping[str, Rows],
        relations: Sequence[Relation],
        tables: Mapping[str, Rows],
    ) -> None:
        self.draft = draft
        self._tables = tables
        self._relations = relations
        columns = {name for rows in inside.values() for name in rows.facts.columns}
        self._tail = next(tail for tail in _tails() if not _key_names(tail) & columns)
        draft.keys = (f"PK{self._tail}", f"SK{self._tail}")

    def add(self, place: Place) -> None:
        rows, (pk, sk) = place.rows, self.draft.keys
        entity = EntityDraft(
            name=rows.entity,
            table=rows.name,
            keys={pk: place.partition_template, sk: place.sort_template},
            attributes=rows.attributes(),
            lookup=place.document(),
            reasons=[*_why_there(place), *rows.reasons()],
            split=rows.is_oversize,
        )
        self.draft.entities.append(entity)
        self._own_key(place)
        for number, entry in enumerate(entries(place, self._tables, self._relations), 1):
            self._entry(place, entity, f"GSI{number}", entry)

    def _own_key(self, place: Place) -> None:
        rows, (pk, sk) = place.rows, self.draft.keys
        if place.by_identity:
            found = parameters(rows.sorted_identity)
            names = {part.column: name for part, name in found}
            opening = "#".join(
                [place.root.prefix, *(part.field(names[part.column]) for _, part in place.parts)]
            )
            rest = asked([(part, names[part.column]) for part in place.sort])
            sort = f"#{rows.prefix}" if place.is_root else f"{rows.prefix}#{rest}"
            body = {
                "parameters": types(found),
                "get": {pk: opening, sk: sort},
                "sql": f"SELECT {rows.selected()} FROM {quote(rows.name)} WHERE {rows.equal(found)}",
                "cases": cases(rows, found),
            }
            self.draft.add_pattern(f"get_{snake(rows.entity)}", _told(f"One {rows.entity} by its key.", body))
            self._answers({rows.name}, rows, [part.column for part, _ in found])
        if not place.is_root:
            self._of_root(place)

    def _of_root(self, place: Place) -> None:
        """The rows of the table in one collection."""
        rows = place.rows
        found = parameters(tuple(part for _, part in place.parts))
        conditions = [
            f"{place.column(alias, part)} = :{name}" + self._binary(place, alias, part, name)
            for (alias, part), (_, name) in zip(place.parts, found, strict=True)
        ]
        names = ", ".join(
            f"{place.column(alias, part)} AS {quote(name)}"
            for (alias, part), (_, name) in zip(place.parts, found, strict=True)
        )
        body = {
            "parameters": types(found),
            "query": {
                "partition": f"{place.root.prefix}#{asked(found)}",
                "sort": {"begins_with": f"{rows.prefix}#"},
            },
            "sql": f"SELECT {rows.keyed()} FROM {place.tables()} WHERE {' AND '.join(conditions)} "
            f"ORDER BY {rows.order(place.sort)}",
            "cases": f"SELECT DISTINCT {names} FROM {place.tables()}",
        }
        text = f"The {rows.entity} of one {place.root.entity}."
        self.draft.add_pattern(f"{snake(rows.entity)}_of_{snake(place.root.entity)}", _told(text, body))
        self._answers({rows.name}, place.root, [part.column for part in place.root.identity])
        own = [part.column for alias, part in place.parts if alias == ""]
        if len(own) == len(place.parts):
            self._answers({rows.name}, rows, own)

    def _binary(self, place: Place, alias: str, part: Part, name: str) -> str:
        looked_up = next((r for r in self._tables.values() if r.entity == alias), place.rows)
        if not looked_up.facts.collated or part.form == "integer":
            return ""
        return f" AND {place.column(alias, part)} COLLATE BINARY = :{name}"

    def _entry(self, place: Place, entity: EntityDraft, index: str, entry: Entry) -> None:
        rows, shards = place.rows, entry.shards(place.rows)
        pk, sk = self.draft.indexes.setdefault(index, (f"{index}PK{self._tail}", f"{index}SK{self._tail}"))
        spread = f"#{{shard({written(rows.identity[0].column)}, {shards})}}" if shards else ""
        entity.keys[pk] = f"{entry.opening}#{template(entry.parts)}{spread}"
        entity.keys[sk] = (
            f"#{rows.prefix}" if entry.single else f"{rows.prefix}#{template(rows.sorted_identity)}"
        )
        entity.reasons.append(f"{index}: {entry.reason}." + (_SPREAD.format(shards) if shards else ""))
        found = parameters(entry.parts)
        partition = f"{entry.opening}#{asked(found)}" + (f"#{{shard({shards})}}" if shards else "")
        sort = f"#{rows.prefix}" if entry.single else {"begins_with": f"{rows.prefix}#"}
        columns = [part.column for part in entry.parts]
        shown = rows.selected(columns) if entry.single else rows.keyed(columns)
        statement = f"SELECT {shown} FROM {quote(rows.name)} WHERE {rows.equal(found)}"
        body = {
            "parameters": types(found),
            "query": {"index": index, "partition": partition, "sort": sort},
            "sql": statement if entry.single else f"{statement} ORDER BY {rows.order(rows.sorted_identity)}",
            "cases": cases(rows, found),
        }
        self.draft.add_pattern(
            entry.pattern, _told(f"{rows.entity} {entry.reason.partition(' (')[0]}.", body)
        )
        if not shards:
            self._answers({rows.name}, rows, columns)
        largest = -(-entry.largest // max(1, shards))
        self.draft.groups.append(Group(index, entity.keys[pk], largest, rows.facts.rows))

    def _answers(self, tables: set[str], rows: Rows, columns: Sequence[str]) -> None:
        given = frozenset((rows.name, column) for column in columns)
        self.draft.answers.append(Answer(frozenset(tables), (given,)))

    def collection(self, members: Sequence[Place], sizes: Mapping[str, int]) -> None:
        """What one Query gives of a whole aggregate. `sizes`: table → items at most in one collection."""
        root = members[0]
        counts = {place.rows.entity: 1 if place.is_root else sizes[place.rows.name] for place in members}
        self.draft.collections.append(counts)
        total = sum(place.rows.facts.rows for place in members)
        self.draft.groups.append(Group("table", root.partition_template, sum(counts.values()), total))
        if not 1 < len(members) <= _MOST_BRANCHES:
            return
        found = parameters(root.rows.identity)
        body = {
            "parameters": types(found),
            "query": {"partition": f"{root.rows.prefix}#{asked(found)}"},
            "sql": " UNION ALL ".join(self._branch(place, found) for place in members) + ' ORDER BY "-order"',
            "cases": cases(root.rows, found),
        }
        name = f"all_of_{snake(root.rows.entity)}"
        text = f"One {root.rows.entity} with everything that belongs to it."
        self.draft.add_pattern(name, _told(text, body))
        self._whole(root, members)

    def _branch(self, place: Place, found: Asked) -> str:
        rows = place.rows
        conditions = [
            f"{place.column(alias, part)} = :{name}" + self._binary(place, alias, part, name)
            for (alias, part), (_, name) in zip(place.parts, found, strict=True)
        ]
        sort = f"'#{rows.prefix}'" if place.is_root else order(place.sort, rows.name, f"{rows.prefix}#")
        entity = "'" + rows.entity.replace("'", "''") + "'"
        return (
            f'SELECT {entity} AS "EntityType", {sort} AS "-order" FROM {place.tables()} '
            f"WHERE {' AND '.join(conditions)}"
        )

    def _whole(self, root: Place, members: Sequence[Place]) -> None:
        key = frozenset((root.rows.name, part.column) for part in root.rows.identity)
        given = [key]
        for place in members[1:]:
            own = frozenset((place.rows.name, part.column) for alias, part in place.parts if alias == "")
            if len(own) == len(place.parts):
                given.append(own)
        self.draft.answers.append(Answer(frozenset(p.rows.name for p in members), tuple(given)))


_SPREAD = " Spread over {} partitions: one value alone has a large part of the rows."


def _told(text: str, body: Mapping[str, object]) -> dict[str, object]:
    return {"description": text, **body}


def _why_there(place: Place) -> Iterator[str]:
    rows = place.rows
    yield f"{rows.name}: {many(rows.facts.rows, 'row')}."
    if not place.is_root:
        yield f"In the collection of its {place.root.entity}: one Query reads both."


def _tails() -> Iterator[str]:
    yield ""
    number = 0
    while True:
        number += 1
        yield f"_{number}"


def _key_names(tail: str) -> set[str]:
    indexes = [f"GSI{number}" for number in range(1, MOST_INDEXES + 1)]
    return {f"{name}{key}{tail}" for name in ["", *indexes] for key in ("PK", "SK")}
