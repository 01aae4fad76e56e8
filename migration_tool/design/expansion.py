"""What a design says of attributes → one rule for each attribute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from migration_tool.design.model import ENTITY_TYPE, Attribute, AttributeRule, Everything
from migration_tool.design.scope import Scope, unknown
from migration_tool.design.template import Reference
from migration_tool.model import Table


def attribute_rules(scope: Scope, rules: tuple[AttributeRule, ...]) -> dict[str, Attribute]:
    """Attribute rules by name: `*` expanded, explicit ones in place of those that `*` brought.

    The computed ones are known to the scope then.
    """
    found: dict[str, Attribute] = {}
    for rule in rules:
        if isinstance(rule, Attribute):
            continue
        table = scope.tables.get(rule.alias) or (
            scope.tables[scope.alias] if rule.alias == scope.tables[scope.alias].name else None
        )
        if table is None:
            scope.fault("attributes.*.of", *unknown("alias", rule.alias, scope.tables))
            continue
        alias = rule.alias if rule.alias in scope.tables else scope.alias
        found |= _expanded(scope, alias, table, rule)
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
    columns = [column.name for column in table.columns]
    omitted = _columns(scope, table, "omit", rule.omit)
    wanted = columns if rule.include is None else _columns(scope, table, "include", rule.include)
    renamed = dict(zip(_columns(scope, table, "rename", rule.rename), rule.rename.values(), strict=False))
    found: dict[str, Attribute] = {}
    for column in columns:
        if column not in omitted and column in wanted:
            name = renamed.get(column, column)
            if name in found:
                scope.fault("attributes.*.rename", f"two columns of {table.name} become {name!r}")
            found[name] = Attribute(name, Reference(alias, column))
    for column in renamed.keys() - {rule.reference.name for rule in found.values() if rule.reference}:
        scope.fault(f"attributes.*.rename.{column}", f"{column} is not among the columns that are taken")
    return found


def _columns(scope: Scope, table: Table, key: str, names: Iterable[str]) -> list[str]:
    """Those columns under their declared names; a fault for each that the table does not have."""
    found = []
    for name in names:
        column = table.column(name)
        if column is None:
            known = [column.name for column in table.columns]
            scope.fault(f"attributes.*.{key}", *unknown(f"column of {table.name}", name, known))
        else:
            found.append(column.name)
    return found
