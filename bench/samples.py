"""Sample databases in bench/.cache, made once by `migrate.py sample`."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from bench.child import environment
from bench.plan import CACHE
from bench.product import MIGRATE

MUSIC_ITEMS = 4_125
"""Items of MusicCatalog at scale 1."""
CUSTOMER_ITEMS = 471
_EMPLOYEES = 8


_ROWS = 15_577
"""Rows of the sample at scale 1."""


def sample(scale: int) -> Path:
    path = CACHE / f"sample-{scale}.sqlite"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(MIGRATE), "sample", "--scale", str(scale), "--out", str(path)]
        subprocess.run(command, env=environment(), check=True, capture_output=True)
    return path


def music(items: int) -> Path:
    """The smallest sample with at least so many items of MusicCatalog."""
    return sample(-(-items // MUSIC_ITEMS))


def rows(count: int) -> Path:
    """The sample with at least so many rows in all its tables together."""
    return sample(-(-count // _ROWS))


def customers(items: int) -> Path:
    """The smallest sample with at least so many items of CustomerData."""
    return sample(-(-items // CUSTOMER_ITEMS))


def employees(items: int, scale: int = 10) -> Path:
    """A sample whose staff stands in it again and again, each time with numbers of its own."""
    path = CACHE / f"employees-{items}.sqlite"
    if not path.exists():
        copies, staff = -(-items // (_EMPLOYEES * scale)), _EMPLOYEES * scale
        part = path.with_suffix(".part")
        part.write_bytes(sample(scale).read_bytes())
        with closing(sqlite3.connect(part)) as connection:
            connection.execute(_REPEAT, {"copies": copies, "staff": staff})
            connection.commit()
        part.replace(path)
    return path


_REPEAT = """
WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n + 1 < :copies)
INSERT INTO Employee
SELECT EmployeeId + n * :staff, LastName, FirstName, Title, ReportsTo + n * :staff, BirthDate, HireDate,
       Address, City, State, Country, PostalCode, Phone, Fax, n || Email
FROM copy, (SELECT * FROM Employee ORDER BY EmployeeId) ORDER BY n, EmployeeId
"""
