"""Programs started, awaited, and charged: wall time, processor time and greatest memory of each.

Linux counts the parent's memory at the moment of the start to the child's greatest. So this process stays
small: whatever is heavy (peers, plots, items) runs in a child, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.plan import ROOT

_SHOWN = 3_000


@dataclass(frozen=True)
class Ended:
    """A process that ended. `started` in unix seconds; figures include its own children."""

    started: float
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    code: int


class Child:
    """A running program; its output goes to `log`."""

    def __init__(self, command: Sequence[object], folder: Path, log: Path) -> None:
        self._command, self._log = [str(word) for word in command], log
        with log.open("wb") as output:
            self.started = time.time()
            self._began = time.perf_counter()
            self._process = subprocess.Popen(
                self._command,
                cwd=folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @property
    def running(self) -> bool:
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def kill(self) -> None:
        self._process.kill()

    def wait(self, expected: int | None = 0) -> Ended:
        """Raises RuntimeError with the end of its output for any other exit code; None takes any."""
        _, status, usage = os.wait4(self._process.pid, 0)
        seconds = time.perf_counter() - self._began
        code = self._process.returncode = os.waitstatus_to_exitcode(status)
        if expected is not None and code != expected:
            said = self._log.read_text(errors="replace")[-_SHOWN:]
            raise RuntimeError(f"{' '.join(self._command)} ended with {code}:\n{said}")
        scale = 1 if sys.platform == "darwin" else 1024
        return Ended(self.started, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale, code)


def report(module: str, *arguments: object) -> dict[str, Any]:
    """The JSON object that `python -m module` prints. Raises RuntimeError where it fails."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-_SHOWN:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def environment() -> dict[str, str]:
    """Ours, with nothing of the user's own AWS or migration set-up."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MIGRATION_"))}
    return kept | {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
