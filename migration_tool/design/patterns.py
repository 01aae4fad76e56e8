"""Can an access pattern find what the entities write? Checked from the design alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migration_tool.design.model import AccessPattern, Condition, Design
from migration_tool.design.template import Field, Template


def pattern_faults(design: Design) -> list[str]:
    """A line for each pattern that could never find an item, or that uses what is not there."""
    return [
        f"access_patterns.{pattern.name}: {fault}"
        for pattern in design.patterns
        for fault in (*_wording(design, pattern), *_finding(design, pattern))
    ]


def _wording(design: Design, pattern: AccessPattern) -> Iterator[str]:
    known = {parameter.name for parameter in pattern.parameters}
    used = {reference for template in _templates(pattern) for reference in template.references()}
    for reference in sorted(used, key=str):
        if reference.alias or reference.name not in known:
            yield f"{{{reference}}} is not a parameter of the pattern"
    sharded = [template for template in _templates(pattern) if template.shards()]
    if any(pattern.operation == "GetItem" or t is not pattern.partition.values[0] for t in sharded):
        yield "only the partition of a query can leave the shard open"
    for name in design.key_of(pattern.index):
        if name in {condition.attribute for condition in pattern.filters}:
            yield f"DynamoDB does not filter on {name}, a key of what is queried; use `sort`"


def _finding(design: Design, pattern: AccessPattern) -> Iterator[str]:
    partition, sort = pattern.partition, pattern.sort
    written = [entity.keys for entity in design.entities if partition.attribute in entity.keys]
    found = [keys for keys in written if _can_equal(partition.values[0], keys[partition.attribute])]
    if not found:
        yield _nothing(partition, [keys[partition.attribute] for keys in written])
    elif sort and sort.operator in _CAN:
        there = [keys[sort.attribute] for keys in found if sort.attribute in keys]
        if not any(_CAN[sort.operator](sort.values[0], template) for template in there):
            yield _nothing(sort, there)


def _nothing(condition: Condition, written: list[Template]) -> str:
    there = " or ".join(sorted({repr(template.source) for template in written})) or "nothing"
    wanted = condition.values[0].source
    return f"{condition.attribute} {condition.operator} {wanted!r} finds nothing; entities write {there}"


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


def _templates(pattern: AccessPattern) -> Iterator[Template]:
    conditions = [pattern.partition, *pattern.filters] + ([pattern.sort] if pattern.sort else [])
    return (template for condition in conditions for template in condition.values)
