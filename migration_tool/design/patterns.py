"""Can an access pattern find what the entities write? Checked from the design alone."""

from __future__ import annotations

from collections.abc import Iterator

from migration_tool.design.model import AccessPattern, Design
from migration_tool.design.template import Template


def pattern_faults(design: Design) -> list[str]:
    """A line for each pattern that could never find an item, or that uses what is not there."""
    return [fault for pattern in design.patterns for fault in _faults(design, pattern)]


def _faults(design: Design, pattern: AccessPattern) -> Iterator[str]:
    place = f"access_patterns.{pattern.name}"
    known = {parameter.name for parameter in pattern.parameters}
    used = {reference.name for template in _templates(pattern) for reference in template.references()}
    for name in sorted(used - known):
        yield f"{place}: {{{name}}} is not a parameter of the pattern"
    wanted = pattern.partition.values[0]
    written = [
        entity.keys[pattern.partition.attribute]
        for entity in design.entities
        if pattern.partition.attribute in entity.keys
    ]
    if wanted.shape() not in {template.shape() for template in written}:
        there = " or ".join(sorted({repr(template.source) for template in written})) or "nothing"
        yield f"{place}: {pattern.partition.attribute} = {wanted.source!r} finds nothing; entities write {there}"


def _templates(pattern: AccessPattern) -> Iterator[Template]:
    conditions = [pattern.partition, *pattern.filters] + ([pattern.sort] if pattern.sort else [])
    return (template for condition in conditions for template in condition.values)
