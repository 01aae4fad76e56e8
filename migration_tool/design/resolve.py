"""Design + schema → every name of the design looked for in the source, before any code is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migration_tool.design.expansion import attribute_rules, check_references, check_rules
from migration_tool.design.faults import Faults
from migration_tool.design.model import ENTITY_TYPE, Attribute, Design, Embed, Entity
from migration_tool.design.scope import Scope, UnknownTable, unknown
from migration_tool.design.template import Reference
from migration_tool.model import ChildRead, Read, Schema, Table


@dataclass(frozen=True)
class ResolvedChild:
    """Embedded rows.

    on     (child column, parent column) as they are declared
    order  columns, likewise
    """

    embed: Embed
    scope: Scope
    rules: Mapping[str, Attribute]
    on: tuple[tuple[str, str], ...]
    order: tuple[str, ...]
    children: tuple[ResolvedChild, ...]


@dataclass(frozen=True)
class ResolvedEntity:
    """rules: of its attributes; those of embedded rows are in `children`."""

    entity: Entity
    table: Table
    scope: Scope
    rules: Mapping[str, Attribute]
    children: tuple[ResolvedChild, ...]

    @property
    def written(self) -> frozenset[str] | None:
        """The attributes that its items can have; None where a fault leaves open which these are."""
        if not all(map(self.scope.knows_all, ("attributes", "attributes.*", "embed", "keys"))):
            return None
        if not all(self.scope.is_sound(f"attributes.*.{key}") for key in ("of", "include", "rename")):
            return None
        embedded = [embed.name for embed in self.entity.embeds]
        return frozenset({*self.rules, *embedded, *self.entity.keys, ENTITY_TYPE})

    def read(self, children: Sequence[ChildRead] = ()) -> Read:
        """What to read, as far as it is known that a column is needed."""
        return Read(
            alias=self.entity.name,
            table=self.table.name,
            joins=tuple(self.scope.joins),
            columns=tuple(self.scope.columns),
            ancestries=tuple(self.scope.ancestries.values()),
            children=tuple(children),
            where=self.entity.where,
            large=self.entity.oversize in ("split", "s3"),
        )


def resolve(design: Design, schema: Schema, faults: Faults) -> tuple[ResolvedEntity, ...]:
    """All entities; what is not there is noted among the faults."""
    return tuple(_entity(design, entity, schema, faults) for entity in design.entities)


def _entity(design: Design, entity: Entity, schema: Schema, faults: Faults) -> ResolvedEntity:
    place = f"entities.{entity.name}"
    table = _table(place, entity.table, schema, faults)
    scope = Scope(place, entity.name, table, schema, faults, rewritten=bool(entity.transform))
    for name in [c.name for c in table.columns] if entity.transform else table.cursor:
        scope.use(Reference(None, name))
    scope.add_lookups(entity.lookups)
    scope.add_ancestries(entity.ancestries)
    rules = attribute_rules(scope, entity.attributes)
    _check_names(design, entity, scope, rules)
    check_rules(scope, rules)
    keys = {
        f"keys.{name}.template" if name in entity.conditions else f"keys.{name}": template.references()
        for name, template in entity.keys.items()
    }
    conditions = {f"keys.{name}.when": when.references() for name, when in entity.conditions.items()}
    check_references(scope, keys | conditions)
    return ResolvedEntity(entity, table, scope, rules, _children(scope, entity.embeds))


def _table(place: str, name: str, schema: Schema, faults: Faults) -> Table:
    """The table of that name; a fault if no rows can be read from it."""
    at, table = f"{place}.from", schema.table(name)
    if table is None:
        faults.add(at, *unknown("table", name, schema.tables))
    elif table.is_view:
        faults.add(at, f"{name} is a view, which has no rowid to resume by", "name its table")
    return UnknownTable(name) if table is None or faults.lost(at) else table


def _children(parent: Scope, embeds: Sequence[Embed]) -> tuple[ResolvedChild, ...]:
    return tuple(_child(parent, embed) for embed in embeds)


def _child(parent: Scope, embed: Embed) -> ResolvedChild:
    place = f"{parent.place}.embed.{embed.name}"
    table = _table(place, embed.table, parent.schema, parent.faults)
    scope = Scope(place, embed.name, table, parent.schema, parent.faults)
    scope.add_lookups(embed.lookups)
    rules = _child_rules(scope, embed)
    _check_embed_names(scope, rules, embed.embeds)
    on = tuple(
        (scope.stored(child, f"match.{child}"), parent.stored(up, f"embed.{embed.name}.match.{child}"))
        for child, up in embed.on
    )
    order = tuple(scope.stored(name, f"order[{number}]") for number, name in enumerate(embed.order))
    return ResolvedChild(embed, scope, rules, on, order, _children(scope, embed.embeds))


def _child_rules(scope: Scope, embed: Embed) -> Mapping[str, Attribute]:
    """What a row holds, every name of it looked for."""
    if embed.value:
        rules = {embed.name: embed.value}
        if embed.value.expression:
            scope.compute(embed.name, embed.value.expression, "value.expr")
        check_references(scope, {"value": embed.value.references()})
    else:
        rules = attribute_rules(scope, embed.attributes)
        check_rules(scope, rules)
    check_references(scope, {"key": embed.key.references()} if embed.key else {})
    return rules


def _check_names(design: Design, entity: Entity, scope: Scope, rules: Mapping[str, Attribute]) -> None:
    """An attribute of an index key's name would put items into the index, or spoil their batch."""
    indexed = [name for index in design.indexes for name in index.keys]
    for name in sorted({*rules, *(embed.name for embed in entity.embeds)} & {*design.keys, *indexed}):
        scope.fault(f"attributes.{name}", f"{name!r} is the name of a key attribute", "rename or omit it")
    _check_embed_names(scope, rules, entity.embeds)


def _check_embed_names(scope: Scope, rules: Mapping[str, Attribute], embeds: Sequence[Embed]) -> None:
    """A fault for each that has the name of an attribute beside it."""
    for embed in embeds:
        if embed.name in {*rules, ENTITY_TYPE}:
            scope.fault(f"embed.{embed.name}", "an attribute has this name", "rename or omit it")
