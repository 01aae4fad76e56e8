"""Access patterns held against what the entities write, and against the source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from migration_tool.design.demanded import all_written
from migration_tool.design.draft import Draft
from migration_tool.design.model import AccessPattern, Design
from migration_tool.design.reading import nearest
from migration_tool.design.resolve import ResolvedEntity
from migration_tool.errors import DesignError, Fault, SourceError
from migration_tool.model import Schema, folded
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.answers import ORDER_ONLY
from migration_tool.verify.cases import (
    arguments,
    check_sql,
    columns_of,
    incomparable,
    unfit_cases,
    unprojected,
)

_REMEDIES = {
    "ambiguous column": "write the name of its entity or table before it",
    "not authorized": "write a SELECT over the tables of the source",
}


def sql_fault(place: str, error: SourceError, statement: str, schema: Schema) -> Fault:
    """What SQLite says against the SQL of a design."""
    kind, _, name = error.cause.partition(": ")
    if kind == "no such table":
        return Fault(place, error.cause, nearest(name, schema.tables))
    if kind == "no such column":
        words = set(map(folded, re.findall(r"\w+", statement)))
        tables = [table for table in schema.tables.values() if folded(table.name) in words]
        columns = dict.fromkeys(column.name for table in tables for column in table.columns)
        return Fault(place, error.cause, nearest(name.rpartition(".")[2], columns) if columns else "")
    found = (remedy for sign, remedy in _REMEDIES.items() if sign in error.cause)
    return Fault(place, error.cause, next(found, ""))


def check_patterns(source: SqliteSource, draft: Draft, entities: Sequence[ResolvedEntity], run: bool) -> None:
    """Notes SQL that does not run or cannot be compared, and attributes that no item can have.

    run  each statement is run for one row, too; else SQLite is only asked whether it understands them
    """
    for pattern in draft.design.patterns:
        asked = _Asked(source, draft, entities, pattern)
        found = [*asked.filters(), *asked.cases(), *asked.sql()]
        draft.faults.extend(found)
        if run and not draft.faults.touched(asked.place):
            draft.faults.extend(asked.run())


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


class _Asked:
    """One pattern, of a design that may have faults."""

    def __init__(
        self, source: SqliteSource, draft: Draft, entities: Sequence[ResolvedEntity], pattern: AccessPattern
    ) -> None:
        self.place = f"access_patterns.{pattern.name}"
        self._source = source
        self._draft = draft
        self._pattern = pattern
        self._known = self._attributes(entities)

    def filters(self) -> Iterator[Fault]:
        for condition in self._pattern.filters:
            name = condition.attribute
            if self._lacks(name):
                yield self._unwritten(f"{self.place}.query.filter.{name}", name)

    def cases(self) -> Iterator[Fault]:
        """Also where there are none, and parameters without a default."""
        statement = self._pattern.cases or ""
        try:
            given = columns_of(self._source, statement, {}) if statement else []
        except SourceError as error:
            yield sql_fault(f"{self.place}.cases", error, statement, self._source.schema)
        else:
            if self._draft.faults.whole(f"{self.place}.parameters"):
                yield from unfit_cases(self._pattern, given)

    def sql(self) -> Iterator[Fault]:
        place, faults = f"{self.place}.sql", self._draft.faults
        if faults.lost(place):
            return
        try:
            columns = columns_of(self._source, self._pattern.sql, arguments(self._pattern, (), ()))
        except SourceError as error:
            if "binding" not in error.cause or faults.whole(f"{self.place}.parameters"):
                yield sql_fault(place, error, self._pattern.sql, self._source.schema)
            return
        yield from incomparable(self._pattern, columns)
        unwritten = [name for name in columns if not name.startswith(ORDER_ONLY) and self._lacks(name)]
        yield from (self._unwritten(place, name) for name in unwritten)
        if not faults.touched(f"indexes.{self._pattern.index}"):
            others = [name for name in columns if name not in unwritten]
            yield from unprojected(self._draft.design, self._pattern, others)

    def run(self) -> Sequence[Fault]:
        """What only an answer shows."""
        try:
            check_sql(self._source, replace(self._draft.design, patterns=(self._pattern,)))
        except DesignError as error:
            return error.found
        except SourceError as error:
            return [sql_fault(f"{self.place}.sql", error, self._pattern.sql, self._source.schema)]
        return ()

    def _lacks(self, name: str) -> bool:
        return self._known is not None and name not in self._known

    def _unwritten(self, place: str, name: str) -> Fault:
        reason = f"no item of {self._pattern.index or 'the table'} has the attribute {name!r}"
        return Fault(place, reason, nearest(name, sorted(self._known or ())))

    def _attributes(self, entities: Sequence[ResolvedEntity]) -> frozenset[str] | None:
        """Those of the items that the pattern can find; None where a fault leaves open which these are.

        Where no entity writes the keys, that is the fault.
        """
        faults, needed = self._draft.faults, self._draft.design.key_of(self._pattern.index)
        keys = [f"{entity.scope.place}.keys.{key}" for entity in entities for key in needed]
        if not all(needed) or any(map(faults.lost, (f"{self.place}.query.index", *keys))):
            return None
        found = [entity for entity in entities if all(key in entity.entity.keys for key in needed)]
        return all_written(found, faults) if found else None
