"""Resolved embedded rows → what to read, and the functions from a row to what stands in the item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migration_tool.design.codegen import child_source
from migration_tool.design.resolve import ResolvedChild
from migration_tool.design.shape import Shape, row_shape
from migration_tool.model import ChildRead


@dataclass(frozen=True)
class CompiledChild:
    """What to read; the source of the functions for its rows and those in them; what they are made of."""

    read: ChildRead
    source: str
    shape: Shape


def compile_children(children: Sequence[ResolvedChild], path: str = "") -> list[CompiledChild]:
    """What is embedded in a row; `path` tells these functions from those of other rows."""
    return [_child(child, f"{path}{number}") for number, child in enumerate(children)]


def _child(child: ResolvedChild, path: str) -> CompiledChild:
    embed, scope, rules = child.embed, child.scope, child.rules
    children = compile_children(child.children, f"{path}_")
    source = child_source(path, scope, rules, embed)
    read = ChildRead(
        name=embed.name,
        alias=embed.name,
        table=scope.tables[embed.name].name,
        on=child.on,
        order=child.order,
        joins=tuple(scope.joins),
        columns=tuple(scope.columns),
        descending=tuple(
            one for one, name in zip(child.order, embed.order, strict=True) if name in embed.descending
        ),
        limit=embed.limit,
        children=tuple(child.read for child in children),
    )
    return CompiledChild(
        read, "\n\n".join([*(one.source for one in children), source]), row_shape(scope, rules, embed)
    )
