"""Rows 17, 23, 24 and 25: other processes, clocks, signals and memory."""

from __future__ import annotations

import json
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.bench.conftest import running
from tests.cli.shell import Proxy, Shell
from tests.cli.test_signals import Gate
from tests.engines import ROOT, Engine
from tests.faults.local import Things, configure
from tests.target.fake import Reply, Seen, fault


def test_row_17_of_five_runs_at_once_one_proceeds_and_the_others_name_it(
    tmp_path: Path, moto: Engine, table_prefix: str
) -> None:
    gate = Gate(0)
    with Proxy(moto.url, gate) as proxy:
        things = Things(tmp_path / "things", Engine("proxy", proxy.own), table_prefix)
        runs = [
            subprocess.Popen(
                [sys.executable, ROOT / "migrate.py", "migrate"], cwd=things.folder, text=True,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )
            for _ in range(5)
        ]  # fmt: skip
        assert gate.holds.wait(60)
        while len(ended := [run for run in runs if run.poll() is not None]) < 4:
            time.sleep(0.02)
        (winner,) = set(runs) - set(ended)
        for run in ended:
            said = run.communicate()[1]
            assert (run.returncode, f"another run holds it: pid {winner.pid}, host " in said) == (6, True), (
                said
            )
        gate.open()
        assert winner.communicate(timeout=60)[1] and winner.returncode == 0
        things.check_complete()


def numbers(value: Any) -> list[float]:
    """All numbers in a JSON document."""
    if isinstance(value, dict | list):
        return [n for part in (value.values() if isinstance(value, dict) else value) for n in numbers(part)]
    return [value] if isinstance(value, int | float) else []


def test_row_23_a_clock_that_jumps_by_hours(tmp_path: Path, moto: Engine, table_prefix: str) -> None:
    """No negative figure anywhere, and each throttled request waits its turn and is sent again."""
    throttled = [fault("ProvisionedThroughputExceededException"), fault("ThrottlingException")] * 3

    def throttle(seen: Seen) -> Reply | None:
        return throttled.pop() if throttled else None

    with Proxy(moto.url, throttle) as proxy:
        more = {"migration_settings.retry_delay": 0.05, "migration_settings.max_retry_seconds": 30}
        things = Things(tmp_path / "things", Engine("proxy", proxy.own), table_prefix, more)
        line = [sys.executable, str(ROOT / "tests/faults/jumping.py")]
        done = subprocess.run([*line, "migrate"], cwd=things.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        shown = subprocess.run([*line, "status", "--json"], cwd=things.folder, capture_output=True, text=True)
        things.check_complete()
    found = json.loads(shown.stdout)
    assert (found["status"], found["throttles"]) == ("completed", 6)
    assert proxy.batches < 30, "no hot loop"
    assert min(numbers(found)) >= 0
    assert not re.search(r"(?<!\w)-[0-9]", done.stdout + done.stderr)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_row_24_a_stop_has_an_end_although_the_target_never_answers(
    tmp_path: Path, moto: Engine, table_prefix: str, number: signal.Signals
) -> None:
    gate = Gate(3)
    with Proxy(moto.url, gate) as proxy:
        things = Things(
            tmp_path / "things", Engine("proxy", proxy.own), table_prefix, {"migration_settings.timeout": 1}
        )
        shell = Shell(things.folder)
        with shell.begin("migrate") as run:
            run.wait_until(gate.holds.is_set, "no batch was held")
            run.signal(number)
            assert run.end() in (9, 130)
            assert "migrate.py resume" in run.said().splitlines()[-1]
        gate.open()
        checkpoint = things.check_durable()
        assert checkpoint and (checkpoint.status, checkpoint.items_written > 0) == ("paused", True)
        shell.ok("resume")
        things.check_complete()


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full", "| true"])
def test_row_24_a_run_whose_summary_nobody_reads_is_complete(
    tmp_path: Path, moto: Engine, table_prefix: str, redirection: str
) -> None:
    things = Things(tmp_path / "things", moto, table_prefix)
    command = f"set -o pipefail; {sys.executable} {ROOT / 'migrate.py'} migrate {redirection}"
    done = subprocess.run(["bash", "-c", command], cwd=things.folder, capture_output=True, text=True)
    assert done.returncode in ((0, 141) if redirection == "| true" else (1,)), done.stderr
    assert "Traceback" not in done.stderr
    things.check_complete()


SERIES = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
DESIGN = '{version: 1, table: Things, entities: {T: {from: T, keys: {PK: "T#{Id}", SK: x}}}}'


def rows(path: Path, count: int, text: str) -> Path:
    """A table T with so many rows; `text` is the SQL of one."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("CREATE TABLE T (Id INTEGER PRIMARY KEY, A TEXT)")
        connection.execute(f"{SERIES.format(count)} INSERT INTO T SELECT i, {text} FROM n")
        connection.commit()
    return path


def limited(folder: Path, megabytes: int, command: str) -> subprocess.CompletedProcess[str]:
    """A command whose process may not have more address space; the heap of each thread reserves 64 MB."""
    size = megabytes << 20
    return subprocess.run(
        [sys.executable, ROOT / "migrate.py", command], cwd=folder, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)),
    )  # fmt: skip


LIVE = {"migration_settings.source_snapshot": "live", "migration_settings.lease": "off"}
USUAL = {**LIVE, "migration_settings.connections": 64, "migration_settings.in_flight": 2048}


def test_row_25_a_million_rows_in_flat_memory(tmp_path: Path) -> None:
    database = rows(tmp_path / "rows.sqlite", 1_000_000, "'name ' || i")
    with running(()) as sink:
        configure(tmp_path, database, DESIGN, sink.url, "t_", USUAL)
        done = limited(tmp_path, 450, "migrate")
        assert done.returncode == 0, done.stderr
        assert sink.stats()["items"] == 1_000_000


def test_row_25_items_of_400_kb_are_loaded_or_the_run_stops_cleanly(tmp_path: Path) -> None:
    database = rows(tmp_path / "rows.sqlite", 300, "substr(hex(zeroblob(204700)), 1, 409500)")
    with running(()) as sink:
        configure(tmp_path, database, DESIGN, sink.url, "t_", USUAL)
        done = limited(tmp_path, 400, "migrate")
        assert done.returncode in (0, 9), done.stderr
        if done.returncode == 9:
            assert "not enough memory" in done.stderr and "in_flight" in done.stderr
            configure(tmp_path, database, DESIGN, sink.url, "t_", LIVE)
            done = limited(tmp_path, 400, "resume")
            assert done.returncode == 0, done.stderr
        assert sink.stats()["items"] >= 300
