"""Names in a design → columns of the source: which table an alias means, which variable holds a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from migration_tool.design.model import Lookup
from migration_tool.design.template import Reference
from migration_tool.model import Ancestry, Column, ColumnRef, Join, Schema, Table, folded

_NOTHING = Column("", "")
_SHOWN = 12


class Scope:
    """The aliases that one entity or embedded list can see; collects the columns it uses.

    `faults` is shared by all scopes of a design, so that all of them are reported at once.
    """

    def __init__(self, place: str, alias: str, table: Table, schema: Schema, faults: list[str]) -> None:
        self.place = place
        self.alias = alias
        self.schema = schema
        self.faults = faults
        self.tables = {alias: table}
        self._broken: set[str] = set()
        self.joins: list[Join] = []
        self.columns: dict[ColumnRef, Column] = {}
        self.ancestries: dict[str, Ancestry] = {}

    def fault(self, reason: str) -> None:
        self.faults.append(f"{self.place}: {reason}")

    def add_lookups(self, lookups: tuple[Lookup, ...]) -> None:
        for lookup in lookups:
            table = self.schema.table(lookup.table)
            if folded(lookup.alias) in map(folded, self.tables):
                self.fault(f"lookup.{lookup.alias}: the name is taken; choose another alias")
            elif table is None:
                self._broken.add(lookup.alias)
                self.fault(f"lookup.{lookup.alias}: {unknown('table', lookup.table, self.schema.tables)}")
            else:
                self._join(lookup, table)

    def _join(self, lookup: Lookup, table: Table) -> None:
        by, _ = self.resolve(lookup.by)
        self.tables[lookup.alias] = table
        to = _unique_column(table, lookup.to)
        if to is None:
            self.fault(
                f"lookup.{lookup.alias}: {table.name} has no single unique column"
                f"{f' {lookup.to!r}' if lookup.to else ''} to look up by; name it with `to`"
            )
            return
        self.joins.append(Join(lookup.alias, table.name, by, to))

    def add_ancestries(self, ancestries: Mapping[str, str]) -> None:
        table = self.tables[self.alias]
        for name, parent in ancestries.items():
            column = table.column(parent)
            if table.column(name):
                self.fault(f"ancestry.{name}: {table.name} has a column of that name; choose another")
            elif column is None or len(table.primary_key) != 1:
                self.fault(f"ancestry.{name}: needs a parent column and a one-column primary key")
            else:
                self.ancestries[name] = Ancestry(name, column.name, table.primary_key[0])

    def resolve(self, reference: Reference) -> tuple[ColumnRef, Column]:
        """The column that a reference means; a fault and an empty column when there is none."""
        alias = reference.alias or self.alias
        if reference.alias is None and reference.name in self.ancestries:
            return ColumnRef("", reference.name), Column(reference.name, "TEXT")
        table = self.tables.get(alias)
        if table is None:
            if alias not in self._broken:
                self.fault(f"{reference}: {unknown('alias', alias, self.tables)}")
            return ColumnRef(alias, reference.name), _NOTHING
        column = table.column(reference.name)
        if column is None:
            names = [column.name for column in table.columns]
            self.fault(f"{reference}: {unknown(f'column of {table.name}', reference.name, names)}")
            return ColumnRef(alias, reference.name), _NOTHING
        if alias != self.alias:
            column = Column(column.name, column.affinity)
        return ColumnRef(alias, column.name), column

    def use(self, reference: Reference) -> tuple[ColumnRef, Column]:
        """Like `resolve`, and the column becomes part of the row."""
        found = self.resolve(reference)
        self.columns.setdefault(*found)
        return found

    def rowid(self) -> ColumnRef | None:
        """The own table's column that is its rowid, if the row has it: never anything but an integer."""
        found = ColumnRef(self.alias, self.tables[self.alias].rowid_alias or "")
        return found if found in self.columns else None

    def variable(self, found: ColumnRef) -> str:
        """The name of the Python variable that holds the column's value."""
        return f"v{list(self.columns).index(found)}"


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """What to say of a name that is not there: the nearest known one, else the first few."""
    names = list(known)
    near = get_close_matches(name, names, 1)
    there = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names[:_SHOWN])}"
    return f"unknown {kind} {name!r}; {there}"


def _unique_column(table: Table, wanted: str | None) -> str | None:
    """The one column by which a lookup finds at most one row."""
    single = [key[0] for key in (table.primary_key, *table.unique) if len(key) == 1]
    if wanted is None:
        return table.primary_key[0] if len(table.primary_key) == 1 else None
    return next((name for name in single if folded(name) == folded(wanted)), None)
