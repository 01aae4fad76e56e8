"""`validate --repair`: its options, what it shows first, and the question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migration_tool.cli.confirm import confirmation, yes
from migration_tool.cli.fitting import require_fitting
from migration_tool.model import Confirm

if TYPE_CHECKING:
    from migration_tool.cli.options import Globals
    from migration_tool.mending import Plan
    from migration_tool.verify.report import Report


_FITTING = frozenset({
    "tables", "as_json", "report", "workers", "repair", "delete_extra", "dry_run", "yes",
})  # fmt: skip


@dataclass(frozen=True)
class Repairing:
    """How a repair is to be done."""

    dry_run: bool
    delete_extra: bool
    yes: bool


def repairing(function: Callable[..., None]) -> Callable[..., None]:
    """Gives the options to a command; its argument `repair` is None without --repair."""

    @click.option("--repair", is_flag=True, help="Put what is missing or different, after showing each item.")
    @click.option("--delete-extra", is_flag=True, help="With --repair: delete the items that no row gives.")
    @click.option("--dry-run", is_flag=True, help="With --repair: only show what would be done.")
    @yes
    @wraps(function)
    def with_repair(
        *arguments: Any, repair: bool, delete_extra: bool, dry_run: bool, yes: bool, **options: Any
    ) -> None:
        if repair:
            require_fitting(
                "leave --repair out", _FITTING, "a repair compares every item anew, and nothing else"
            )
        else:
            _require_none({"--delete-extra": delete_extra, "--dry-run": dry_run, "--yes": yes})
        wanted = Repairing(dry_run, delete_extra, yes) if repair else None
        function(*arguments, repair=wanted, **options)

    return with_repair


def repaired(
    shared: Globals, tables: Sequence[str], workers: int | None, how: Repairing, as_json: bool
) -> Report:
    """Compares and repairs; each change is told first, on stdout unless that is for JSON."""
    from migration_tool.cli.console import line, say
    from migration_tool.cli.progress import watching
    from migration_tool.repairing import repair

    with watching(shared, stoppable=False) as watch:
        agree = confirmation(how.yes, watch)
        confirm = _confirmation(how, say if as_json else line, agree)
        return repair(shared.load(), tables, workers, how.delete_extra, confirm, agree, watch)


def _require_none(options: dict[str, bool]) -> None:
    from migration_tool.errors import UsageError

    if given := [name for name, value in options.items() if value]:
        raise UsageError("validate the tables", ", ".join(given), "it is about a repair", "Add --repair.")


def _confirmation(
    how: Repairing, tell: Callable[[str], None], agree: Confirm
) -> Callable[[Sequence[Plan], Path], bool]:
    from migration_tool.repairing import changes_in_words, is_agreed

    def confirm(plans: Sequence[Plan], journal: Path) -> bool:
        for plan in plans:
            for text in _lines(plan):
                tell(text)
        if what := changes_in_words(plans):
            tell(f"{what}; what they replace {'would be' if how.dry_run else 'is'} kept in {journal}")
        return not how.dry_run and is_agreed(plans, agree)

    return confirm


def _lines(plan: Plan) -> Iterator[str]:
    from migration_tool.cli.report import item_lines

    for change in plan.changes:
        first, *attributes = item_lines(change.shown())
        yield f"{change.action:6}  {plan.table}{first}"
        yield from attributes
    for item in plan.extra:
        yield f"leave   {plan.table}{next(item_lines(item))}: extra; --delete-extra deletes it"
