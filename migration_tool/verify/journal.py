"""What a validation can build on, and where it writes down how far it is, so that it can be continued."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from migration_tool.errors import StateError
from migration_tool.state import files
from migration_tool.state.validation import TableSums, Validation, write_validation

LOG = logging.getLogger(__name__)
SAVE_SECONDS = 1.0
_SAVE_SHARE = 50
"""A save may come when 50 times its own duration has passed: at most 2 % of the time goes into saving."""

_UNKNOWN = TableSums()


class Journal:
    """What is known of the tables' sides before a validation; with a path also what it finds, as it goes on.

    Leaving the block removes the file: nothing is left to be continued. Leaving it with an error saves the
    place, `saved` says whether there is one. A file that cannot be written is given up, `fault` says why: the
    validation does not depend on it.
    """

    def __init__(
        self,
        validation: Validation | None = None,
        path: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.saved = False
        self.fault = ""
        self._validation = validation or Validation("", 0, 0.0)
        self._path = path
        self._clock = clock
        self._due = clock() + SAVE_SECONDS
        self._now: dict[str, Callable[[], TableSums]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not error and self._path:
            files.discard(self._path)
        elif self._now:
            self._save()

    def known(self, table: str) -> TableSums:
        """What may be built on, by design name."""
        return self._validation.tables.get(table, _UNKNOWN)

    def watch(self, table: str, now: Callable[[], TableSums]) -> None:
        """From here on `now` says what is known of the table."""
        self._now[table] = now

    def step(self) -> None:
        """Saves the place when a save is due."""
        if self._path and self._clock() >= self._due:
            self._save()

    def _save(self) -> None:
        if self._path is None:
            return
        began = self._clock()
        tables = {**self._validation.tables, **{table: now() for table, now in self._now.items()}}
        try:
            write_validation(self._path, replace(self._validation, tables=tables))
            self.saved = True
        except StateError as error:
            LOG.warning("the place of the validation cannot be saved", extra={"reason": str(error)})
            self._path, self.saved, self.fault = None, False, str(error)
        ended = self._clock()
        self._due = ended + max(SAVE_SECONDS, (ended - began) * _SAVE_SHARE)
