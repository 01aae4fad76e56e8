"""What the tests, and runs without pytest, have around them: a clean environment and a small database."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from migration_tool import sample


@contextmanager
def clean() -> Iterator[None]:
    """Nothing of the developer's own AWS or migration set-up reaches a test; nor does nohup's deaf ear."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "MIGRATION_"))]:
            patch.delenv(name)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        yield


def write_small(path: Path) -> Path:
    """The sample with about 1,000 rows left in it, so that a hundred kills take minutes, not hours."""
    sample.write(path, 1)
    with closing(sqlite3.connect(path)) as connection:
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
    path.chmod(0o444)
    return path
