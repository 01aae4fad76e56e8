"""A process under strace that forks a child for each command line: one that has everything imported already.

    python -m tests.faults.children URL     requests and answers over the socket that is its stdin

strace's `when=N` counts the calls of each process. So that one strace can meet any call of a child, the child
first makes as many calls that do nothing as the request says.
"""

from __future__ import annotations

import io
import json
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from migration_tool import migrating
from migration_tool.cli import main
from migration_tool.job import Endpoint
from migration_tool.target.session import Target

NOWHERE = 99_999
"""A file descriptor that nobody has."""

CALLS: dict[str, Callable[[], object]] = {
    "write": lambda: os.write(NOWHERE, b""),
    "fsync": lambda: os.fsync(NOWHERE),
    "rename": lambda: Path().rename(""),
}


def outcome(folder: str, words: Sequence[str], call: str, idle: int) -> tuple[int, str]:
    """The exit code of a command line and all it said, after `idle` calls that do nothing."""
    os.chdir(folder)
    sys.argv = ["migrate.py", *words]
    sys.stdout = sys.stderr = said = io.TextIOWrapper(io.BytesIO(), "utf-8")
    for _ in range(idle):
        with suppress(OSError):
            CALLS[call]()
    try:
        main()
    except SystemExit as ended:
        said.seek(0)
        return int(ended.code or 0), said.read()


def serve(channel: socket.socket) -> None:
    """Answers each request when its child has ended; with minus the signal for one that was killed."""
    while request := channel.recv(1 << 16):
        ours, theirs = socket.socketpair()
        child = os.fork()
        if not child:
            try:
                theirs.sendall(json.dumps(outcome(**json.loads(request))).encode())
            finally:
                os._exit(0)
        killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        channel.send(json.dumps((killed, "")).encode() if killed else ours.recv(1 << 16))
        ours.close()
        theirs.close()


def prepare(url: str) -> None:
    """Does once, before the forks, what takes longer than a child's whole run: imports, the boto3 client."""
    for name in ("group", "migrate", "progress", "resume", "summary"):
        import_module(f"migration_tool.cli.{name}")
    for name in ("console", "table"):
        import_module(f"rich.{name}")
    endpoint = Endpoint(Target(url, "us-east-1", 30, 2), url)
    assert endpoint.target.client
    migrating.open_target = lambda config, start: endpoint


if __name__ == "__main__":
    prepare(sys.argv[1])
    serve(socket.socket(fileno=0))
