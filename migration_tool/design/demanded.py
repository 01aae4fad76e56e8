"""The attributes that a table asks for by name, for a projection or as time to live: who writes them?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migration_tool.design.expression import Node, Operand
from migration_tool.design.model import ENTITY_TYPE, Attribute, Design
from migration_tool.design.shape import Shape
from migration_tool.design.template import Reference
from migration_tool.errors import Fault

_TIMES = ("number", "timestamp")


def demanded_faults(design: Design, shapes: Sequence[Shape]) -> Iterator[Fault]:
    """What no entity writes, and a time to live that DynamoDB would not take for one.

    It has to be a number of Unix seconds; any other is left alone in silence (AWS, "Using time to live (TTL)
    in DynamoDB").

    shapes  of all entities
    """
    written = {ENTITY_TYPE}.union(*({*shape.attributes, *shape.lists, *shape.keys} for shape in shapes))
    for index in design.indexes:
        for name in index.include or ():
            if name not in written:
                yield Fault(f"indexes.{index.name}.projection.include", f"no entity writes {name}")
    ttl = design.settings.ttl
    if ttl is None:
        return
    if ttl not in written:
        yield Fault("settings.ttl", f"no entity writes {ttl}")
    for shape in shapes:
        if ttl in shape.keys or ttl in shape.lists or (ttl in shape.attributes and not _is_time(shape, ttl)):
            reason = f"{ttl} is the time to live, which has to be a number"
            yield Fault(f"entities.{shape.kind}.attributes.{ttl}", reason, "write it with `as: timestamp`")


def _is_time(shape: Shape, name: str) -> bool:
    rule: Attribute = shape.attributes[name]
    if rule.transform:
        return True
    if rule.template:
        return False
    if rule.expression:
        return _gives_time(shape, rule.expression.node)
    if rule.reference is None:
        return not isinstance(rule.constant, str)
    return rule.convert in _TIMES if rule.convert else _holds_time(shape, rule.reference)


def _gives_time(shape: Shape, node: Node) -> bool:
    """Where an operation may give anything, nobody can say that it gives no time."""
    return _holds_time(shape, node.reference) if isinstance(node, Operand) else node.kind in ("number", "any")


def _holds_time(shape: Shape, reference: Reference) -> bool:
    return shape.used[reference].column.affinity == "INTEGER"
