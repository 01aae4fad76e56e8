"""Access patterns held against what the entities write, and against the source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migration_tool.design.compile import CompiledDesign, CompiledEntity
from migration_tool.design.model import ENTITY_TYPE, AccessPattern, Design
from migration_tool.errors import DesignError, Fault, SourceError
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.answers import ORDER_ONLY
from migration_tool.verify.cases import check_projections, check_sql

_REMEDIES = {
    "ambiguous column": "write the name of its entity or table before it",
    "not authorized": "write a SELECT over the tables of the source",
}


def sql_fault(place: str, error: SourceError) -> Fault:
    """What SQLite says against the SQL of a design."""
    found = (remedy for sign, remedy in _REMEDIES.items() if sign in error.cause)
    return Fault(place, error.cause, next(found, ""))


def pattern_faults(source: SqliteSource, compiled: CompiledDesign) -> list[Fault]:
    """SQL that does not run or cannot be compared, and attributes that no item can have."""
    patterns = compiled.design.patterns
    return [fault for pattern in patterns for fault in _faults(source, compiled, pattern)]


def index_warnings(design: Design) -> list[str]:
    """Indexes that cost writes and storage and answer nothing."""
    asked = {pattern.index for pattern in design.patterns}
    warnings = []
    for index in design.indexes:
        if not any(all(key in entity.keys for key in index.keys) for entity in design.entities):
            warnings.append(f"{index.name}: no entity has keys for it, so it stays empty")
        elif index.name not in asked:
            warnings.append(f"{index.name}: no access pattern asks it")
    return warnings


def _faults(source: SqliteSource, compiled: CompiledDesign, pattern: AccessPattern) -> Iterator[Fault]:
    needed = compiled.design.key_of(pattern.index)
    found = [entity for entity in compiled.entities if all(key in entity.entity.keys for key in needed)]
    known = {name for entity in found for name in _attributes(entity)}
    place, where = f"access_patterns.{pattern.name}", pattern.index or "the table"
    for condition in pattern.filters:
        if condition.attribute not in known:
            name = condition.attribute
            yield Fault(f"{place}.query.filter.{name}", f"no item of {where} has the attribute {name!r}")
    try:
        source.query(pattern.cases or "SELECT 1", {}, 0)
    except SourceError as error:
        yield sql_fault(f"{place}.cases", error)
        return
    try:
        alone = replace(compiled.design, patterns=(pattern,))
        check_sql(source, alone)
        check_projections(source, alone)
        parameters = {parameter.name: parameter.default for parameter in pattern.parameters}
        columns, _ = source.query(pattern.sql, parameters, 0)
    except DesignError as error:
        yield from error.found
    except SourceError as error:
        yield sql_fault(f"{place}.sql", error)
    else:
        for name in columns:
            if name not in known and not name.startswith(ORDER_ONLY):
                yield Fault(f"{place}.sql", f"no item of {where} has the attribute {name!r}")


def _attributes(entity: CompiledEntity) -> set[str]:
    shape = entity.shape
    return {*shape.attributes, *shape.lists, *shape.keys, ENTITY_TYPE}
