"""The command line as its users have it: a real process (`tests.warm`) in a folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests import warm
from tests.engines import request
from tests.target.fake import FakeServer, Reply, Seen

ROOT = Path(__file__).resolve().parents[2]
MIGRATE = ROOT / "migrate.py"
SECONDS = 120


@dataclass
class Shell:
    """Runs commands in `folder`; `environment` comes on top of the tests' own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return warm.run([str(MIGRATE), *map(str, words)], self.folder, self.variables(environment))

    def ok(self, *words: object, **environment: str) -> str:
        """The stdout of a command that must end with 0."""
        done = self(*words, **environment)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    def begin(self, *words: object) -> Started:
        """Starts a command and goes on."""
        log = self.folder / "stderr.log"
        with log.open("wb") as said, Path(os.devnull).open("wb") as nowhere:
            line = [str(MIGRATE), *map(str, words)]
            return Started(warm.start(line, self.folder, nowhere, said, self.variables({})), log)

    def line(self, *words: object) -> list[str]:
        """What starts a Python of its own, for `subprocess`."""
        return [sys.executable, str(MIGRATE), *map(str, words)]

    def variables(self, more: dict[str, str]) -> dict[str, str]:
        return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **self.environment, **more}


@dataclass
class Started:
    """A command that runs; leaving the block ends it."""

    process: warm.Process
    log: Path

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def wait_for(self, text: str) -> None:
        self.wait_until(lambda: text in self.said(), f"{text!r} was not said")

    def wait_until(self, true: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < deadline, f"{otherwise}: {self.said()}"
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.said()}"
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Its exit code."""
        return self.process.wait()


@dataclass
class Proxy:
    """A DynamoDB in front of another one. `on_batch` may answer a BatchWriteItem itself, or wait."""

    url: str
    on_batch: Callable[[Seen], Reply | None] = lambda seen: None
    batches: int = 0

    def __enter__(self) -> Proxy:
        self._server = FakeServer(self._reply)
        self._server.__enter__()
        self.own = self._server.url
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def _reply(self, seen: Seen) -> Reply:
        if seen.operation == "BatchWriteItem":
            self.batches += 1
            if (reply := self.on_batch(seen)) is not None:
                return reply
        status, body = request(self.url, seen.operation, seen.json)
        return Reply(status, body, zlib.crc32(body))
