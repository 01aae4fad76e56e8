"""What a user wishes of a run while it runs: `<run>.control.json`, written by `tune`, read by the copy loop.

    {"max_wcu": "500", "number": 3, "paused": false, "run_id": "20261120T213000-a1b2c3"}

The file stays when the process ends, so a run that was paused is still paused on a resume. It belongs to
its run by its name, like the state itself: a new run has none, and `reset` removes it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from migration_tool.errors import StateError
from migration_tool.rates import MaxWcu
from migration_tool.state import files
from migration_tool.state.fields import DamagedError, Fields
from migration_tool.state.live import Tuning, limit

SUFFIX = ".control.json"
LOOK_SECONDS = 0.2
"""The least time between two looks at the file."""

_MAX_BYTES = 4096
_KEYS = ("max_wcu", "number", "paused", "run_id")


@dataclass(frozen=True)
class Wish:
    """How a run should go on. `number` grows with every wish; `max_wcu` None is what is configured."""

    run_id: str
    number: int = 0
    max_wcu: MaxWcu | None = None
    paused: bool = False


def in_force(wish: Wish | None, configured: MaxWcu) -> Tuning:
    """What a run that takes over the wish, or that has none, has to do."""
    if wish is None:
        return Tuning(max_wcu=str(configured))
    return Tuning(wish.number, str(wish.max_wcu or configured), wish.paused)


def write_wish(path: Path, wish: Wish) -> None:
    """Replaces the wish in the file; it is durable when this returns. Raises StateError."""
    document = {
        "max_wcu": None if wish.max_wcu is None else str(wish.max_wcu),
        "number": wish.number,
        "paused": wish.paused,
        "run_id": wish.run_id,
    }
    hint = "free space there or make it writable, then the same again"
    files.write_whole(path, _data(document), "save the wish", hint)


def read_wish(path: Path) -> Wish | None:
    """The wish in the file, None where there is no file. Raises StateError where it is not one of its run."""
    files.require_regular(path, "read the wish")
    with files.naming("read the wish", path, "make it readable"):
        try:
            data = files.read_whole(path, _MAX_BYTES)
        except FileNotFoundError:
            return None
    try:
        return _wish(data, path.name.removesuffix(SUFFIX))
    except (DamagedError, ValueError) as error:
        cause = f"{error.obj} {error.cause}" if isinstance(error, DamagedError) else error
        hint = "delete it, which forgets the wish, then: migrate.py tune"
        raise StateError("read the wish", path, cause, hint) from error


def withdraw_limit(path: Path) -> None:
    """Lets what is configured count again: a flag of this call is newer than the wish. Raises StateError."""
    wish = read_wish(path)
    if wish and wish.max_wcu is not None:
        write_wish(path, replace(wish, number=wish.number + 1, max_wcu=None))


class Wishes:
    """The newest sound wish in a file, cheap enough to be asked for in a loop.

    `warnings` tells why a newer one is not followed.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.warnings: list[str] = []
        self._path = path
        self._clock = clock
        self._next_look = float("-inf")
        self._seen: tuple[int, ...] | None = ()
        self._wish: Wish | None = None

    def current(self) -> Wish | None:
        """The same object as long as the wish is the same; None where none was made."""
        now = self._clock()
        if now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            self._look()
        return self._wish

    def _look(self) -> None:
        try:
            facts = self._path.lstat()
            seen = (facts.st_mtime_ns, facts.st_ino, facts.st_size)
        except OSError:
            seen = None
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._wish = read_wish(self._path)
        except StateError as error:
            self.warnings.append(f"{error}; what was wished before stays in force")


def _data(document: Mapping[str, object]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _wish(data: bytes, run_id: str) -> Wish:
    """Raises DamagedError, or ValueError for what is no JSON."""
    if len(data) > _MAX_BYTES:
        raise DamagedError("file", f"is larger than {_MAX_BYTES:,} bytes")
    f = Fields(orjson.loads(data), "wish", _KEYS)
    if f.text("run_id") != run_id:
        raise DamagedError(f.where("run_id"), f"is that of another run, {f.text('run_id')[:40]}")
    text = f.optional_text("max_wcu")
    wanted = None if text is None else limit(text, f.where("max_wcu"))
    return Wish(run_id, f.count("number"), wanted, f.flag("paused"))
