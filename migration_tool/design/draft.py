"""A design that may have faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from migration_tool.design.faults import Faults
from migration_tool.design.model import Design
from migration_tool.documents import located
from migration_tool.errors import DesignError, Fault

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Draft:
    """A design as far as it could be read, and the faults of its file; those against a source join them."""

    path: Path
    design: Design
    faults: Faults

    def require_sound(self, operation: str, hint: str) -> None:
        """Raises DesignError with all faults there are."""
        if self.faults:
            cause = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
            raise DesignError(operation, self.path, cause, hint, located(self.path, list(self.faults)))


def each(given: Sequence[T], make: Callable[[T], U]) -> list[U]:
    """What is made of each. Raises DesignError with the faults of all of which nothing could be made."""
    made, failed = list[U](), list[DesignError]()
    for one in given:
        try:
            made.append(make(one))
        except DesignError as error:
            failed.append(error)
    if len(failed) == 1:
        raise failed[0]
    if failed:
        found = [fault for error in failed for fault in error.found or [_as_fault(error)]]
        faults = sorted(dict.fromkeys(found), key=lambda fault: (fault.file, fault.line, fault.column))
        operation, hint = failed[-1].operation, failed[-1].hint
        raise DesignError(operation, f"{len(failed)} designs", f"{len(faults)} faults", hint, faults)
    return made


def _as_fault(error: DesignError) -> Fault:
    """Of the file as a whole."""
    return Fault("", error.cause, error.hint, error.obj)
