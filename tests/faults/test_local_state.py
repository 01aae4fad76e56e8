"""Rows 1 and 11: what happens to the state when its file system, or the process, fails."""

from __future__ import annotations

import resource
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
