"""What every test has: a clean environment, databases, and the engines (engines.py)."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from migration_tool import sample

pytest_plugins = ["tests.engines", "tests.faults.local"]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """Nothing of the developer's own AWS or migration set-up reaches a test; nor does nohup's deaf ear."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "MIGRATION_"))]:
            patch.delenv(name)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
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
    """The sample with about 1,000 rows left in it, so that a hundred kills take minutes, not hours."""
    path = tmp_path_factory.mktemp("small") / "small.sqlite"
    sample.write(path, 1)
    connection = sqlite3.connect(path)
    for statement in (
        "DELETE FROM PlaylistTrack WHERE TrackId > 200 OR PlaylistId > 9",
        "DELETE FROM InvoiceLine WHERE TrackId > 200",
        "DELETE FROM Track WHERE TrackId > 200",
        "DELETE FROM Invoice WHERE InvoiceId > 60",
        "DELETE FROM InvoiceLine WHERE InvoiceId > 60",
        "VACUUM",
    ):
        connection.execute(statement)
        connection.commit()
    connection.close()
    path.chmod(0o444)
    return path


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
