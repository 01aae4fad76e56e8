"""The parameter sets that an access pattern is proved with, and whether its SQL can be compared at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from migration_tool.design.model import AccessPattern, Design
from migration_tool.documents import located
from migration_tool.errors import BrokenText, DesignError, Fault, SourceError
from migration_tool.model import Row, Scalar
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.answers import ORDER_ONLY

_RENAMED = re.compile(r"(:|^column)[0-9]+\Z")
Arguments: TypeAlias = Mapping[str, Scalar]


def check_sql(source: SqliteSource, design: Design) -> None:
    """Runs the SQL of each pattern once.

    Raises DesignError listing every statement whose columns cannot be compared, or do not fit the
    parameters; SourceError for SQL that does not run.
    """
    faults = [fault for pattern in design.patterns for fault in _faults(source, pattern)]
    if faults:
        raise DesignError(
            "prove the access patterns", design.path, f"{len(faults)} faults in their SQL",
            "Mend the design.", located(Path(design.path), faults),
        )  # fmt: skip


def check_projections(source: SqliteSource, design: Design) -> None:
    """Holds what patterns compare against what their indexes project; no row of their SQL is needed.

    Raises DesignError naming each pattern that would miss columns; SourceError for SQL that is none.
    """
    faults = [fault for pattern in design.patterns for fault in _unprojected(source, design, pattern)]
    if faults:
        raise DesignError(
            "answer the access patterns", design.path, "indexes do not project what is asked of them",
            "Add them to the `projection` of the index, or leave them out of the SQL.",
            located(Path(design.path), faults),
        )  # fmt: skip


def columns_of(source: SqliteSource, statement: str, arguments: Arguments) -> list[str]:
    """The names of the columns that a SELECT gives, which is not run for them. Raises SourceError.

    It is if SQLite gave a column another name in a subquery: one that stands twice is "a:1" there, and one
    that is called true is "column1".
    """
    source.query(f"EXPLAIN {statement}", arguments, 0)
    names, _ = source.query(f"SELECT * FROM ({source.bare(statement, arguments)}\n) LIMIT 0", arguments, 0)  # noqa: S608  # the design's SQL
    if any(_RENAMED.search(name) for name in names):
        names, _ = source.query(statement, arguments, 0)
    return names


def cases(source: SqliteSource, pattern: AccessPattern, limit: int | None) -> list[Arguments]:
    """All parameter sets, or at most `limit` of them in even distances, the first among them."""
    if pattern.cases is None:
        return [arguments(pattern, (), ())]
    if limit is None:
        columns, rows, _ = answered(source, pattern.cases, {})
    else:
        columns, rows, _ = answered(
            source,
            'SELECT * FROM (SELECT *, row_number() OVER () - 1 AS "-n" FROM ('  # noqa: S608  # the design's SQL
            f"{source.bare(pattern.cases, {})}\n"
            ')) WHERE "-n" * :limit / :possible > ("-n" - 1) * :limit / :possible OR "-n" = 0',
            {"limit": limit, "possible": max(limit, possible(source, pattern))},
        )
        columns = columns[:-1]
    return [arguments(pattern, columns, row[: len(columns)]) for row in rows[:limit]]


def answered(
    source: SqliteSource, statement: str, arguments: Arguments, most: int | None = None
) -> tuple[list[str], list[Row], bool]:
    """Columns and rows, at most so many, and whether all rows of the source were looked at for them.

    Where SQL changes the case of text that is not UTF-8, the rows that hold such text are left out: no item
    can be made of that text either. Raises SourceError.
    """
    try:
        return (*source.query(statement, arguments, most), True)
    except BrokenText as broken:
        with suppress(SourceError):
            return (*source.query(statement, arguments, most, readable=True), False)
        raise broken


def possible(source: SqliteSource, pattern: AccessPattern) -> int:
    """How many parameter sets there are."""
    if pattern.cases is None:
        return 1
    return int(answered(source, f"SELECT count(*) FROM ({source.bare(pattern.cases, {})}\n)", {})[1][0][0])  # noqa: S608  # as above


def arguments(pattern: AccessPattern, columns: Sequence[str], case: Row) -> Arguments:
    """One case's values by parameter name, defaults filled in."""
    values = dict(zip(columns, case, strict=True))
    return {parameter.name: values.get(parameter.name, parameter.default) for parameter in pattern.parameters}


def _faults(source: SqliteSource, pattern: AccessPattern) -> Iterator[Fault]:
    given: list[str] = []
    case: Row = ()
    if pattern.cases is not None:
        given, found, _ = answered(source, pattern.cases, {}, 1)
        case = found[0] if found else (None,) * len(given)
    unfit = list(unfit_cases(pattern, given))
    if unfit:
        yield from unfit
        return
    columns, _, _ = answered(source, pattern.sql, arguments(pattern, given, case), 1)
    yield from incomparable(pattern, columns)


def unfit_cases(pattern: AccessPattern, given: Sequence[str]) -> Iterator[Fault]:
    """given: the columns of `cases`, by which the parameters get their values"""
    known = {parameter.name for parameter in pattern.parameters}
    required = {parameter.name for parameter in pattern.parameters if parameter.required}
    if not required <= set(given) <= known:
        reason = f"gives the columns {', '.join(given) or 'none'}"
        remedy = f"the parameters are {', '.join(sorted(known)) or 'none'}"
        yield Fault(f"access_patterns.{pattern.name}.cases", reason, remedy)


def incomparable(pattern: AccessPattern, columns: Sequence[str]) -> Iterator[Fault]:
    """columns: those of `sql`, which are compared with attributes"""
    place = f"access_patterns.{pattern.name}.sql"
    for name, times in Counter(columns).items():
        if times > 1:
            reason = f"gives the column {name!r} {times} times"
            yield Fault(place, reason, "name each once, with AS")
    if all(name.startswith(ORDER_ONLY) for name in columns):
        yield Fault(place, "gives no column to compare", "name one without `-` in front")


def _unprojected(source: SqliteSource, design: Design, pattern: AccessPattern) -> Iterator[Fault]:
    if design.projected(pattern.index) is not None:
        yield from unprojected(design, pattern, columns_of(source, pattern.sql, arguments(pattern, (), ())))


def unprojected(design: Design, pattern: AccessPattern, columns: Sequence[str]) -> Iterator[Fault]:
    """columns: those of `sql`"""
    projected = design.projected(pattern.index)
    for name in columns if projected is not None else ():
        if projected is not None and name not in projected and not name.startswith(ORDER_ONLY):
            remedy = f'add it to its `include`, or write AS "-{name}": then it is not compared'
            reason = f"{pattern.index} does not project {name}"
            yield Fault(f"access_patterns.{pattern.name}.sql", reason, remedy)
