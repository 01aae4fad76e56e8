"""Access patterns for people: what each asks of the table, and an example with its answer.

The answer is that of the pattern's SQL, which `validate` proves to be that of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migration_tool.design.access import requests
from migration_tool.design.model import AccessPattern, Condition, Design
from migration_tool.errors import UsageError
from migration_tool.model import Row
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.answers import ORDER_ONLY
from migration_tool.verify.cases import Arguments, answered, cases

ROWS = 5
_CASES = 5
_OPERATORS = {"equals": "=", "at_least": ">=", "at_most": "<="}


@dataclass(frozen=True)
class Example:
    """One call: its arguments, the body of its (first) request, and the first rows that answer it.

    more  there are further rows
    """

    arguments: Arguments
    request: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]
    more: bool


@dataclass(frozen=True)
class Question:
    """signature  `search(prefix: text)`
    asks       what each call sends, with the design's own templates
    requests   how many a call sends: one for each shard
    example    None where the source has none
    """

    name: str
    description: str
    signature: str
    operation: str
    index: str | None
    asks: str
    requests: int
    sql: str
    example: Example | None

    def to_json(self) -> dict[str, Any]:
        return vars(self) | {"example": vars(self.example) if self.example else None}


def question(source: SqliteSource, design: Design, table: str, pattern: AccessPattern) -> Question:
    """Raises SourceError."""
    return Question(
        name=pattern.name,
        description=pattern.description,
        signature=signature(pattern),
        operation=pattern.operation,
        index=pattern.index,
        asks=_asks(pattern),
        requests=pattern.partition.values[0].shards() or 1,
        sql=pattern.sql.strip(),
        example=_example(source, design, table, pattern),
    )


def signature(pattern: AccessPattern) -> str:
    """`search(prefix: text = "")`."""
    shown = [
        f"{p.name}: {p.type}" + ("" if p.required else f" = {p.default!r}".replace("'", '"'))
        for p in pattern.parameters
    ]
    return f"{pattern.name}({', '.join(shown)})"


def _asks(pattern: AccessPattern) -> str:
    conditions = [pattern.partition, *([pattern.sort] if pattern.sort else [])]
    where = pattern.operation + (f" {pattern.index}" if pattern.index else "")
    words = f"{where}: {_conditions(conditions)}"
    words += f"; filter {_conditions(pattern.filters)}" if pattern.filters else ""
    return words + ("; descending" if pattern.descending else "")


def _conditions(conditions: Sequence[Condition]) -> str:
    return ", ".join(
        f"{c.attribute} {_OPERATORS.get(c.operator, c.operator)} {' and '.join(v.source for v in c.values)}"
        for c in conditions
    )


def _example(source: SqliteSource, design: Design, table: str, pattern: AccessPattern) -> Example | None:
    """Of some cases the one with the fullest answer that can be shown whole."""
    found = [_called(source, design, table, pattern, case) for case in cases(source, pattern, _CASES)]
    filled = [example for example in found if example and example.rows]
    return max(filled, key=lambda example: (not example.more, len(example.rows)), default=None)


def _called(
    source: SqliteSource, design: Design, table: str, pattern: AccessPattern, arguments: Arguments
) -> Example | None:
    try:
        body = requests(pattern, design.key_of(pattern.index), arguments).bodies[0]
    except UsageError:
        return None
    columns, rows, _ = answered(source, pattern.sql, arguments, ROWS + 1)
    shown = tuple(_row(columns, row) for row in rows[:ROWS])
    return Example(arguments, {"TableName": table, **body}, shown, len(rows) > ROWS)


def _row(columns: Sequence[str], row: Row) -> dict[str, Any]:
    """As an item would show it: without NULLs and what is there to order by."""
    pairs = zip(columns, row, strict=True)
    return {n: value for n, value in pairs if value is not None and not n.startswith(ORDER_ONLY)}
