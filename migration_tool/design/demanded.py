"""The attributes that a table asks for by name, for a projection or as time to live: who writes them?"""

from __future__ import annotations

from collections.abc import Sequence

from migration_tool.design.expression import Node, Operand
from migration_tool.design.faults import Faults
from migration_tool.design.model import Design
from migration_tool.design.reading import nearest
from migration_tool.design.resolve import ResolvedEntity
from migration_tool.design.scope import UnknownTable
from migration_tool.design.template import Reference

_TIMES = ("number", "timestamp")


def check_demanded(design: Design, entities: Sequence[ResolvedEntity], faults: Faults) -> None:
    """Notes what no entity writes, and a time to live that DynamoDB would not take for one.

    It has to be a number of Unix seconds; any other is left alone in silence (AWS, "Using time to live (TTL)
    in DynamoDB").

    entities  all of the design
    """
    wanted = [
        (f"indexes.{index.name}.projection.include", name)
        for index in design.indexes
        for name in index.include or ()
    ]
    ttl = design.settings.ttl
    wanted += [("settings.ttl", ttl)] if ttl is not None else []
    written = all_written(entities, faults)
    for place, name in wanted:
        if written is not None and name not in written:
            faults.add(place, f"no entity writes {name}", nearest(name, sorted(written)))
    for entity in entities if ttl is not None else ():
        place = f"{entity.scope.place}.attributes.{ttl}"
        if not faults.touched(place) and _spoils(entity, ttl or ""):
            reason = f"{ttl} is the time to live, which has to be a number"
            faults.add(place, reason, "write it with `as: timestamp`")


def all_written(entities: Sequence[ResolvedEntity], faults: Faults) -> frozenset[str] | None:
    """The attributes that items of these can have; None where a fault leaves open which these are."""
    found = [entity.written for entity in entities]
    known = [names for names in found if names is not None]
    whole = faults.whole("entities") and len(known) == len(found)
    return frozenset().union(*known) if whole else None


def _spoils(entity: ResolvedEntity, name: str) -> bool:
    """Whether the entity writes something else than a time under the name."""
    if name in entity.entity.keys or any(embed.name == name for embed in entity.entity.embeds):
        return True
    return name in entity.rules and not _is_time(entity, name)


def _is_time(entity: ResolvedEntity, name: str) -> bool:
    rule = entity.rules[name]
    if rule.transform:
        return True
    if rule.template:
        return False
    if rule.expression:
        return _gives_time(entity, rule.expression.node)
    if rule.reference is None:
        return not isinstance(rule.constant, str)
    return rule.convert in _TIMES if rule.convert else _holds_time(entity, rule.reference)


def _gives_time(entity: ResolvedEntity, node: Node) -> bool:
    """Where an operation may give anything, nobody can say that it gives no time."""
    if isinstance(node, Operand):
        return _holds_time(entity, node.reference)
    return node.kind in ("number", "any")


def _holds_time(entity: ResolvedEntity, reference: Reference) -> bool:
    found, column = entity.scope.resolve(reference)
    return column.affinity == "INTEGER" or isinstance(entity.scope.tables.get(found.alias), UnknownTable)
