"""What a design says of attributes → one rule for each attribute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from migration_tool.design.model import ENTITY_TYPE, Attribute, AttributeRule, Everything
from migration_tool.design.scope import Computed, Scope, UnknownTable, unknown
from migration_tool.design.template import Reference
from migration_tool.documents import within
from migration_tool.model import Table


def attribute_rules(scope: Scope, rules: tuple[AttributeRule, ...]) -> dict[str, Attribute]:
    """Attribute rules by name: `*` expanded, explicit ones in place of those that `*` brought.

    The computed ones are known to the scope then.
    """
    found: dict[str, Attribute] = {}
    for rule in rules:
        if isinstance(rule, Attribute):
            continue
        alias = rule.alias if rule.alias in scope.tables else scope.alias
        table = scope.tables[alias]
        if isinstance(table, UnknownTable):
            scope.faults.lose_some(within(scope.place, "attributes.*"))
        elif rule.alias in (alias, table.name):
            found |= _expanded(scope, alias, table, rule)
        else:
            scope.unknown_alias("attributes.*.of", rule.alias)
    found |= {rule.name: rule for rule in rules if isinstance(rule, Attribute)}
    for name in sorted(found.keys() & {"", ENTITY_TYPE}):
        scope.fault(
            f"attributes.{name}",
            f"there cannot be an attribute {name!r}: the name is empty, or the tool's own",
            "omit the column, or give it another name",
        )
    for name, rule in found.items():
        if rule.expression:
            scope.compute(name, rule.expression, f"attributes.{name}.expr")
        elif not (rule.reference or rule.template or rule.constant is not None):
            scope.computed[name] = Computed("", "")
    return found


def check_rules(scope: Scope, rules: Mapping[str, Attribute]) -> None:
    """What attributes are made of is there; the scope looked at expressions when it took them."""
    made = {f"attributes.{name}": rule.references() for name, rule in rules.items() if not rule.expression}
    check_references(scope, made)


def check_references(scope: Scope, made_of: Mapping[str, Iterable[Reference]]) -> None:
    """Every column that is needed at a place is there."""
    for at, references in made_of.items():
        for reference in references:
            scope.resolve(reference, at)


def _expanded(scope: Scope, alias: str, table: Table, rule: Everything) -> dict[str, Attribute]:
    omitted, wanted = (
        [_column(scope, table, f"{key}[{number}]", name) for number, name in enumerate(names)]
        for key, names in (("omit", rule.omit), ("include", rule.include or ()))
    )
    renamed = {_column(scope, table, f"rename.{name}", name): new for name, new in rule.rename.items()}
    found: dict[str, Attribute] = {}
    for column in (column.name for column in table.columns):
        if column not in omitted and (rule.include is None or column in wanted):
            name = renamed.pop(column, column)
            if name in found:
                scope.fault(
                    "attributes.*.rename",
                    f"two columns of {table.name} become {name!r}",
                    "rename one otherwise",
                )
            found[name] = Attribute(name, Reference(alias, column))
    for untaken in filter(None, renamed) if scope.is_sound("attributes.*.include") else ():
        reason = f"{untaken} is not among the columns that are taken"
        scope.fault(f"attributes.*.rename.{untaken}", reason, "take it, or leave it out here, too")
    return found


def _column(scope: Scope, table: Table, at: str, name: str) -> str | None:
    """The column under its declared name; a fault if the table has none."""
    column = table.column(name)
    if column is None:
        known = [column.name for column in table.columns]
        scope.fault(f"attributes.*.{at}", *unknown(f"column of {table.name}", name, known))
    return column.name if column else None
