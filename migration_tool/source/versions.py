"""The version that only the importer of sqlite3 can tell."""

from __future__ import annotations

import sqlite3


def sqlite() -> str:
    """The version of the SQLite library in use."""
    return sqlite3.sqlite_version
