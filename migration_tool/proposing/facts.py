"""What the rows of a table are like: storage classes, lengths and ranges, counted over all rows.

A design is loadable when no row breaks a rule of DynamoDB, so these counts are whole, not sampled. The SQL
aggregates in two passes: the second asks only of the storage classes that the first has found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from migration_tool.model import ColumnRef, InvalidText, Read, Scalar, Table
from migration_tool.source.sql import quote
from migration_tool.source.sqlite import SqliteSource

_COLUMNS_AT_ONCE = 60
"""Of a statement: SQLite takes 2,000 result columns."""
_LARGEST_REAL = 9.99e125
_SMALLEST_REAL = 1e-130
_NOT_ASCII = (
    "length({0}) <> length(CAST({0} AS BLOB)) OR {0} GLOB '*[^' || char(1) || '-' || char(127) || ']*'"
)
_COLLATION = re.compile(r"\bCOLLATE\b", re.IGNORECASE)


@dataclass(frozen=True)
class ColumnFacts:
    """The values of one column.

    integers, reals, texts, blobs  how many values have that storage class
    least, greatest  of the integers
    bytes, longest   of all values as text: their sum, and the longest
    readable         whether all texts are UTF-8
    finite           whether DynamoDB holds all the reals
    sortable         whether SQLite orders the texts by their UTF-8
    """

    nulls: int
    integers: int
    reals: int
    texts: int
    blobs: int
    least: int = 0
    greatest: int = 0
    bytes: int = 0
    longest: int = 0
    readable: bool = True
    finite: bool = True
    sortable: bool = True

    @property
    def values(self) -> int:
        return self.integers + self.reals + self.texts + self.blobs


@dataclass(frozen=True)
class TableFacts:
    """One table: its rows, its columns by name, and the numbers of its rows as if they were a column.

    collated  some column may compare text otherwise than byte by byte
    """

    table: Table
    rows: int
    columns: Mapping[str, ColumnFacts]
    rowid: ColumnFacts
    collated: bool = False

    def of(self, name: str) -> ColumnFacts:
        """Of a column, or of the rowid under one of its names."""
        return self.columns.get(name, self.rowid)

    def all_present(self, names: Iterable[str]) -> bool:
        """Whether no row has a NULL in one of the columns."""
        return all(self.columns[name].nulls == 0 for name in names if name in self.columns)


def gather(source: SqliteSource, table: Table) -> TableFacts:
    """Reads the table about twice. Raises SourceError."""
    rows = _whole(_row(source, f"SELECT count(*) FROM {quote(table.name)}")[0])
    names = [column.name for column in table.columns]
    columns: dict[str, ColumnFacts] = {}
    for first in range(0, len(names), _COLUMNS_AT_ONCE):
        columns |= _columns(source, table, names[first : first + _COLUMNS_AT_ONCE], rows)
    return TableFacts(
        table=table,
        rows=rows,
        columns=columns,
        rowid=_rowid(source, table, rows),
        collated=_collated(source, table),
    )


def _row(source: SqliteSource, statement: str) -> Sequence[Scalar]:
    return tuple(source.query(statement, {})[1][0])


def _columns(
    source: SqliteSource, table: Table, names: Sequence[str], rows: int
) -> Mapping[str, ColumnFacts]:
    found = dict(_classes(source, table, names, rows))
    asked = [(name, expression) for name, facts in found.items() for expression in _questions(facts, name)]
    if asked:
        values = _row(source, _select(table, [expression for _, expression in asked]))
        for name, facts in found.items():
            mine = [value for (owner, _), value in zip(asked, values, strict=True) if owner == name]
            found[name] = _answered(source, table, name, facts, mine)
    return found


def _classes(
    source: SqliteSource, table: Table, names: Sequence[str], rows: int
) -> Mapping[str, ColumnFacts]:
    """Only the storage classes."""
    asked = [
        f"count({quote(name)})" if kind == "any" else f"total(typeof({quote(name)}) = '{kind}')"
        for name in names
        for kind in ("any", "integer", "real", "text")
    ]
    values = [int(value or 0) for value in _row(source, _select(table, asked))] if asked else []
    found = {}
    for place, name in enumerate(names):
        present, integers, reals, texts = values[4 * place : 4 * place + 4]
        blobs = present - integers - reals - texts
        found[name] = ColumnFacts(rows - present, integers, reals, texts, blobs)
    return found


def _questions(facts: ColumnFacts, name: str) -> list[str]:
    """Seven expressions: the range of the integers, of the reals, and of the lengths, with the odd texts."""
    value = _own(name)
    integer = (
        value if facts.integers == facts.values else f"CASE typeof({value}) WHEN 'integer' THEN {value} END"
    )
    real = f"CASE typeof({value}) WHEN 'real' THEN abs({value}) END"
    size = f"length(CAST({value} AS BLOB))"
    odd = f"total(typeof({value}) = 'text' AND ({_NOT_ASCII.format(value)}))"
    return [
        f"min({integer})" if facts.integers else "NULL",
        f"max({integer})" if facts.integers else "NULL",
        f"min(nullif({real}, 0.0))" if facts.reals else "NULL",
        f"max({real})" if facts.reals else "NULL",
        f"total({size})" if facts.texts or facts.blobs else f"8 * count({value})",
        f"max({size})" if facts.texts or facts.blobs else "20",
        odd if facts.texts else "0",
    ]


def _answered(
    source: SqliteSource, table: Table, name: str, facts: ColumnFacts, values: Sequence[Scalar]
) -> ColumnFacts:
    least, greatest, small, large, size, longest, odd = values
    return replace(
        facts,
        least=_whole(least),
        greatest=_whole(greatest),
        bytes=_whole(size),
        longest=_whole(longest),
        readable=not odd or _is_utf8(source, table, name),
        sortable=not odd or source.encoding == "UTF-8",
        finite=_number(small, 1.0) >= _SMALLEST_REAL and _number(large, 1.0) <= _LARGEST_REAL,
    )


def _whole(value: Scalar) -> int:
    return int(value or 0)


def _number(value: Scalar, missing: float) -> float:
    return missing if value is None else float(value)


def _is_utf8(source: SqliteSource, table: Table, name: str) -> bool:
    """Reads the texts that are not ASCII; SQLite itself does not look."""
    where = f"typeof({_own(name)}) = 'text' AND ({_NOT_ASCII.format(_own(name))})"
    read = Read("t", table.name, (), (ColumnRef("t", name),), where=where)
    return not any(isinstance(row[0], InvalidText) for chunk in source.chunks(read) for row in chunk.rows)


def largest_row(source: SqliteSource, table: Table, names: Sequence[str]) -> int:
    """Bytes of the values of these columns in the largest row."""
    sizes = " + ".join(f"coalesce(length(CAST({_own(name)} AS BLOB)), 0)" for name in names) or "0"
    return _whole(_row(source, _select(table, [f"max({sizes})"]))[0])


def _rowid(source: SqliteSource, table: Table, rows: int) -> ColumnFacts:
    numbers = source.rowids(Read("t", table.name, (), ()))
    least, greatest = (numbers[0], numbers[-1]) if numbers else (0, 0)
    return ColumnFacts(0, rows, 0, 0, 0, least, greatest)


def _collated(source: SqliteSource, table: Table) -> bool:
    _, rows = source.query(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name", {"name": table.name}
    )
    return any(_COLLATION.search(str(statement)) for (statement,) in rows)


def _own(name: str) -> str:
    return f"t.{quote(name)}"


def _select(table: Table, expressions: Sequence[str]) -> str:
    return f"SELECT {', '.join(expressions)} FROM {quote(table.name)} AS t"
