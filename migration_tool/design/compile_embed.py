"""Embedded rows + schema → what to read, and the functions from a row to what stands in the item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from migration_tool.design.codegen import child_source
from migration_tool.design.expansion import attribute_rules, check_references, check_rules
from migration_tool.design.model import ENTITY_TYPE, Attribute, Embed
from migration_tool.design.scope import Scope, unknown
from migration_tool.design.shape import Shape, row_shape
from migration_tool.errors import Fault
from migration_tool.model import ChildRead, Schema, Table


@dataclass(frozen=True)
class CompiledChild:
    """What to read; the source of the functions for its rows and those in them; what they are made of."""

    read: ChildRead
    source: str
    shape: Shape


def source_table(place: str, name: str, schema: Schema, faults: list[Fault]) -> Table | None:
    """The table of that name, if rows can be read from it; else None, and a fault."""
    table = schema.table(name)
    if table is None:
        faults.append(Fault(f"{place}.from", *unknown("table", name, schema.tables)))
    elif table.is_view:
        reason = f"{name} is a view, which has no rowid to resume by"
        faults.append(Fault(f"{place}.from", reason, "name its table"))
        return None
    return table


def compile_children(parent: Scope, path: str, embeds: Sequence[Embed]) -> list[CompiledChild]:
    """What is embedded in the rows of a scope; `path` tells these functions from those of other rows."""
    found = [_child(parent, f"{path}{number}", embed) for number, embed in enumerate(embeds)]
    return [child for child in found if child]


def _child(parent: Scope, path: str, embed: Embed) -> CompiledChild | None:
    place = f"{parent.place}.embed.{embed.name}"
    table = source_table(place, embed.table, parent.schema, parent.faults)
    if table is None:
        return None
    scope = Scope(place, embed.name, table, parent.schema, parent.faults)
    scope.add_lookups(embed.lookups)
    rules = _rules(scope, embed)
    check_embed_names(scope, rules, embed.embeds)
    children = compile_children(scope, f"{path}_", embed.embeds)
    on = [
        (scope.stored(child, f"match.{child}"), parent.stored(up, f"embed.{embed.name}.match.{child}"))
        for child, up in embed.on
    ]
    order = [scope.stored(name, f"order[{place}]") for place, name in enumerate(embed.order)]
    if scope.faults:
        return None
    source = child_source(path, scope, rules, embed)
    read = ChildRead(
        name=embed.name,
        alias=embed.name,
        table=table.name,
        on=tuple(on),
        order=tuple(order),
        joins=tuple(scope.joins),
        columns=tuple(scope.columns),
        descending=tuple(
            one for one, name in zip(order, embed.order, strict=True) if name in embed.descending
        ),
        limit=embed.limit,
        children=tuple(child.read for child in children),
    )
    return CompiledChild(
        read, "\n\n".join([*(one.source for one in children), source]), row_shape(scope, rules, embed)
    )


def _rules(scope: Scope, embed: Embed) -> Mapping[str, Attribute]:
    """What a row holds, every name of it known."""
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


def check_embed_names(scope: Scope, rules: Mapping[str, Attribute], embeds: Sequence[Embed]) -> None:
    """A fault for each that has the name of an attribute beside it."""
    for embed in embeds:
        if embed.name in {*rules, ENTITY_TYPE}:
            scope.fault(f"embed.{embed.name}", "an attribute has this name", "rename or omit it")
