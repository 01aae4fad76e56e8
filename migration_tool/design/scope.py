"""Names in a design → columns of the source: which table an alias means, which variable holds a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from migration_tool.design.expression import Expression, code
from migration_tool.design.faults import Faults
from migration_tool.design.model import Lookup
from migration_tool.design.reading import nearest
from migration_tool.design.template import Reference
from migration_tool.documents import within
from migration_tool.model import Ancestry, Column, ColumnRef, Join, Schema, Table, folded

_NOTHING = Column("", "")
_NUMBERS = ("INTEGER", "REAL", "NUMERIC")


@dataclass(frozen=True)
class UnknownTable(Table):
    """In place of one that is not there: whatever column is asked for, it has."""

    columns: tuple[Column, ...] = ()
    primary_key: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        return Column(name, "")


@dataclass(frozen=True)
class Computed:
    """An attribute that an expression gives: the variable that holds it, and the source of its value."""

    variable: str
    source: str


class Scope:
    """The aliases that one entity or embedded list can see; collects the columns it uses.

    loose      the lookups that may find more than one row
    faults     shared by all scopes of a design, so that all of them are reported at once; once there is one,
               no code is made
    rewritten  own code goes over the rows: nothing is sure of their values
    """

    def __init__(
        self,
        place: str,
        alias: str,
        table: Table,
        schema: Schema,
        faults: Faults,
        rewritten: bool = False,
    ) -> None:
        self.place = place
        self.alias = alias
        self.schema = schema
        self.faults = faults
        self.rewritten = rewritten
        self.tables = {alias: table}
        self.joins: list[Join] = []
        self.loose: list[str] = []
        self.columns: dict[ColumnRef, Column] = {}
        self.ancestries: dict[str, Ancestry] = {}
        self.computed: dict[str, Computed] = {}

    def fault(self, at: str, reason: str, remedy: str = "") -> None:
        """Notes what is wrong `at` a place within that of the scope."""
        self.faults.add(self._within(at), reason, remedy)

    def knows_all(self, at: str) -> bool:
        """Whether all the names of a section within the scope could be read."""
        return self.faults.whole(self._within(at))

    def is_sound(self, at: str) -> bool:
        """Whether nothing is wrong there."""
        return not self.faults.touched(self._within(at))

    def _within(self, at: str) -> str:
        return within(self.place, at) if at else self.place

    def add_lookups(self, lookups: tuple[Lookup, ...]) -> None:
        for lookup in lookups:
            if folded(lookup.alias) in map(folded, self.tables):
                self.fault(f"lookup.{lookup.alias}", "the name is taken", "choose another alias")
            else:
                self._join(lookup, self._table(lookup))

    def _table(self, lookup: Lookup) -> Table:
        at = f"lookup.{lookup.alias}.table"
        table = self.schema.table(lookup.table)
        if table is None:
            self.fault(at, *unknown("table", lookup.table, self.schema.tables))
        return UnknownTable(lookup.table) if table is None or self.faults.lost(self._within(at)) else table

    def _join(self, lookup: Lookup, table: Table) -> None:
        at = f"lookup.{lookup.alias}"
        ours = [self.resolve(reference, f"{at}.by") for reference in lookup.by]
        by = [ref for ref, _ in ours]
        self.tables[lookup.alias] = table
        if isinstance(table, UnknownTable) or not by:
            return
        to = _unique_columns(table, lookup)
        if len(to) == len(by):
            self.joins.append(Join(lookup.alias, table.name, tuple(zip(to, by, strict=True))))
            theirs = [table.column(name) or _NOTHING for name in to]
            if any(_alike(one, other) for one, (_, other) in zip(theirs, ours, strict=True)):
                self.loose.append(lookup.alias)
        elif lookup.to is None and len(table.primary_key) > 1:
            reason = f"the primary key of {table.name} is {', '.join(table.primary_key)}"
            self.fault(at, reason, "name as many columns in `by`, or other unique ones of the table in `to`")
        else:
            wanted = f" {', '.join(map(repr, lookup.to))}" if lookup.to else ""
            kind = "single unique column" if len(by) == 1 else "unique columns"
            reason = f"{table.name} has no {kind}{wanted} to look up by"
            self.fault(f"{at}.to", reason, "name what is unique with `to`")

    def add_ancestries(self, ancestries: Mapping[str, str]) -> None:
        table = self.tables[self.alias]
        for name, parent in ancestries.items():
            column = table.column(parent)
            if isinstance(table, UnknownTable):
                pass
            elif table.column(name):
                self.fault(f"ancestry.{name}", f"{table.name} has a column of that name", "choose another")
            elif column is None or len(table.primary_key) != 1:
                reason = f"{table.name} has no column {parent!r}, or no one-column primary key"
                self.fault(f"ancestry.{name}", reason, "name the column that holds the parent's key")
            self.ancestries[name] = Ancestry(name, column.name if column else "", "".join(table.primary_key))

    def resolve(self, reference: Reference, at: str = "") -> tuple[ColumnRef, Column]:
        """The column that a reference means; a fault `at` that place and an empty column if there is none."""
        alias = reference.alias or self.alias
        if reference.alias is None and reference.name in self.ancestries:
            return ColumnRef("", reference.name), Column(reference.name, "TEXT")
        table = self.tables.get(alias)
        if table is None:
            self.unknown_alias(at, alias)
            return ColumnRef(alias, reference.name), _NOTHING
        column = table.readable(reference.name)
        if column is None and alias == self.alias and self._may_be_computed(reference.name):
            return ColumnRef(alias, reference.name), Column(reference.name, "")
        if column is None:
            names = [column.name for column in table.columns]
            self.fault(at, *unknown(f"column of {table.name}", reference.name, names))
            return ColumnRef(alias, reference.name), _NOTHING
        if alias != self.alias or self.rewritten:
            column = Column(column.name, column.affinity)
        return ColumnRef(alias, column.name), column

    def unknown_alias(self, at: str, alias: str) -> None:
        if self.knows_all("lookup"):
            self.fault(at, *unknown("alias", alias, self.tables))

    def _may_be_computed(self, name: str) -> bool:
        return name in self.computed or not all(map(self.knows_all, ("attributes", "ancestry")))

    def stored(self, name: str, at: str) -> str:
        """The scope's own column of that name as it is declared, for SQL; a fault where there is none."""
        table = self.tables[self.alias]
        column = table.column(name)
        if column is None:
            names = [column.name for column in table.columns]
            self.fault(at, *unknown(f"column of {table.name}", name, names))
        return column.name if column else ""

    def use(self, reference: Reference) -> tuple[ColumnRef, Column]:
        """Like `resolve`, and the column becomes part of the row."""
        found = self.resolve(reference)
        if not self._is_computed(found[0]):
            self.columns.setdefault(*found)
        return found

    def _is_computed(self, found: ColumnRef) -> bool:
        table = self.tables[self.alias]
        return found.alias == self.alias and found.column in self.computed and not table.column(found.column)

    def compute(self, name: str, expression: Expression, at: str) -> None:
        """From now on the attribute can be used like a column, but where there is a column of that name."""
        for reference in expression.references():
            self.resolve(reference, at)
        source = "" if self.faults else self.source(expression)
        self.computed[name] = Computed(f"e{len(self.computed)}", source)

    def source(self, expression: Expression) -> str:
        """Python source of the expression's value."""
        return code(expression, lambda reference: self.variable(self.use(reference)[0]))

    def rowid(self) -> ColumnRef | None:
        """The own table's column that is its rowid, if the row has it: never anything but an integer."""
        found = ColumnRef(self.alias, self.tables[self.alias].rowid_alias or "")
        return found if found in self.columns and not self.rewritten else None

    def variable(self, found: ColumnRef) -> str:
        """The name of the Python variable that holds the column's value."""
        if self._is_computed(found):
            return self.computed[found.column].variable
        return f"v{list(self.columns).index(found)}"


def unknown(kind: str, name: str, known: Iterable[str]) -> tuple[str, str]:
    """Reason and remedy of a name that is not there."""
    return f"unknown {kind} {name!r}", nearest(name, known)


def _alike(theirs: Column, ours: Column) -> bool:
    """Whether two values of a unique column can equal one of the other: '1' and '01' equal the number 1.

    SQLite, "Type conversions prior to comparison".
    """
    return theirs.affinity not in _NUMBERS and ours.affinity in _NUMBERS


def _unique_columns(table: Table, lookup: Lookup) -> tuple[str, ...]:
    """The columns by which the lookup finds at most one row; () where there are none."""
    if lookup.to is None:
        return table.primary_key if len(table.primary_key) == len(lookup.by) else ()
    found = [column.name for name in lookup.to if (column := table.column(name))]
    unique = any(key and set(key) <= set(found) for key in (table.primary_key, *table.unique))
    return tuple(found) if unique and len(found) == len(lookup.to) else ()
