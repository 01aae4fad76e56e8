"""SQLite as it is quickest: it need not count the bytes that it allocates, under a lock, for each of them.

To be imported before sqlite3, whose import settles it.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress
from importlib.util import find_spec

_MEMORY_STATUS = 9
"""SQLITE_CONFIG_MEMSTATUS (sqlite.org/c3ref/c_config_covering_index_scan.html)."""


def count_no_bytes() -> None:
    """Asks the library that Python's sqlite3 uses; where that cannot be found, all stays as it is."""
    module = find_spec("_sqlite3")
    if module and module.origin:
        with suppress(OSError, AttributeError):
            ctypes.CDLL(module.origin).sqlite3_config(_MEMORY_STATUS, 0)


count_no_bytes()
