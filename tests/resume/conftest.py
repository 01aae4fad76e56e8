"""A database small enough that a hundred migrations take minutes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from migration_tool import sample


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
