"""One run at a time in one state folder.

The lock is `flock` on a file of its own that is never replaced: the kernel releases it when the holder ends,
however it ends. The text inside only serves the message of the one who is refused.
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import orjson

from migration_tool.errors import StateError
from migration_tool.state.files import make_folder, naming, require_regular

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
_MAX_HOLDER = 4096
_TRIES, _PAUSE_SECONDS = 5, 0.01
"""A look by `is_held` has the lock for a moment, so one refusal is not yet another run."""


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Holds the lock file at `path`. Raises StateError naming the holder where another has it."""
    make_folder(path.parent)
    require_regular(path, "lock the state folder")
    with naming("lock the state folder", path, "make the state folder writable"):
        fd = os.open(path, _FLAGS, 0o600)
    try:
        _take(fd, path)
        _describe(fd, path, _holder())
        try:
            yield
        finally:
            with suppress(OSError):
                os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock file at `path`; changes nothing. Raises StateError."""
    with naming("look at the lock of the state folder", path, "make the state folder readable"):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
    return False


def _take(fd: int, path: Path) -> None:
    with naming("lock the state folder", path, "keep the state folder on a local file system"):
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise StateError("lock the state folder", path, "it is not a regular file", "move it away")
        for _ in range(_TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(_PAUSE_SECONDS)
        raise _refusal(fd, path)


def _describe(fd: int, path: Path, text: bytes) -> None:
    with naming("lock the state folder", path, "free some space"):
        os.ftruncate(fd, 0)
        os.pwrite(fd, text, 0)


def _holder() -> bytes:
    facts = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": shlex.join(sys.argv)[:1000].encode("utf-8", "replace").decode(),
        "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    return orjson.dumps(facts, option=orjson.OPT_APPEND_NEWLINE)


def _refusal(fd: int, path: Path) -> StateError:
    try:
        facts = orjson.loads(os.pread(fd, _MAX_HOLDER, 0))
        holder = ", ".join(f"{name} {_plain(facts[name])}" for name in ("pid", "host", "command", "since"))
    except (ValueError, LookupError, TypeError, OSError):
        holder = "which has not said who it is"
    return StateError(
        "lock the state folder",
        path.parent,
        f"another run holds it: {holder}",
        "let it end, or stop it (Ctrl-C or kill -TERM with its pid), then: migrate.py resume",
    )


def _plain(value: object) -> str:
    """Without control and direction characters: the text comes from a file."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", "?", str(value))
