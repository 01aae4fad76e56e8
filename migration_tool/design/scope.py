"""Names in a design → columns of the source: which table an alias means, which variable holds a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from migration_tool.design.model import Lookup
from migration_tool.design.reading import nearest
from migration_tool.design.template import Reference
from migration_tool.documents import within
from migration_tool.errors import Fault
from migration_tool.model import Ancestry, Column, ColumnRef, Join, Schema, Table, folded

_NOTHING = Column("", "")


class Scope:
    """The aliases that one entity or embedded list can see; collects the columns it uses.

    faults     shared by all scopes of a design, so that all of them are reported at once
    rewritten  own code goes over the rows: nothing is sure of their values
    """

    def __init__(
        self,
        place: str,
        alias: str,
        table: Table,
        schema: Schema,
        faults: list[Fault],
        rewritten: bool = False,
    ) -> None:
        self.place = place
        self.alias = alias
        self.schema = schema
        self.faults = faults
        self.rewritten = rewritten
        self.tables = {alias: table}
        self._broken: set[str] = set()
        self.joins: list[Join] = []
        self.columns: dict[ColumnRef, Column] = {}
        self.ancestries: dict[str, Ancestry] = {}

    def fault(self, at: str, reason: str, remedy: str = "") -> None:
        """Notes what is wrong `at` a place within that of the scope."""
        self.faults.append(Fault(within(self.place, at) if at else self.place, reason, remedy))

    def add_lookups(self, lookups: tuple[Lookup, ...]) -> None:
        for lookup in lookups:
            table = self.schema.table(lookup.table)
            if folded(lookup.alias) in map(folded, self.tables):
                self.fault(f"lookup.{lookup.alias}", "the name is taken", "choose another alias")
            elif table is None:
                self._broken.add(lookup.alias)
                self.fault(
                    f"lookup.{lookup.alias}.table", *unknown("table", lookup.table, self.schema.tables)
                )
            else:
                self._join(lookup, table)

    def _join(self, lookup: Lookup, table: Table) -> None:
        by, _ = self.resolve(lookup.by, f"lookup.{lookup.alias}.by")
        self.tables[lookup.alias] = table
        to = _unique_column(table, lookup.to)
        if to is None:
            wanted = f" {lookup.to!r}" if lookup.to else ""
            reason = f"{table.name} has no single unique column{wanted} to look up by"
            self.fault(f"lookup.{lookup.alias}.to", reason, "name it with `to`")
            return
        self.joins.append(Join(lookup.alias, table.name, by, to))

    def add_ancestries(self, ancestries: Mapping[str, str]) -> None:
        table = self.tables[self.alias]
        for name, parent in ancestries.items():
            column = table.column(parent)
            if table.column(name):
                self.fault(f"ancestry.{name}", f"{table.name} has a column of that name", "choose another")
            elif column is None or len(table.primary_key) != 1:
                reason = f"{table.name} has no column {parent!r}, or no one-column primary key"
                self.fault(f"ancestry.{name}", reason, "name the column that holds the parent's key")
            else:
                self.ancestries[name] = Ancestry(name, column.name, table.primary_key[0])

    def resolve(self, reference: Reference, at: str = "") -> tuple[ColumnRef, Column]:
        """The column that a reference means; a fault `at` that place and an empty column if there is none."""
        alias = reference.alias or self.alias
        if reference.alias is None and reference.name in self.ancestries:
            return ColumnRef("", reference.name), Column(reference.name, "TEXT")
        table = self.tables.get(alias)
        if table is None:
            if alias not in self._broken:
                self.fault(at, *unknown("alias", alias, self.tables))
            return ColumnRef(alias, reference.name), _NOTHING
        column = table.readable(reference.name)
        if column is None:
            names = [column.name for column in table.columns]
            self.fault(at, *unknown(f"column of {table.name}", reference.name, names))
            return ColumnRef(alias, reference.name), _NOTHING
        if alias != self.alias or self.rewritten:
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
        return found if found in self.columns and not self.rewritten else None

    def variable(self, found: ColumnRef) -> str:
        """The name of the Python variable that holds the column's value."""
        return f"v{list(self.columns).index(found)}"


def unknown(kind: str, name: str, known: Iterable[str]) -> tuple[str, str]:
    """Reason and remedy of a name that is not there."""
    return f"unknown {kind} {name!r}", nearest(name, known)


def _unique_column(table: Table, wanted: str | None) -> str | None:
    """The one column by which a lookup finds at most one row."""
    single = [key[0] for key in (table.primary_key, *table.unique) if len(key) == 1]
    if wanted is None:
        return table.primary_key[0] if len(table.primary_key) == 1 else None
    return next((name for name in single if folded(name) == folded(wanted)), None)
