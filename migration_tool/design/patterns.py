"""Can an access pattern find what the entities write? Checked from the design alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from migration_tool.design.faults import Faults
from migration_tool.design.model import AccessPattern, Condition, Design
from migration_tool.design.reading import nearest
from migration_tool.design.template import Field, Template
from migration_tool.errors import Fault


def check_patterns(design: Design, faults: Faults) -> None:
    """Notes what of each pattern could never find an item, or uses what is not there."""
    for pattern in design.patterns:
        place = f"access_patterns.{pattern.name}"
        found = _wording(design, pattern, faults)
        if _is_known(design, pattern, faults):
            found = chain(found, _finding(design, pattern))
        faults.extend([replace(fault, place=f"{place}.{fault.place}") for fault in found])


def _is_known(design: Design, pattern: AccessPattern, faults: Faults) -> bool:
    """Whether the keys of all that it could find could be read."""
    needed = design.key_of(pattern.index)
    written = [f"entities.{entity.name}.keys.{key}" for entity in design.entities for key in needed]
    return (
        all(needed)
        and not faults.lost(f"access_patterns.{pattern.name}.query.index")
        and faults.whole("entities")
        and not any(map(faults.touched, written))
    )


def _wording(design: Design, pattern: AccessPattern, faults: Faults) -> Iterator[Fault]:
    known = [parameter.name for parameter in pattern.parameters]
    all_known = faults.whole(f"access_patterns.{pattern.name}.parameters")
    for place, condition in _conditions(pattern):
        used = {reference for template in condition.values for reference in template.references()}
        for reference in sorted(used, key=str) if all_known else ():
            if reference.alias or reference.name not in known:
                remedy = nearest(reference.name, known) if known else "add it to its `parameters`"
                yield Fault(place, f"{{{reference}}} is not a parameter of the pattern", remedy)
        sharded = any(template.shards() for template in condition.values)
        if sharded and (pattern.operation == "GetItem" or condition is not pattern.partition):
            remedy = "name the value: shard(parameter, n)"
            yield Fault(place, "only the partition of a query can leave the shard open", remedy)
    projected = design.projected(pattern.index)
    complete = not faults.touched(f"indexes.{pattern.index}.projection")
    for condition in pattern.filters:
        if complete and projected is not None and condition.attribute not in projected:
            reason = f"{pattern.index} does not project {condition.attribute}"
            yield Fault(f"query.filter.{condition.attribute}", reason, "add it to the index's `include`")
        if condition.attribute in design.key_of(pattern.index):
            reason = f"DynamoDB does not filter on {condition.attribute}, a key of what is queried"
            yield Fault(f"query.filter.{condition.attribute}", reason, "use `sort`")


def _finding(design: Design, pattern: AccessPattern) -> Iterator[Fault]:
    places = {condition.attribute: place for place, condition in _conditions(pattern)}
    partition, sort = pattern.partition, pattern.sort
    needed = design.key_of(pattern.index)
    written = [entity.keys for entity in design.entities if all(key in entity.keys for key in needed)]
    found = [keys for keys in written if _can_equal(partition.values[0], keys[partition.attribute])]
    if not found:
        there = [keys[partition.attribute] for keys in written]
        yield _nothing(places[partition.attribute], partition, there)
    elif sort and sort.operator in _CAN:
        there = [keys[sort.attribute] for keys in found]
        if not any(_CAN[sort.operator](sort.values[0], template) for template in there):
            yield _nothing(places[sort.attribute], sort, there)


def _nothing(place: str, condition: Condition, written: list[Template]) -> Fault:
    there = " or ".join(sorted({repr(template.source) for template in written})) or "nothing"
    wanted = condition.values[0].source
    reason = f"{condition.attribute} {condition.operator} {wanted!r} finds nothing"
    return Fault(place, reason, f"entities write {there}")


def _can_equal(wanted: Template, written: Template) -> bool:
    """The same template but for the column names, or a fixed text that the other can render."""
    if any(wanted.fields()):
        return wanted.shape() == written.shape()
    pattern = "".join(
        re.escape(part) if isinstance(part, str) else rf"\d{{{part.width}}}" if part.width else r"[\s\S]*"
        for part in written.parts
    )
    return re.fullmatch(pattern, _opening(wanted)) is not None


def _can_begin(wanted: Template, written: Template) -> bool:
    """Whether the texts before the first field agree as far as both go."""
    mine, theirs = _opening(wanted), _opening(written)
    longer = mine.startswith(theirs) and any(written.fields())
    return longer or theirs.startswith(mine)


def _opening(template: Template) -> str:
    """The literal text before the first field."""
    first = template.parts[0] if template.parts else ""
    return "" if isinstance(first, Field) else first


_CAN = {"equals": _can_equal, "begins_with": _can_begin}


def _conditions(pattern: AccessPattern) -> Iterator[tuple[str, Condition]]:
    """All conditions with their places within the pattern."""
    is_get = pattern.operation == "GetItem"
    for key, condition in (("partition", pattern.partition), ("sort", pattern.sort)):
        if condition:
            yield f"get.{condition.attribute}" if is_get else f"query.{key}", condition
    for condition in pattern.filters:
        yield f"query.filter.{condition.attribute}", condition
