"""Source and target compared: what `validate` does, with and without `--while-running` and `--repair`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from migration_tool import looking, repairing, validating
from migration_tool.api.observer import SILENT, nobody
from migration_tool.config import Config
from migration_tool.mending import Plan
from migration_tool.model import Confirm
from migration_tool.verify import SAMPLE_CALLS
from migration_tool.verify.claim import Claim
from migration_tool.verify.moving_report import MovingReport
from migration_tool.verify.report import Report


def validate(
    config: Config,
    *,
    calls: int | None = SAMPLE_CALLS,
    indexes: bool = True,
    fresh: bool = False,
    claim: Claim | None = None,
    go_on: bool = False,
    processes: int | None = None,
    observer: validating.Watcher = SILENT,
) -> Report:
    """Compares every item with the source and tries the access patterns, as `validate` does.

    calls      parameter sets to try per access pattern; None: all, 0: none
    indexes    counts the items of each index, too
    fresh      reads the source also where an earlier proof stands for it
    claim      what a random sample is to show in place of all items
    go_on      with the validation that was interrupted
    processes  that read a large table; None: one per CPU, at most 8
    Differences are in the report (`ok` is False). Raises MigrationError where it cannot compare.
    """
    return validating.validate(
        config, (), calls, processes, observer, indexes=indexes, claim=claim, fresh=fresh, go_on=go_on
    )


def look(config: Config, *, since: int | None = None, observer: validating.Watcher = SILENT) -> MovingReport:
    """Compares what the newest run has written so far, as `validate --while-running` does, while it goes on.

    since  generation of the state behind which to begin, as `generation` of an earlier look; None: at the
           first row
    Differences are in the report (`ok` is False). Raises StateError where no run is saved, MigrationError.
    """
    return looking.look(config, (), since, observer.checked, observer.notice)


def repair(
    config: Config,
    *,
    delete_extra: bool = False,
    dry_run: bool = False,
    confirm: Confirm = nobody,
    processes: int | None = None,
    observer: repairing.Watcher = SILENT,
) -> Report:
    """Compares every item and puts right what is wrong, as `validate --repair` does.

    delete_extra  deletes the items that no row gives, too
    dry_run       changes nothing: `repair` of the report names what would be done
    confirm       is asked before anything is changed; by default nobody agrees
    What is replaced is kept in the file that the report names. Raises MigrationError; StateError where the
    tables are not those that the run has loaded.
    """

    def agreed(plans: Sequence[Plan], _: Path) -> bool:
        return not dry_run and repairing.is_agreed(plans, confirm)

    return repairing.repair(config, (), processes, delete_extra, agreed, confirm, observer)
