"""The target's tables before a run: those that `--force` deletes, and those that the designs need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from migration_tool.config import Config
from migration_tool.errors import TargetError, UsageError
from migration_tool.job import Bound
from migration_tool.leases import Leases
from migration_tool.model import Confirm, Question, TableIdentity
from migration_tool.target import table
from migration_tool.target.session import Target


def delete_tables(
    target: Target,
    names: Sequence[str],
    confirm: Confirm,
    leases: Leases,
    notice: Callable[[str], None],
) -> None:
    """Drops the named tables that are there, once the user has agreed to it, and nobody loads them.

    Raises UsageError when `confirm` says no, StateError naming who loads one of them, TargetError.
    """
    there = [facts for name in names if (facts := table.describe(target, name))]
    lines = [f"  table {facts.name} in {target.url} (about {facts.item_count:,} items)" for facts in there]
    told = ("This deletes, with everything in it:", *lines)
    question = Question("delete the tables", ", ".join(names), told, "Delete them and begin anew?")
    if lines and not confirm(question):
        raise UsageError("recreate the tables", question.obj, "it was not confirmed", "Nothing was deleted.")
    leases.seize(there)
    for facts in there:
        notice(f"Deleting the table {facts.name}")
        table.delete_table(target, facts.name)
    for facts in there:
        table.wait_gone(target, facts.name)


def ensure_tables(
    config: Config, target: Target, tables: Sequence[Bound], notice: Callable[[str], None]
) -> Iterator[tuple[Bound, TableIdentity]]:
    """Every table there, ACTIVE, with the keys and indexes of its design; yields what each of them is.

    Tables that are missing are made, all at once. Raises TargetError.
    """
    for bound in tables:
        _ensure(config, target, bound, notice)
    for bound in tables:
        facts = table.wait_active(target, bound.table_name)
        faults = table.schema_faults(facts, bound.compiled.design)
        if faults:
            raise TargetError(
                "use the table",
                bound.table_name,
                "its keys or indexes are not those of the design",
                "Recreate it with `migrate.py migrate --force`, or choose another table_prefix.",
                faults,
            )
        yield bound, facts.identity


def _ensure(config: Config, target: Target, bound: Bound, notice: Callable[[str], None]) -> None:
    name = bound.table_name
    if table.describe(target, name):
        notice(f"The table {name} exists and is used as it is")
        return
    if not config.settings.create_tables:
        raise TargetError(
            "find the table",
            name,
            "there is no such table and create_tables is false",
            "Create it, or set migration_settings.create_tables to true.",
        )
    table.create_table(target, name, bound.compiled.design)
