from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bench.awake import awake
from bench.plan import ROOT
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has work that gives way")


def _burning(parent: int) -> list[int]:
    """Children of a process that calculate when nobody else wants to."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [pid for pid in map(int, listed.split()) if os.sched_getscheduler(pid) == os.SCHED_IDLE]


def _runs(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except FileNotFoundError:
        return False


def test_each_processor_is_busy_meanwhile_with_what_gives_way() -> None:
    with awake():
        wait_until(lambda: len(_burning(os.getpid())) == len(os.sched_getaffinity(0)))
        places = [os.sched_getaffinity(pid) for pid in _burning(os.getpid())]
    assert sorted(map(tuple, places)) == [(n,) for n in sorted(os.sched_getaffinity(0))]
    assert not _burning(os.getpid())


def test_it_ends_with_who_began_it() -> None:
    program = "from bench.awake import awake\nwith awake(): input()"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE) as process:
        wait_until(lambda: len(_burning(process.pid)) == len(os.sched_getaffinity(0)))
        left = _burning(process.pid)
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(map(_runs, left)))
