"""Design + schema → for each entity what to read and one function from row to item.

The function is generated once as Python source, as dataclasses generate `__init__`: no dictionary of
columns and no dispatch over rules is left in the loop. It is the only transformer there is: the loader,
the comparison, the plan and the collision check all call it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from migration_tool.design.codegen import item_source
from migration_tool.design.compile_embed import compile_children
from migration_tool.design.demanded import check_demanded
from migration_tool.design.draft import Draft
from migration_tool.design.faults import Faults
from migration_tool.design.model import Design, Entity
from migration_tool.design.own_code import Function, load_functions, names, on_rows, repeatable
from migration_tool.design.resolve import ResolvedEntity, resolve
from migration_tool.design.runtime import fitted, item_function
from migration_tool.design.shape import Shape, item_shape
from migration_tool.model import ColumnRef, EncodedItem, Read, Row, Schema, Table


@dataclass(frozen=True)
class CompiledEntity:
    """What to read, and how a row becomes an item.

    item     raises RowRejected
    labels   the name of each place in the row, for messages and the reject file
    source   the generated Python
    shape    what the items are made of
    loose    the lookups that may find more than one row
    """

    name: str
    entity: Entity
    table: Table
    read: Read
    item: Callable[[Row], EncodedItem]
    labels: tuple[str, ...]
    source: str
    shape: Shape
    loose: tuple[str, ...] = ()


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
    """A sound design. Raises DesignError listing every name of it that the source does not have.

    allow_code  the design's own code may run; else a design with such code raises DesignError
    """
    draft = Draft(Path(design.path), design, Faults())
    return compile_draft(draft, look_up(draft, schema), allow_code)


def look_up(draft: Draft, schema: Schema) -> tuple[ResolvedEntity, ...]:
    """The entities as far as they could be read; notes every name of the draft that the source lacks."""
    entities = resolve(draft.design, schema, draft.faults)
    check_demanded(draft.design, entities, draft.faults)
    return entities


def compile_draft(draft: Draft, entities: Sequence[ResolvedEntity], allow_code: bool) -> CompiledDesign:
    """Raises DesignError listing all faults of the draft, its file's and those against the source together.

    entities  what `look_up` has found
    """
    draft.require_sound("fit the design to the source", "Mend the design, or name another source database.")
    own = load_functions(draft.path, draft.design.code, allow_code)
    return CompiledDesign(draft.design, tuple(_entity(draft.design, entity, own) for entity in entities))


def _entity(design: Design, resolved: ResolvedEntity, own: Mapping[str, Function]) -> CompiledEntity:
    entity, scope, rules = resolved.entity, resolved.scope, resolved.rules
    children = compile_children(resolved.children)
    body = item_source(design, entity, scope, rules)
    source = "\n\n".join([*(child.source for child in children), body])
    labels = tuple(_label(column, entity.name) for column in scope.columns)
    return CompiledEntity(
        name=entity.name,
        entity=entity,
        table=resolved.table,
        read=resolved.read([child.read for child in children]),
        item=_item(design, entity, source, labels, own),
        labels=labels + tuple(embed.name for embed in entity.embeds),
        source=source,
        shape=item_shape(design, entity, scope, rules, {child.read.name: child.shape for child in children}),
        loose=tuple(scope.loose),
    )


def _item(
    design: Design, entity: Entity, source: str, labels: tuple[str, ...], own: Mapping[str, Function]
) -> Callable[[Row], EncodedItem]:
    item = item_function(source, {"fitted": fitted(design, entity), **(names(own) if own else {})})
    if entity.transform:
        fixed = frozenset(entity.ancestries)
        item = on_rows(entity.transform, own[entity.transform], labels, fixed, item)
    return repeatable(entity.name, item) if own else item


def _label(column: ColumnRef, own: str) -> str:
    return column.column if column.alias in ("", own) else f"{column.alias}.{column.column}"
