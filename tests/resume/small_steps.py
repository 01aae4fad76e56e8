"""Runs the command line where every table is large, with few rows at a time, saving its place at every step.

    python small_steps.py POINT N validate …

At the N-th time of the point the process is gone, by SIGKILL; N = 0 is never. What is read of the source goes
to stderr: the table, and the cursor behind which it is read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from migration_tool.source import sqlite
from migration_tool.verify import journal, readers, tallies
from tests.resume.killer import after, before

ROWS_AT_A_TIME = 40


def place_saved(number: int) -> None:
    after(journal, "write_validation", number)


def before_the_place_is_saved(number: int) -> None:
    before(journal, "write_validation", number)


def share_read(number: int) -> None:
    after(tallies.Sums, "end", number)


def rows_read(number: int) -> None:
    after(tallies.Sums, "expect", number)


POINTS: dict[str, Callable[[int], None]] = {
    point.__name__: point for point in (place_saved, before_the_place_is_saved, share_read, rows_read)
}


def with_small_steps() -> None:
    readers.Readers.__init__.__defaults__ = (1, 1)  # type: ignore[misc]  # one process, and every table large
    journal.SAVE_SECONDS = journal._SAVE_SHARE = 0
    sqlite._CHUNK = ROWS_AT_A_TIME


def telling() -> None:
    real = sqlite.SqliteSource.chunks

    def chunks(self: Any, read: Any, after: Any = None) -> Iterator[Any]:
        sys.stderr.write(f"READ {read.alias} {after[0] if after else None}\n")
        return real(self, read, after)

    sqlite.SqliteSource.chunks = chunks  # type: ignore[method-assign]


if __name__ == "__main__":
    with_small_steps()
    telling()
    POINTS[sys.argv[1]](int(sys.argv[2]))
    sys.argv = ["migrate.py", *sys.argv[3:]]
    from migration_tool.cli import main

    main()
