"""What every test has: a clean environment, databases, and the engines (engines.py)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from migration_tool import sample
from tests import surroundings

pytest_plugins = ["tests.engines", "tests.faults.local"]

ROOT = Path(__file__).resolve().parent.parent
MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes that have to be free in memory for the folders of the tests to lie there."""

hypothesis.settings.register_profile(
    "busy machine",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("busy machine")
"""No example is too slow, and no test either: how long one takes says something of the machine."""


def pytest_configure() -> None:
    """Lets `tmp_path` be in memory, where what is flushed need not wait for a disk."""
    if (
        MEMORY.is_dir()
        and shutil.disk_usage(MEMORY).free >= ROOM
        and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    ):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """As `surroundings.clean`."""
    with surroundings.clean():
        yield


@pytest.fixture(scope="session")
def chinook() -> Path:
    """The real Chinook database: CHINOOK_DB, or where it lies beside this project. Never write to it."""
    named = os.environ.get("CHINOOK_DB")
    path = Path(named) if named else ROOT.parent / "shared/data/chinook/Chinook_Sqlite.sqlite"
    if not path.is_file():
        pytest.skip(f"the real Chinook database is not at {path}: set CHINOOK_DB to its path")
    return path


@pytest.fixture(scope="session")
def sample_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample database at scale 1, shared by all tests: read-only."""
    path = tmp_path_factory.mktemp("sample") / "sample.sqlite"
    sample.write(path, 1)
    path.chmod(0o444)
    return path


@pytest.fixture(scope="session")
def small_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `surroundings.write_small`, shared by all tests: read-only."""
    return surroundings.write_small(tmp_path_factory.mktemp("small") / "small.sqlite")


@pytest.fixture
def sample_copy(sample_db: Path, tmp_path: Path) -> Path:
    """A copy of the sample database that belongs to one test, which may change it."""
    path = tmp_path / "sample.sqlite"
    shutil.copyfile(sample_db, path)
    return path


@pytest.fixture
def table_prefix() -> str:
    """A table prefix no other test has; the engines are shared by all tests of a session."""
    return f"t{uuid.uuid4().hex[:12]}_"


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 64 KB, where the test may make one."""
    with tempfile.TemporaryDirectory() as name:
        command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", name]
        try:
            made = subprocess.run(command, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            made = False
        if not made:
            pytest.skip("mounting a small tmpfs needs rights that this user does not have")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", name], check=True)
