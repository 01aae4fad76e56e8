"""Command lines as processes that begin with their imports done: forked from one process that has them.

    python -m tests.warm NUMBER     requests over the socket of that number

Folder, environment, standard streams, signals and exit code are a process's own, as for every user. What a
start itself does (imports, variables of Python) is seen only by one that `subprocess` starts.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryFile
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 120
_LARGEST = 1 << 20
_INHERITED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
"""A child ignores those of them that its parent ignores."""


class Process:
    """What `subprocess.Popen` is, as far as the tests need it; `wait` has to be called once."""

    def __init__(self, answers: socket.socket) -> None:
        self._answers = answers
        self.pid = int(answers.recv(64))
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, seconds: float = SECONDS) -> int:
        """The exit code, or minus the signal. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            if not select.select([self._answers], [], [], seconds)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), seconds)
            self.returncode = int(self._answers.recv(64))
            self._answers.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    words: Sequence[str], folder: Path, stdout: IO[bytes], stderr: IO[bytes], environment: Mapping[str, str]
) -> Process:
    """A Python program with its arguments, in a process of its own; nothing is on its stdin."""
    ignored = [number for number in _INHERITED if signal.getsignal(number) is signal.SIG_IGN]
    request = {"words": words, "folder": str(folder), "environment": dict(environment), "ignored": ignored}
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        descriptors = [theirs.fileno(), stdout.fileno(), stderr.fileno()]
        socket.send_fds(_server(), [json.dumps(request).encode()], descriptors)
    return Process(ours)


def run(
    words: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """What `subprocess.run` gives for a Python program, with all that it said."""
    with TemporaryFile() as stdout, TemporaryFile() as stderr:
        process = start(words, folder, stdout, stderr, os.environ if environment is None else environment)
        try:
            code = process.wait()
        finally:
            process.kill()
            process.wait()
        return subprocess.CompletedProcess(list(words), code, _text(stdout), _text(stderr))


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode().replace("\r\n", "\n")


@cache
def _server() -> socket.socket:
    """Where the process that has everything imported takes requests; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        number = theirs.fileno()
        command = [sys.executable, "-m", "tests.warm", str(number)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[number])

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _prepare() -> None:
    """Imports all that a command line may need, and what boto3 needs for its first client."""
    import migration_tool
    from migration_tool.target.session import Target

    for module in walk_packages(migration_tool.__path__, "migration_tool."):
        if module.name != "migration_tool.embedded_moto":
            import_module(module.name)
    for name in ("progress", "table"):
        import_module(f"rich.{name}")
    assert Target("http://127.0.0.1:9", "us-east-1", 30, 2).client
    gc.freeze()


def _serve(channel: socket.socket) -> list[str]:
    """Forks for each request; comes back in the children only, with the words that each is to run."""
    while True:
        request, descriptors, _, _ = socket.recv_fds(channel, _LARGEST, 3)
        if not request:
            sys.exit()
        if not os.fork():
            channel.close()
            return _kept(json.loads(request), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _kept(request: dict[str, object], answers: int, stdout: int, stderr: int) -> list[str]:
    """The words, in a child; its parent stays until the child has ended, and tells how."""
    with ExitStack() as stack:
        for descriptor in (answers, stdout, stderr):
            stack.callback(os.close, descriptor)
        child = os.fork()
        if not child:
            os.dup2(stdout, 1)
            os.dup2(stderr, 2)
            return _settled(**request)  # type: ignore[arg-type]
        os.write(answers, str(child).encode())
        _, status = os.waitpid(child, 0)
        with suppress(BrokenPipeError):
            os.write(answers, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _settled(words: list[str], folder: str, environment: dict[str, str], ignored: list[int]) -> list[str]:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)
    return words


def _end(code: object) -> None:
    """Ends as Python does, but for the memory, which it would give back piece by piece."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if isinstance(code, int):
        os._exit(code)


if __name__ == "__main__":
    _prepare()
    sys.argv = _serve(socket.socket(fileno=int(sys.argv[1])))
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as ended:
        _end(ended.code)
        raise
