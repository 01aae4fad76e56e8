"""SQLite as it is quickest: it need not count the bytes that it allocates, under a lock, for each of them.

To be imported before the first connection is opened.
"""

from __future__ import annotations

import apsw


def count_no_bytes() -> None:
    """Sets SQLITE_CONFIG_MEMSTATUS (sqlite.org/c3ref/c_config_covering_index_scan.html).

    SQLite has to be at rest for that: where the program has connections of its own, all stays as it is.
    """
    if not apsw.connections():
        apsw.shutdown()
        apsw.config(apsw.SQLITE_CONFIG_MEMSTATUS, False)
        apsw.initialize()


count_no_bytes()
