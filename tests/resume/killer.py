"""Runs the command line and kills its own process with SIGKILL at one exact point.

    python killer.py POINT N migrate|resume …

POINT is one of POINTS below; at its N-th time the process is gone. What the point stands before or after
is real: the request is on the wire, the file is written, the rename is done.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def die_at(number: int) -> Callable[[], None]:
    seen = 0

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


def before(holder: Any, name: str, number: int) -> None:
    real, count = getattr(holder, name), die_at(number)

    def wrapped(*args: Any, **options: Any) -> Any:
        count()
        return real(*args, **options)

    setattr(holder, name, wrapped)


def after(holder: Any, name: str, number: int) -> None:
    real, count = getattr(holder, name), die_at(number)

    def wrapped(*args: Any, **options: Any) -> Any:
        result = real(*args, **options)
        count()
        return result

    setattr(holder, name, wrapped)


def request_sent(number: int) -> None:
    from migration_tool.target.wire import Wire

    after(Wire, "submit", number)


def answer_arrived(number: int) -> None:
    from migration_tool.target.loader import Loader

    before(Loader, "_react", number)


def answer_counted(number: int) -> None:
    from migration_tool.target.loader import Loader

    after(Loader, "_react", number)


def before_rename(number: int) -> None:
    before(os, "replace", number)
    before(Path, "replace", number)


def after_rename(number: int) -> None:
    after(os, "replace", number)
    after(Path, "replace", number)


def before_fsync(number: int) -> None:
    before(os, "fsync", number)


def after_fsync(number: int) -> None:
    after(os, "fsync", number)


def before_save(number: int) -> None:
    from migration_tool.state.store import StateStore

    before(StateStore, "save", number)


POINTS = {
    point.__name__: point
    for point in (
        request_sent,
        answer_arrived,
        answer_counted,
        before_rename,
        after_rename,
        before_fsync,
        after_fsync,
        before_save,
    )
}


if __name__ == "__main__":
    POINTS[sys.argv[1]](int(sys.argv[2]))
    sys.argv = ["migrate.py", *sys.argv[3:]]
    from migration_tool.cli import main

    main()
