"""Every error this project raises on purpose.

    MigrationError            exit 1   (never raised itself: an internal error)
    ├── UsageError            exit 2   the command line asks for something that is not there
    ├── ConfigError           exit 3   configuration file, environment or flag
    ├── DesignError           exit 3   a design file, alone or against the source's schema
    ├── SourceError           exit 4   the relational database
    ├── TargetError           exit 5   DynamoDB: tables, credentials, network
    ├── StateError            exit 6   state files, locks, a run that does not match the world
    ├── DifferencesFound      exit 7   source and target are not equal
    ├── TooManyRejects        exit 8   more rejected rows than the budget allows
    ├── Stopped               exit 9   stopped by us, resumable
    └── Interrupted           exit 130 stopped by the user, resumable

An error says which operation failed, on which object, why, and which command comes next.
`cli.console` prints it; nothing else does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from migration_tool.redaction import redacted


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in a file that the user wrote.

    place   path of keys in it, "entities.Track.keys.PK"; "" for the file as a whole
    reason  what is wrong there
    remedy  what helps; "" where the reason says it
    file    as the user would name it; "" where nothing is known of one
    line    from 1, and so is column; 0: not known
    """

    place: str
    reason: str
    remedy: str = ""
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        numbers = f"{self.line}:{self.column}" if self.line else ""
        where = ":".join(part for part in (self.file, numbers) if part)
        what = "; ".join(part for part in (self.reason, self.remedy) if part)
        return ": ".join(part for part in (where, self.place, what) if part)


class MigrationError(Exception):
    """Something the user can understand and act on.

    operation  what was being done, as a verb phrase: "read the source database"
    obj        on what: a path, a table, a key; never a credential
    cause      why it failed, one sentence without a final full stop
    hint       the next command or step, one sentence
    faults     where several things are wrong at once, one line each

    Causes and faults quote what others say: what is secret in them is hidden here, once for all uses.
    """

    exit_code = 1

    def __init__(
        self,
        operation: str,
        obj: object,
        cause: object,
        hint: str = "",
        faults: Sequence[str] = (),
    ) -> None:
        self.operation = operation
        self.obj = redacted(obj)
        self.cause = redacted(cause)
        self.hint = hint
        self.faults = tuple(map(redacted, faults))
        super().__init__(operation, self.obj, self.cause, hint)

    def __str__(self) -> str:
        faults = "".join(f"\n  - {fault}" for fault in self.faults)
        return f"cannot {self.operation} ({self.obj}): {self.cause}{faults}"


class UsageError(MigrationError):
    exit_code = 2


class ConfigError(MigrationError):
    exit_code = 3


class DesignError(MigrationError):
    """found: those of its faults that have a place in a file"""

    exit_code = 3

    def __init__(
        self, operation: str, obj: object, cause: object, hint: str = "", faults: Sequence[Fault | str] = ()
    ) -> None:
        super().__init__(operation, obj, cause, hint, [str(fault) for fault in faults])
        self.found = tuple(_redacted(fault) for fault in faults if isinstance(fault, Fault))


def _redacted(fault: Fault) -> Fault:
    place, reason, remedy, file = map(redacted, (fault.place, fault.reason, fault.remedy, fault.file))
    return Fault(place, reason, remedy, file, fault.line, fault.column)


class SourceError(MigrationError):
    exit_code = 4


class BrokenText(SourceError):
    """A function of SQL cannot be given text that is not UTF-8."""


class TargetError(MigrationError):
    exit_code = 5


class Unanswered(TargetError):
    """DynamoDB could not be reached, or our credentials have ended: later the same request may succeed."""


class StateError(MigrationError):
    exit_code = 6


class DifferencesFound(MigrationError):
    exit_code = 7


class TooManyRejects(MigrationError):
    exit_code = 8


class Stopped(MigrationError):
    exit_code = 9


class Interrupted(MigrationError):
    exit_code = 130


class RowRejected(Exception):
    """One source row cannot become an item. Not an exit: the loader counts it against the budget.

    rule    the short name of the broken rule: "key_too_long", "item_too_large", "not_a_number"
    reason  a sentence with the figures
    """

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(rule, reason)
        self.rule = rule
        self.reason = reason


class RowSkipped(RowRejected):
    """A source row that the design's own code leaves out: no item, and nothing wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__("skipped", reason)
