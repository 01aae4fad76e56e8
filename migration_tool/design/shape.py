"""What the attributes of an item are made of, every name resolved.

For a source that can put items together itself. It has to give the very text that `item` gives, or leave
the row to `item`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from migration_tool import limits
from migration_tool.design.model import Attribute, Design, Embed, Entity
from migration_tool.design.scope import Scope
from migration_tool.design.template import Reference, Template
from migration_tool.design.units import local_indexes
from migration_tool.model import Column, ColumnRef

MOST_COPIES = limits.MAX_ITEM_BYTES // limits.LARGE_TEXT - 1
"""Copies in local indexes with which an item of `LARGE_TEXT` bytes of text is within 400 KB all the same."""


@dataclass(frozen=True)
class Used:
    """A column that a reference means.

    expected  a NULL in it would be a surprise
    rowid     never anything but an integer
    """

    ref: ColumnRef
    column: Column
    expected: bool
    rowid: bool


@dataclass(frozen=True)
class Key:
    """A key attribute, of the table itself (`own`) or of an index, and its longest value in bytes."""

    template: Template
    limit: int
    own: bool


@dataclass(frozen=True)
class Shape:
    """An item, or the map that an embedded row becomes.

    attributes  name → rule
    used        what the references in rules and keys mean
    keys        key attribute → what it is made of; an embedded row has none
    paths       the columns that hold a chain of parents
    lists       attribute → shape of the rows in it, in the order of `Read.children`
    beyond      it is made in a way that only `item` knows
    kind        value of EntityType; "" for an embedded row
    """

    attributes: Mapping[str, Attribute]
    used: Mapping[Reference, Used]
    keys: Mapping[str, Key] = field(default_factory=dict)
    paths: tuple[ColumnRef, ...] = ()
    lists: Mapping[str, Shape] = field(default_factory=dict)
    kind: str = ""
    beyond: bool = False


def row_shape(scope: Scope, rules: Mapping[str, Attribute], embed: Embed) -> Shape:
    """The map of an embedded row."""
    odd = (embed.form != "list", embed.descending, embed.limit, embed.value, embed.embeds, scope.computed)
    return Shape(rules, _used(scope, rules, ()), beyond=any(odd))


def item_shape(
    design: Design, entity: Entity, scope: Scope, rules: Mapping[str, Attribute], lists: Mapping[str, Shape]
) -> Shape:
    keys = {
        name: Key(template, key_limit(design, name), name in design.keys)
        for name, template in entity.keys.items()
    }
    used = _used(scope, rules, list(keys.values()))
    paths = tuple(ColumnRef("", name) for name in scope.ancestries)
    odd = (scope.computed, entity.conditions, local_indexes(design) > MOST_COPIES)
    beyond = any(odd) or any(inner.beyond for inner in lists.values())
    return Shape(rules, used, keys, paths, lists, entity.name, beyond)


def key_limit(design: Design, name: str) -> int:
    """Bytes that DynamoDB takes in that key attribute."""
    sorts = {*design.keys[1:], *(index.sort_key for index in design.indexes)}
    return limits.MAX_SORT_KEY_BYTES if name in sorts else limits.MAX_PARTITION_KEY_BYTES


def expected_columns(scope: Scope, own_keys: Sequence[Template]) -> frozenset[ColumnRef]:
    """The columns that rows are looked up by, and those of the table's own keys."""
    keyed = {scope.use(name)[0] for template in own_keys for name in template.references()}
    return frozenset(keyed.union(ours for join in scope.joins for _, ours in join.on))


def is_expected(scope: Scope, surprising: frozenset[ColumnRef], ref: ColumnRef, column: Column) -> bool:
    """Whether a NULL would be a surprise: in one of those columns, or in what is looked up."""
    return column.not_null or ref.alias != scope.alias or ref in surprising


def _used(scope: Scope, rules: Mapping[str, Attribute], keys: Sequence[Key]) -> dict[Reference, Used]:
    surprising, rowid = expected_columns(scope, [key.template for key in keys if key.own]), scope.rowid()
    found = {}
    for reference in _references(rules, keys):
        ref, column = scope.use(reference)
        found[reference] = Used(ref, column, is_expected(scope, surprising, ref, column), ref == rowid)
    return found


def _references(rules: Mapping[str, Attribute], keys: Sequence[Key]) -> Iterator[Reference]:
    for key in keys:
        yield from key.template.references()
    for rule in rules.values():
        yield from rule.references()
