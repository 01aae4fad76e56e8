"""Ctrl-C, SIGTERM and SIGHUP in the midst of a run: what is saved, what is said, and which code comes out."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import pytest

from tests.cli.conftest import Project
from tests.cli.shell import Proxy
from tests.target.fake import Reply, Seen

pytestmark = pytest.mark.row(24)

LIMIT = 60


class Gate:
    """Lets the first batches pass, then holds every other one until it is opened."""

    def __init__(self, first: int) -> None:
        self._left = first
        self._lock = threading.Lock()
        self._open = threading.Event()
        self.holds = threading.Event()

    def __call__(self, seen: Seen) -> Reply | None:
        with self._lock:
            self._left -= 1
            passes = self._left >= 0
        if not passes:
            self.holds.set()
            self._open.wait(LIMIT)
        return None

    def open(self) -> None:
        self._open.set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_drains_saves_and_resume_goes_on(
    project: Project, tmp_path: Path, moto_server: str, number: signal.Signals
) -> None:
    gate = Gate(1)
    with Proxy(moto_server, gate) as proxy:
        shell = project(tmp_path, endpoint=proxy.own, connections=1, in_flight=1)
        with shell.begin("migrate", "-t", "music_catalog") as run:
            run.wait_until(gate.holds.is_set, "no batch was held")
            run.signal(number)
            run.wait_for("stopping: ")
            gate.open()
            assert run.end() == 130
            assert "Traceback" not in run.said()
            assert "migrate.py resume" in run.said().splitlines()[-1]
        found = json.loads(shell.ok("status", "--json"))
        assert (found["status"], found["running"], found["next"]) == ("paused", False, "migrate.py resume")
        assert 0 < found["items_written"] < found["items_total"]
        sent = proxy.batches
        assert "is complete" in shell.ok("resume")
        assert proxy.batches - sent <= -(-(found["items_total"] - found["items_written"]) // 25) + 3


def test_the_second_signal_leaves_at_once_and_resume_goes_on(
    project: Project, tmp_path: Path, moto_server: str
) -> None:
    gate = Gate(2)
    with Proxy(moto_server, gate) as proxy:
        shell = project(tmp_path, endpoint=proxy.own, connections=1, in_flight=1)
        with shell.begin("migrate", "-t", "music_catalog") as run:
            run.wait_until(gate.holds.is_set, "no batch was held")
            run.signal(signal.SIGINT)
            run.wait_for("stopping: ")
            run.signal(signal.SIGTERM)
            assert run.end() == 130
            assert "left at once" in run.said()
        gate.open()
        found = json.loads(shell.ok("status", "--json"))
        assert (found["status"], found["running"], found["next"]) == (
            "in_progress",
            False,
            "migrate.py resume",
        )
        assert "is gone" in found["note"]
        refused = shell("migrate")
        assert (refused.returncode, "resume" in refused.stderr) == (6, True)
        assert "is complete" in shell.ok("resume")


def test_a_killed_run_is_seen_as_such_and_a_running_one_too(
    project: Project, tmp_path: Path, moto_server: str
) -> None:
    gate = Gate(1)
    with Proxy(moto_server, gate) as proxy:
        shell = project(tmp_path, endpoint=proxy.own)
        with shell.begin("migrate", "-t", "music_catalog") as run:
            run.wait_until(gate.holds.is_set, "no batch was held")
            alive = json.loads(shell.ok("status", "--json"))
            assert (alive["status"], alive["running"], alive["next"]) == ("in_progress", True, None)
            second = shell("resume")
            assert (second.returncode, f"pid {run.process.pid}" in second.stderr) == (6, True)
        gate.open()
        dead = shell.ok("status")
        assert "in_progress" in dead and "is gone" in dead


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_other_commands_end_at_the_first_signal(
    project: Project, tmp_path: Path, number: signal.Signals
) -> None:
    """The target never answers; the command ends all the same, and quietly."""
    from tests.target.fake import FakeServer

    with FakeServer([Reply(cut="silent")]) as silent:
        shell = project(tmp_path, endpoint=silent.url)
        with shell.begin("query", "employee_data", "employee", "employee_id=1") as command:
            command.wait_until(lambda: bool(silent.seen), "nothing was asked")
            command.signal(number)
            assert command.end() == 130
            assert command.said().split() == ["stopped:", "interrupted"]


def test_a_hang_up_that_the_parent_ignores_is_ignored(
    project: Project, tmp_path: Path, moto_server: str
) -> None:
    gate = Gate(1)
    with Proxy(moto_server, gate) as proxy:
        shell = project(tmp_path, endpoint=proxy.own)
        old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            run = shell.begin("migrate", "-t", "employee_data", "-t", "customer_data")
        finally:
            signal.signal(signal.SIGHUP, old)
        with run:
            run.wait_until(gate.holds.is_set, "no batch was held")
            run.signal(signal.SIGHUP)
            gate.open()
            assert run.end() == 0
