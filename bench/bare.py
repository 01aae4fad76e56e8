"""The loading phase of a real `migrate`, whole or bare: what do checkpoints, log, progress and limiter cost?

    python -m bench.bare on|off -c CONFIG

runs the command line of the product in this process as far as the end of the loading, and prints what that
phase took. `off` is the same loop with a ledger that only counts rows, without limiter, log and `tune`;
progress is shown by the ledger, so it is off, too.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from bench.product import MUSIC
from migration_tool import cli, phases
from migration_tool.copying import Copy
from migration_tool.state.checkpoint import Pace
from migration_tool.target import loader as loading


class TimedCopy(Copy):
    """The copy loop; with its end this process ends."""

    def run(self, *tables: Any) -> None:
        cpu, began = time.process_time(), time.perf_counter()
        super().run(*tables)
        figures = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}
        os.write(1, f"{json.dumps(figures)}\n".encode())
        os._exit(0)


class RowCount:
    """In place of the ledger: how many rows are done."""

    unsaved = rows = 0
    over_budget = False
    pace = Pace()

    def __init__(self, checkpoint: Any, store: object, loader: Any, *others: object) -> None:
        self.run_id = checkpoint.run_id
        self._loader = loader

    @property
    def saved(self) -> RowCount:
        return self

    @property
    def uncovered(self) -> int:
        return int(self._loader.waiting)

    def settle(self) -> None:
        for done in self._loader.done():
            self.rows += done.rows

    def save(self) -> None:
        """Nothing is kept."""

    def finish(self, lane: object) -> None:
        """Nothing is kept."""

    def tune(self, tuning: object) -> None:
        """Nothing is kept."""


class Deaf:
    """In place of a brake: whatever it is told changes nothing."""

    def __init__(self, *arguments: object) -> None:
        """Takes what the real one takes."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: None


class NoGate(Deaf):
    """Full requests, at once. What is asked or told of every request has a method: `Deaf` takes its time."""

    most_items = 25

    def wait(self) -> float:
        return 0.0

    def sent(self, items: int) -> None:
        """Nothing is counted."""

    def accepted(self, items: int, taken: int, keys: int, entry: object) -> None:
        """Nothing is learnt."""


class NoLimiter(Deaf):
    """As many requests as there are connections, whatever is answered."""

    def __init__(self, most: int, clock: object) -> None:
        self.allowed = most

    def gate(self, table: str) -> NoGate:
        return NoGate()


def switch_off() -> None:
    _put(phases, "Ledger", RowCount)
    _put(phases, "Steering", Deaf)
    _put(loading, "Limiter", NoLimiter)
    logging.disable()


def _put(module: ModuleType, name: str, stand_in: type) -> None:
    """In place of what the module has under that name, which must be there."""
    getattr(module, name)
    setattr(module, name, stand_in)


def main() -> None:
    mode, *options = sys.argv[1:]
    _put(phases, "Copy", TimedCopy)
    if mode == "off":
        switch_off()
    sys.argv = ["migrate.py", *options, "migrate", "--tables", MUSIC, "--force", "--yes"]
    cli.main()


if __name__ == "__main__":
    main()
