"""Databases of every kind that has to be proposable: a script of SQL each, and some that loops write."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_FOLDER = Path(__file__).parent
_SCRIPTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.sql"))}


def _many_tables() -> str:
    """200 tables, each referring to one before it."""
    return (
        "CREATE TABLE t0 (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t0 VALUES (1, 'a'), (2, 'b');"
        + "".join(
            f"CREATE TABLE t{n} (id INTEGER PRIMARY KEY, t_id INTEGER REFERENCES t{n // 2}, x TEXT);"
            f"INSERT INTO t{n} VALUES (1, 1, 'a'), (2, 2, NULL);"
            for n in range(1, 200)
        )
    )


def _wide() -> str:
    """500 columns, of which 16 long ones are the key; and more unique columns than a table has indexes."""
    key = ", ".join(f"k{number}" for number in range(16))
    columns = ", ".join(f"k{number} TEXT" for number in range(16))
    others = ", ".join(f"c{number} TEXT" for number in range(484))
    values = ", ".join(["printf('%.200c', 'x')"] * 15)
    unique = ", ".join(f"x{number} INTEGER UNIQUE" for number in range(1, 30))
    return (
        f"CREATE TABLE wide ({columns}, {others}, PRIMARY KEY ({key})) WITHOUT ROWID;"
        f"INSERT INTO wide ({key}) VALUES ('a', {values}), ('b', {values});"
        f"CREATE TABLE many (x0 INTEGER PRIMARY KEY, {unique});"
        "INSERT INTO many (x0, x1) VALUES (1, 1), (2, 2);"
    )


CORPUS = {**_SCRIPTS, "many_tables": _many_tables(), "wide": _wide()}


def write(script: str, path: Path) -> Path:
    """A new database."""
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path
