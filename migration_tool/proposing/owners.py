"""Which tables belong to which: the reference by which a row is part of an aggregate, if there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from migration_tool.proposing.keys import form, is_short
from migration_tool.proposing.naming import words
from migration_tool.proposing.relations import Relation
from migration_tool.proposing.rows import Rows

_MANY = 100.0
"""Rows for each parent, on the average, from which on the parent is taken for a category, not an owner."""
_MOST = 100_000
"""Rows of one parent in one item collection, at most."""


def owners(tables: Mapping[str, Rows], relations: Sequence[Relation]) -> Mapping[str, Relation]:
    """Table → the relation to its owner. Without circles: one that would close one is left out."""
    found: dict[str, Relation] = {}
    for name in sorted(tables):
        mine = [r for r in relations if r.child == name and _can_own(tables, r)]
        for relation in sorted(mine, key=lambda r: _preference(tables, r)):
            if not _is_under(found, relation.parent, name):
                found[name] = relation
                break
    return found


def _is_under(found: Mapping[str, Relation], table: str, other: str) -> bool:
    while table != other and table in found:
        table = found[table].parent
    return table == other


def _can_own(tables: Mapping[str, Rows], relation: Relation) -> bool:
    """Every row has its parent, keys render alike, and the parent is no mere category."""
    if relation.is_self or relation.parent not in tables or relation.orphans or not relation.rows:
        return False
    child, parent = tables[relation.child], tables[relation.parent]
    if not child.is_short or not is_short(child.facts, child.parts(relation.columns)):
        return False
    if not child.facts.all_present(relation.columns) or relation.largest > _MOST:
        return False
    alike = all(
        form(child.facts.columns[ours]) == form(parent.facts.columns[theirs])
        for ours, theirs in zip(relation.columns, relation.to, strict=True)
    )
    return alike and (is_identifying(child, relation) or _is_part(child, parent, relation))


def is_identifying(child: Rows, relation: Relation) -> bool:
    """Whether the reference is part of what identifies the row."""
    return {*relation.columns} <= {part.column for part in child.identity}


def _is_part(child: Rows, parent: Rows, relation: Relation) -> bool:
    """Few rows for each parent, of which most have some, or the schema says that there must be one."""
    table = child.facts.table
    required = all((c := table.column(name)) and c.not_null for name in relation.columns)
    widespread = relation.parents * 2 >= parent.facts.rows
    return relation.rows <= _MANY * relation.parents and (required or relation.cascades or widespread)


def _preference(tables: Mapping[str, Rows], relation: Relation) -> tuple[object, ...]:
    """Smaller is better."""
    child = tables[relation.child]
    table = child.facts.table
    required = all((c := table.column(name)) and c.not_null for name in relation.columns)
    return (
        not is_identifying(child, relation),
        not _is_named_after(relation),
        not relation.cascades,
        not required,
        not relation.declared,
        abs(relation.rows / max(1, relation.parents) - 10),
        relation.columns,
        relation.parent,
    )


def _is_named_after(relation: Relation) -> bool:
    """`InvoiceLine` after Invoice."""
    child = [word.lower() for word in words(relation.child)]
    parent = [word.lower() for word in words(relation.parent)]
    return bool(parent) and child[: len(parent)] == parent


def roots(tables: Mapping[str, Rows], owned: Mapping[str, Relation]) -> Mapping[str, list[str]]:
    """Each table without an owner → itself and all below it, parents before their children."""
    found: dict[str, list[str]] = {name: [name] for name in sorted(tables) if name not in owned}
    for members in found.values():
        for member in members:
            members += sorted(name for name, relation in owned.items() if relation.parent == member)
    return found
