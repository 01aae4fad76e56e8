"""SQLite counts no bytes: the library that is asked for it is the one that reads the source."""

from __future__ import annotations

import subprocess
import sys

import pytest

USED = """
{before}
import apsw
connection = apsw.Connection(":memory:")
connection.execute("CREATE TABLE T (A)")
print(apsw.status(apsw.SQLITE_STATUS_MEMORY_USED)[0])
"""


@pytest.mark.parametrize(("before", "counted"), [("import migration_tool.source.sqlite", False), ("", True)])
def test_no_bytes_are_counted_once_the_source_is_imported(before: str, counted: bool) -> None:
    line = [sys.executable, "-c", USED.format(before=before)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert (int(done.stdout) > 0) is counted
