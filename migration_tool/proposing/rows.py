"""A source table as an entity: its attributes, and the SQL that asks for its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from migration_tool.design.model import ENTITY_TYPE
from migration_tool.model import folded
from migration_tool.proposing.facts import TableFacts
from migration_tool.proposing.keys import Part, Parts, is_short, order, padded, parts, written
from migration_tool.proposing.naming import parameter, unused
from migration_tool.source.sql import quote

_EVERYTHING = "*"
"""What stands for all columns among the attributes."""
_SHOWN = 8
"""Columns, beside the key, that the SQL of a pattern compares."""


@dataclass(frozen=True)
class Rows:
    """One table as the kinds of designs see it.

    entity, prefix  its entity, and what its keys begin with
    identity        what tells its rows apart
    is_oversize     some rows are too large for an item
    """

    facts: TableFacts
    entity: str
    prefix: str
    identity: Parts
    is_oversize: bool = False

    @property
    def name(self) -> str:
        return self.facts.table.name

    @cached_property
    def is_short(self) -> bool:
        """Whether the identity fits into a sort key."""
        return is_short(self.facts, self.identity)

    @cached_property
    def sorted_identity(self) -> Parts:
        return padded(self.facts, self.identity)

    def parts(self, columns: Sequence[str]) -> Parts:
        return parts(self.facts, columns)

    @cached_property
    def omitted(self) -> Mapping[str, str]:
        """Columns that no item can hold → why."""
        reasons = {
            name: "holds text that is not UTF-8"
            for name, found in self.facts.columns.items()
            if not found.readable
        }
        return reasons | ({"": "has no name"} if "" in self.facts.columns else {})

    @cached_property
    def renamed(self) -> Mapping[str, str]:
        """Columns → the names of their attributes, where these are not the same."""
        taken = [folded(name) for name in self.facts.columns]
        return {
            name: unused(name, taken)
            for name in (ENTITY_TYPE, _EVERYTHING)
            if name in self.facts.columns and name not in self.omitted
        }

    @cached_property
    def as_literals(self) -> tuple[str, ...]:
        """Columns with reals that no DynamoDB number can be."""
        return tuple(
            n for n, found in self.facts.columns.items() if not found.finite and n not in self.omitted
        )

    def attributes(self) -> dict[str, Any]:
        renamed = [n for n in self.renamed if n not in self.as_literals]
        omit = [*self.omitted, *self.renamed]
        everything: Any = {"of": self.entity, "omit": omit} if omit else self.entity
        found: dict[str, Any] = {"*": everything}
        found |= {self.renamed[name]: written(name) for name in renamed}
        for name in self.as_literals:
            found[self.renamed.get(name, name)] = f"{{literal({written(name)})}}"
        return found

    def reasons(self) -> list[str]:
        """What is odd about the rows, in words."""
        found = [f"{name!r} is left out: it {why}." for name, why in self.omitted.items()]
        found += [
            f"{name!r} is text: DynamoDB has no number for all of its values." for name in self.as_literals
        ]
        found += [f"{old!r} is called {new!r}: the name is the tool's." for old, new in self.renamed.items()]
        if self.is_oversize:
            found.append("Some rows have more than 400 KB: their largest attributes go into chunk items.")
        if self.facts.table.column(self.identity[0].column) is None:
            found.append(
                "No unique key without NULL: the number of the row is its key; VACUUM may change it."
            )
        return found

    def selected(self, extra: Iterable[str] = ()) -> str:
        """Columns to compare, as SQL: the identity, those named, and then the first of the others."""
        known = self.facts.columns
        keys = [part.column for part in self.identity if part.column in known]
        names = list(dict.fromkeys([*keys, *(name for name in extra if name in known), *known]))
        skipped = {*self.omitted, *self.as_literals}
        usable = [n for n in names if n not in skipped and not n.startswith("-")][: len(keys) + _SHOWN]
        found = [f"{self.column(name)} AS {quote(self.renamed.get(name, name))}" for name in usable]
        return ", ".join(found) or f"{_literal(self.entity)} AS {quote(ENTITY_TYPE)}"

    def column(self, name: str) -> str:
        return f"{quote(self.name)}.{quote(name)}"

    def keyed(self, extra: Iterable[str] = (), entity: str = "") -> str:
        """As `selected`, but the identity and those named alone. `entity`: where it is not the rows' own."""
        names = dict.fromkeys([*(part.column for part in self.identity), *extra])
        usable = [n for n in names if n in self.facts.columns and n not in {*self.omitted, *self.as_literals}]
        usable = [name for name in usable if not name.startswith("-")]
        found = [f"{self.column(name)} AS {quote(self.renamed.get(name, name))}" for name in usable]
        return ", ".join(found) or f"{_literal(entity or self.entity)} AS {quote(ENTITY_TYPE)}"

    def order(self, found: Parts) -> str:
        """SQL to order by, as the sort key of these parts does."""
        if len(found) == 1 and found[0].width:
            return self.column(found[0].column)
        return order(found, self.name)

    def equal(self, found: Asked) -> str:
        """SQL: each part's column is the parameter, byte by byte."""
        return " AND ".join(self._equal(part, name) for part, name in found) or "1"

    def _equal(self, part: Part, name: str) -> str:
        column = self.column(part.column)
        if self.facts.collated and part.form != "integer":
            return f"{column} = :{name} AND {column} COLLATE BINARY = :{name}"
        return f"{column} = :{name}"


Asked: TypeAlias = Sequence[tuple[Part, str]]
"""Parts of a key, each with the parameter that stands for it."""


def parameters(found: Parts) -> Asked:
    """Each part with the parameter for it."""
    names: list[str] = []
    for part in found:
        names.append(unused(parameter(part.column), names))
    return list(zip(found, names, strict=True))


def types(found: Asked) -> dict[str, str]:
    return {name: part.parameter_type for part, name in found}


def asked(found: Asked) -> str:
    """The template of the parts with parameters in place of columns."""
    return "#".join(part.field(name) for part, name in found)


def cases(rows: Rows, found: Asked) -> str:
    """SQL of the parameter sets: the values that occur."""
    binary = " COLLATE BINARY" if rows.facts.collated else ""
    columns = ", ".join(f"{rows.column(part.column)}{binary} AS {quote(name)}" for part, name in found)
    there = [f"{rows.column(part.column)} IS NOT NULL" for part, _ in found]
    where = f" WHERE {' AND '.join(there)}" if not rows.facts.all_present(p.column for p, _ in found) else ""
    return f"SELECT DISTINCT {columns} FROM {quote(rows.name)}{where}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
