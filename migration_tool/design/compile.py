"""Design + schema → for each entity what to read and one function from row to item.

The function is generated once as Python source, as dataclasses generate `__init__`: no dictionary of
columns and no dispatch over rules is left in the loop. It is the only transformer there is: the loader,
the comparison, the plan and the collision check all call it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from migration_tool.design.codegen import item_source
from migration_tool.design.compile_embed import check_embed_names, compile_children, source_table
from migration_tool.design.demanded import demanded_faults
from migration_tool.design.expansion import attribute_rules, check_references, check_rules
from migration_tool.design.model import (
    Attribute,
    Design,
    Entity,
)
from migration_tool.design.own_code import Function, load_functions, names, on_rows, repeatable
from migration_tool.design.runtime import item_function
from migration_tool.design.scope import Scope
from migration_tool.design.shape import Shape, item_shape
from migration_tool.design.template import Reference
from migration_tool.documents import located
from migration_tool.errors import DesignError, Fault
from migration_tool.model import ColumnRef, EncodedItem, Read, Row, Schema, Table


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
        named = list(dict.fromkeys(faults))
        raise DesignError(
            "fit the design to the source",
            design.path,
            f"{len(named)} of its names do not fit" if len(named) > 1 else "1 of its names does not fit",
            "Mend the design, or name another source database.",
            located(Path(design.path), named),
        )
    return CompiledDesign(design, entities)


def _entity(
    design: Design, entity: Entity, schema: Schema, own: Mapping[str, Function], faults: list[Fault]
) -> CompiledEntity | None:
    table = source_table(f"entities.{entity.name}", entity.table, schema, faults)
    if table is None:
        return None
    place = f"entities.{entity.name}"
    scope = Scope(place, entity.name, table, schema, faults, rewritten=bool(entity.transform))
    for name in [c.name for c in table.columns] if entity.transform else table.cursor:
        scope.use(Reference(None, name))
    scope.add_lookups(entity.lookups)
    scope.add_ancestries(entity.ancestries)
    rules = attribute_rules(scope, entity.attributes)
    _check_names(design, entity, scope, rules)
    check_rules(scope, rules)
    keys = {f"keys.{name}": template.references() for name, template in entity.keys.items()}
    conditions = {f"keys.{name}.when": when.references() for name, when in entity.conditions.items()}
    check_references(scope, keys | conditions)
    children = compile_children(scope, "", entity.embeds)
    if faults:
        return None
    body = item_source(design, entity, scope, rules)
    source = "\n\n".join([*(child.source for child in children), body])
    read = Read(
        alias=entity.name,
        table=table.name,
        joins=tuple(scope.joins),
        columns=tuple(scope.columns),
        ancestries=tuple(scope.ancestries.values()),
        children=tuple(child.read for child in children),
        where=entity.where,
        large=entity.oversize in ("split", "s3"),
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
        shape=item_shape(design, entity, scope, rules, {child.read.name: child.shape for child in children}),
    )


def _item(
    entity: Entity, source: str, labels: tuple[str, ...], own: Mapping[str, Function]
) -> Callable[[Row], EncodedItem]:
    item = item_function(source, names(own) if own else {})
    if entity.transform:
        fixed = frozenset(entity.ancestries)
        item = on_rows(entity.transform, own[entity.transform], labels, fixed, item)
    return repeatable(entity.name, item) if own else item


def _check_names(design: Design, entity: Entity, scope: Scope, rules: Mapping[str, Attribute]) -> None:
    """An attribute of an index key's name would put items into the index, or spoil their batch."""
    indexed = [name for index in design.indexes for name in index.keys]
    for name in sorted({*rules, *(embed.name for embed in entity.embeds)} & {*design.keys, *indexed}):
        scope.fault(f"attributes.{name}", f"{name!r} is the name of a key attribute", "rename or omit it")
    check_embed_names(scope, rules, entity.embeds)


def _label(column: ColumnRef, own: str) -> str:
    return column.column if column.alias in ("", own) else f"{column.alias}.{column.column}"
