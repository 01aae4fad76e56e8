"""Rows 1 and 11: what happens to the state when its file system, or the process, fails."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import ROOT, Engine
from tests.faults.children import CALLS
from tests.faults.local import NOTE, Children, Things, children


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where the system has one: what is flushed there need not wait for a disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as name:
        yield Path(name)


@pytest.fixture
def moto(moto_server: str) -> Engine:
    return Engine("moto", moto_server)


@pytest.fixture(scope="module")
def commands(moto_server: str) -> Iterator[Children]:
    """Command lines without a fault."""
    with children(Engine("moto", moto_server)) as forked:
        yield forked


def test_row_01_killed_at_every_call_of_the_state_path(
    quick: Path, real_engine: Engine, table_prefix: str
) -> None:
    """Before every write, fsync and rename that a migration makes, from the first one to the last."""
    with children(real_engine, "signal=SIGKILL") as killed, children(real_engine) as forked:
        first = Things(quick / "first", real_engine, table_prefix)
        assert forked.run(first.folder, "migrate")[0] == 0
        first.check_complete()
        for call in CALLS:
            number, code = 0, -9
            while code == -9:
                number += 1
                things = Things(quick / f"{call}{number}", real_engine, table_prefix)
                things.clear()
                code, said = killed.run(things.folder, "migrate", call=call, number=number)
                assert code in (0, -9), said
                begun = things.check_durable()
                assert forked.run(things.folder, "resume" if begun else "migrate")[0] == 0
                things.check_complete()
            assert number > 20


FAULTS = [
    ("write", "error=EIO", False, range(1, 24, 3)),
    ("write", "error=ENOSPC", True, range(2, 24, 5)),
    ("write", "retval=1", False, range(1, 24, 2)),
    ("fsync", "error=EIO", False, range(1, 48, 5)),
    ("fsync", "error=EIO", True, range(3, 48, 9)),
    ("rename", "error=EIO", False, range(1, 24, 3)),
    ("rename", "error=ENOSPC", True, range(2, 24, 7)),
]
"""`retval=1` is a disk that keeps one byte of what it was given, and says nothing."""


@pytest.mark.parametrize(("call", "fault", "lasting", "numbers"), FAULTS)
def test_row_11_a_call_of_the_state_path_fails(
    quick: Path, moto: Engine, table_prefix: str, call: str, fault: str, lasting: bool, numbers: range
) -> None:
    errors = []
    with children(moto, fault, lasting) as forked:
        for number in numbers:
            things = Things(quick / str(number), moto, table_prefix)
            things.clear()
            code, said = forked.run(things.folder, "migrate", call=call, number=number)
            assert code in (0, 4, 6), said
            if code:
                assert f"object: {things.folder}/state" in said and "next: " in said
                assert "Traceback" not in said
                errors.append(said)
            begun = things.check_durable()
            assert forked.run(things.folder, "resume" if begun else "migrate")[0] == 0
            things.check_complete()
    assert len(errors) > len(numbers) / 2


def test_row_11_a_reject_file_that_alone_grows_too_large(
    tmp_path: Path, moto: Engine, commands: Children, table_prefix: str
) -> None:
    """What the state then says must not go beyond the row that could not be kept."""
    things = Things(tmp_path / "things", moto, table_prefix, {"migration_settings.source_snapshot": "live"})
    size = len(NOTE)
    done = subprocess.run(
        [sys.executable, ROOT / "migrate.py", "migrate"], cwd=things.folder, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )  # fmt: skip
    assert (done.returncode, ".rejects.jsonl\n  cause:  File too large" in done.stderr) == (6, True), (
        done.stderr
    )
    assert things.check_durable()
    assert commands.run(things.folder, "resume")[0] == 0
    things.check_complete()


def test_row_11_a_full_disk(small_disk: Path, moto: Engine, commands: Children, table_prefix: str) -> None:
    """State, rejects and log on a file system of 64 KB, with less and less left of it."""
    codes = []
    for free in range(11):
        things = Things(
            small_disk / str(free), moto, f"{table_prefix}{free}_",
            {"migration_settings.source_snapshot": "live", "logging.level": "INFO"},
        )  # fmt: skip
        ballast, room = small_disk / "ballast", os.statvfs(small_disk)
        ballast.write_bytes(b"x" * ((room.f_bavail - free) * room.f_bsize))
        code, said = commands.run(things.folder, "migrate")
        codes.append(code)
        assert "Traceback" not in said
        if free == 0:
            assert (
                f"the log is incomplete, 2 lines are lost ({things.folder}/logs/migration.log: No space"
                in said
            )
        if code:
            assert f"object: {things.folder}/state/" in said and "No space left on device" in said
        ballast.unlink()
        begun = things.check_durable()
        assert commands.run(things.folder, "resume" if begun else "migrate")[0] == 0
        things.check_complete()
        shutil.rmtree(things.folder)
    assert codes == sorted(codes, reverse=True)
    assert (codes[0], codes[-1]) == (6, 0)
