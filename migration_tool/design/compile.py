"""Design + schema → for each entity what to read and one function from row to item.

The function is generated once as Python source, as dataclasses generate `__init__`: no dictionary of
columns and no dispatch over rules is left in the loop. It is the only transformer there is: the loader,
the comparison, the plan and the collision check all call it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from migration_tool.design.codegen import child_source, item_function, item_source
from migration_tool.design.demanded import demanded_faults
from migration_tool.design.model import (
    ENTITY_TYPE,
    Attribute,
    AttributeRule,
    Design,
    Embed,
    Entity,
    Everything,
)
from migration_tool.design.own_code import Function, load_functions, names, on_rows, repeatable
from migration_tool.design.scope import Scope, unknown
from migration_tool.design.shape import Shape, item_shape, row_shape
from migration_tool.design.template import Reference, Template
from migration_tool.documents import located
from migration_tool.errors import DesignError, Fault
from migration_tool.model import ChildRead, ColumnRef, EncodedItem, Read, Row, Schema, Table


@dataclass(frozen=True)
class CompiledEntity:
    """What to read, and how a row becomes an item.

    item     raises RowRejected
    labels   the name of each place in the row, for messages and the reject file
    source   the generated Python
    shape    what the items are made of
    """

    name: str
    entity: Entity
    table: Table
    read: Read
    item: Callable[[Row], EncodedItem]
    labels: tuple[str, ...]
    source: str
    shape: Shape


@dataclass(frozen=True)
class CompiledDesign:
    """A design bound to the schema of one source."""

    design: Design
    entities: tuple[CompiledEntity, ...]

    @property
    def name(self) -> str:
        return self.design.name

    def entity(self, name: str) -> CompiledEntity:
        return next(entity for entity in self.entities if entity.name == name)


def compile_design(design: Design, schema: Schema, allow_code: bool = False) -> CompiledDesign:
    """Raises DesignError listing every name of the design that the source does not have.

    allow_code  the design's own code may run; else a design with such code raises DesignError
    """
    faults: list[Fault] = []
    own = load_functions(Path(design.path), design.code, allow_code)
    found = [_entity(design, entity, schema, own, faults) for entity in design.entities]
    entities = tuple(entity for entity in found if entity)
    if not faults:
        faults += demanded_faults(design, [entity.shape for entity in entities])
    if faults:
        raise DesignError(
            "fit the design to the source",
            design.path,
            f"{len(set(faults))} of its names do not fit",
            "Mend the design, or name another source database.",
            located(Path(design.path), list(dict.fromkeys(faults))),
        )
    return CompiledDesign(design, entities)


def _entity(
    design: Design, entity: Entity, schema: Schema, own: Mapping[str, Function], faults: list[Fault]
) -> CompiledEntity | None:
    table = _table(f"entities.{entity.name}", entity.table, schema, faults)
    if table is None:
        return None
    place = f"entities.{entity.name}"
    scope = Scope(place, entity.name, table, schema, faults, rewritten=bool(entity.transform))
    for name in [c.name for c in table.columns] if entity.transform else table.cursor:
        scope.use(Reference(None, name))
    scope.add_lookups(entity.lookups)
    scope.add_ancestries(entity.ancestries)
    rules = _rules(scope, entity.attributes)
    _check_names(design, entity, scope, rules)
    _check_references(scope, rules, entity.keys)
    children = [_child(scope, number, embed) for number, embed in enumerate(entity.embeds)]
    if faults:
        return None
    body = item_source(design, entity, scope, rules)
    source = "\n\n".join([*(child.source for child in children if child), body])
    read = Read(
        alias=entity.name,
        table=table.name,
        joins=tuple(scope.joins),
        columns=tuple(scope.columns),
        ancestries=tuple(scope.ancestries.values()),
        children=tuple(child.read for child in children if child),
        where=entity.where,
    )
    labels = tuple(_label(column, entity.name) for column in scope.columns)
    return CompiledEntity(
        name=entity.name,
        entity=entity,
        table=table,
        read=read,
        item=_item(entity, source, labels, own),
        labels=labels + tuple(embed.name for embed in entity.embeds),
        source=source,
        shape=item_shape(design, entity, scope, rules, {c.read.name: c.shape for c in children if c}),
    )


def _item(
    entity: Entity, source: str, labels: tuple[str, ...], own: Mapping[str, Function]
) -> Callable[[Row], EncodedItem]:
    item = item_function(source, names(own) if own else {})
    if entity.transform:
        fixed = frozenset(entity.ancestries)
        item = on_rows(entity.transform, own[entity.transform], labels, fixed, item)
    return repeatable(entity.name, item) if own else item


@dataclass(frozen=True)
class _Child:
    read: ChildRead
    source: str
    shape: Shape


def _table(place: str, name: str, schema: Schema, faults: list[Fault]) -> Table | None:
    table = schema.table(name)
    if table is None:
        faults.append(Fault(f"{place}.from", *unknown("table", name, schema.tables)))
    elif table.is_view:
        reason = f"{name} is a view, which has no rowid to resume by"
        faults.append(Fault(f"{place}.from", reason, "name its table"))
        return None
    return table


def _child(parent: Scope, number: int, embed: Embed) -> _Child | None:
    place = f"{parent.place}.embed.{embed.name}"
    table = _table(place, embed.table, parent.schema, parent.faults)
    if table is None:
        return None
    scope = Scope(place, embed.name, table, parent.schema, parent.faults)
    scope.add_lookups(embed.lookups)
    rules = _rules(scope, embed.attributes)
    _check_references(scope, rules, {})
    on = [
        (
            scope.resolve(Reference(None, child), f"match.{child}")[0].column,
            parent.resolve(Reference(None, up), f"embed.{embed.name}.match.{child}")[0].column,
        )
        for child, up in embed.on
    ]
    order = [
        scope.resolve(Reference(None, name), f"order[{place}]")[0].column
        for place, name in enumerate(embed.order)
    ]
    if scope.faults:
        return None
    source = child_source(number, scope, rules)
    read = ChildRead(
        name=embed.name,
        alias=embed.name,
        table=table.name,
        on=tuple(on),
        order=tuple(order),
        joins=tuple(scope.joins),
        columns=tuple(scope.columns),
    )
    return _Child(read, source, row_shape(scope, rules))


def _check_references(scope: Scope, rules: Mapping[str, Attribute], keys: Mapping[str, Template]) -> None:
    """Every column that a key or an attribute is made of is there."""
    for name, template in keys.items():
        for reference in template.references():
            scope.resolve(reference, f"keys.{name}")
    for name, rule in rules.items():
        for reference in rule.references():
            scope.resolve(reference, f"attributes.{name}")


def _check_names(design: Design, entity: Entity, scope: Scope, rules: Mapping[str, Attribute]) -> None:
    """An attribute of an index key's name would put items into the index, or spoil their batch."""
    indexed = [name for index in design.indexes for name in index.keys]
    for name in sorted({*rules, *(embed.name for embed in entity.embeds)} & {*design.keys, *indexed}):
        scope.fault(f"attributes.{name}", f"{name!r} is the name of a key attribute", "rename or omit it")
    for embed in entity.embeds:
        if embed.name in {*rules, ENTITY_TYPE}:
            scope.fault(f"embed.{embed.name}", "an attribute has this name", "rename or omit it")


def _rules(scope: Scope, rules: tuple[AttributeRule, ...]) -> dict[str, Attribute]:
    """Attribute rules by name: `*` expanded, explicit ones in place of those that `*` brought."""
    found: dict[str, Attribute] = {}
    for rule in rules:
        if isinstance(rule, Attribute):
            continue
        table = scope.tables.get(rule.alias) or (
            scope.tables[scope.alias] if rule.alias == scope.tables[scope.alias].name else None
        )
        if table is None:
            scope.fault("attributes.*.of", *unknown("alias", rule.alias, scope.tables))
            continue
        alias = rule.alias if rule.alias in scope.tables else scope.alias
        found |= _expanded(scope, alias, table, rule)
    found |= {rule.name: rule for rule in rules if isinstance(rule, Attribute)}
    for name in sorted(found.keys() & {"", ENTITY_TYPE}):
        scope.fault(
            f"attributes.{name}",
            f"there cannot be an attribute {name!r}: the name is empty, or the tool's own",
            "omit the column, or give it another name",
        )
    return found


def _expanded(scope: Scope, alias: str, table: Table, rule: Everything) -> dict[str, Attribute]:
    names = [column.name for column in table.columns]
    omitted = set()
    for name in rule.omit:
        column = table.column(name)
        if column is None:
            scope.fault("attributes.*.omit", *unknown(f"column of {table.name}", name, names))
        else:
            omitted.add(column.name)
    return {name: Attribute(name, Reference(alias, name)) for name in names if name not in omitted}


def _label(column: ColumnRef, own: str) -> str:
    return column.column if column.alias in ("", own) else f"{column.alias}.{column.column}"
