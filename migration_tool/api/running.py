"""Tables loaded, or files written: what `migrate`, `resume`, `retry-rejects`, `tune` and `reset` do."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from migration_tool import migrating, phases, tuning
from migration_tool.api.observer import SILENT, nobody
from migration_tool.clearing import Cleared, clear
from migration_tool.config import Config
from migration_tool.errors import UsageError
from migration_tool.files_export import Files, export_files
from migration_tool.filing import Form
from migration_tool.model import Confirm
from migration_tool.phases import Summary
from migration_tool.rates import MaxWcu
from migration_tool.retry import retry_rejects as retried
from migration_tool.state.store import StateStore
from migration_tool.tuning import Tuned

_USUAL = Form()


def run(
    config: Config,
    *,
    force: bool = False,
    confirm: Confirm = nobody,
    observer: phases.Observer = SILENT,
    take_over: bool = False,
    importing: Form | None = None,
) -> Summary:
    """Creates the tables of the configuration, loads them and proves the result, as `migrate` does.

    force      deletes and creates again what is there, and begins anew
    confirm    is asked before the first write to a target that is new and not on this machine, and before
               tables are deleted; by default nobody agrees
    take_over  loads tables also where another run that is alive does
    importing  new tables are made by an import from S3, of files like this; `s3_bucket` is a key of the
               configuration
    Raises MigrationError; DifferencesFound where the proof fails. `resume` goes on where it says so.
    """
    return migrating.migrate(config, (), force, confirm, observer, take_over, importing)


def resume(
    config: Config,
    *,
    accept: Iterable[str] = (),
    confirm: Confirm = nobody,
    observer: phases.Observer = SILENT,
    take_over: bool = False,
) -> Summary | None:
    """Goes on with the run that was stopped, failed or killed; None where there is none.

    accept  the kinds of change since then that are meant: "source", "design", "target"
    The others are those of `run`. Raises MigrationError; StateError for a change that is not accepted.
    """
    return migrating.resume(config, frozenset(accept), confirm, observer, take_over)


def retry_rejects(
    config: Config,
    *,
    accept: Iterable[str] = (),
    confirm: Confirm = nobody,
    observer: phases.Observer = SILENT,
    take_over: bool = False,
) -> Summary | None:
    """Sends the rejected rows of the newest run again, once they or the designs are mended, and proves all.

    accept  "source": it may have another path or schema than the run had
    The others are those of `run`. None where no row is rejected. Raises MigrationError as `resume` does.
    """
    return retried(config, frozenset(accept), confirm, observer, take_over)


def tune(
    config: Config, *, max_wcu: str | None = None, paused: bool | None = None, timeout: float = 5
) -> Tuned:
    """Limits, pauses or continues the unfinished run of another process, as `tune` does.

    max_wcu  as in the configuration: "500" (write units a second), "auto", "auto:80%", "off"; None: as before
    paused   None: as before
    timeout  seconds that the process has to take it over
    Where no process runs, it counts from the next resume on, and `in_force` is False. Raises UsageError,
    StateError.
    """
    if max_wcu is None and paused is None:
        raise UsageError("tune the run", "tune", "nothing is wished of it", "Pass max_wcu= or paused=.")
    try:
        limit = None if max_wcu is None else MaxWcu.parse(max_wcu)
    except ValueError as error:
        raise UsageError("tune the run", max_wcu, "it is no limit", f"It must be {error}.") from error
    return tuning.tune(StateStore(config.state_dir), limit, paused, timeout)


def write_files(
    config: Config,
    folder: str | PathLike[str],
    *,
    form: Form = _USUAL,
    force: bool = False,
    confirm: Confirm = nobody,
    observer: phases.Observer = SILENT,
) -> Files:
    """Writes files that DynamoDB imports from S3 in place of a table, as `migrate --via files` does.

    folder   new or empty, or one where the same call was stopped, which then goes on
    form     how the files are packed, and their size
    force    begins anew in such a folder, once `confirm` agrees
    Raises MigrationError; UsageError for a folder with something else in it.
    """
    return export_files(config, (), Path(folder), form, force, confirm, observer)


def reset(config: Config, *, dry_run: bool = False, confirm: Confirm = nobody) -> Cleared:
    """Clears the saved state of all runs, as `reset` does; tables and objects are never touched.

    dry_run  removes nothing: the result names what is there
    confirm  is asked before anything is removed; by default nobody agrees
    Raises StateError, also while a run is running.
    """
    return clear(config.state_dir, dry_run, confirm)
