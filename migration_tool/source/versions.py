"""The version that only the importer of apsw can tell."""

from __future__ import annotations

import apsw


def sqlite() -> str:
    """The version of the SQLite library in use."""
    return apsw.sqlite_lib_version()
