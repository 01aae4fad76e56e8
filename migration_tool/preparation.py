"""The target's tables before a run: those that `--force` deletes, and those that the designs need."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from migration_tool.config import Config
from migration_tool.design.definition import later_requests
from migration_tool.errors import TargetError, UsageError
from migration_tool.job import Bound
from migration_tool.leases import Leases
from migration_tool.model import Confirm, Question, TableIdentity
from migration_tool.target import table
from migration_tool.target.facts import TableFacts
from migration_tool.target.session import Target
from migration_tool.target.settings import configure, differences


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
    for facts in there:
        _require_unprotected(target, facts)
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
    made = {bound.name for bound in tables if _made(config, target, bound, notice)}
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
        for line in _settle(target, bound, facts, made):
            notice(line)
        yield bound, facts.identity


def _settle(target: Target, bound: Bound, facts: TableFacts, made: Collection[str]) -> Iterator[str]:
    """Sets what is left to set of a new table; of another one it says what is not as the design has it."""
    design = bound.compiled.design
    if bound.name in made:
        for setting in configure(target, facts.name, later_requests(facts.name, design)):
            yield f"The table {facts.name} has no {setting}: this DynamoDB does not know it ({target.url})"
        return
    for difference in differences(target, facts, design):
        yield f"The table {facts.name} stays as it is: {difference}"


def _require_unprotected(target: Target, facts: TableFacts) -> None:
    if facts.settings.deletion_protection:
        raise TargetError(
            "recreate the tables",
            facts.name,
            "it is protected against deletion",
            f"aws dynamodb update-table --endpoint-url {target.url} --table-name {facts.name} "
            "--no-deletion-protection-enabled, then the same command again.",
        )


def _made(config: Config, target: Target, bound: Bound, notice: Callable[[str], None]) -> bool:
    """Whether the table was not there, and is asked for now."""
    name = bound.table_name
    if table.describe(target, name):
        notice(f"The table {name} exists and is used as it is")
        return False
    if not config.settings.create_tables:
        raise TargetError(
            "find the table",
            name,
            "there is no such table and create_tables is false",
            "Create it, or set migration_settings.create_tables to true.",
        )
    table.create_table(target, name, bound.compiled.design)
    return True
