"""SQLite files: refused, or exactly the rows that SQLite itself gives."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any

from migration_tool.design.compile import compile_design
from migration_tool.design.load import load_design
from migration_tool.design.model import Design
from migration_tool.errors import DesignError, SourceError
from migration_tool.model import ColumnRef, InvalidText, Position, Read, Row, Table
from migration_tool.source.snapshot import copy_database, fingerprint, schema_fingerprint
from migration_tool.source.sqlite import SqliteSource, check_source
from tests.fuzz.target import Target, scratch
from tests.source.test_windows import by_function, of_windows

_WAL = b"\x37\x7f\x06"
_JOURNAL = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
_SMALL = "PRAGMA page_size=512;"
_SCHEMAS = (
    """CREATE TABLE Maker (MakerId INTEGER PRIMARY KEY, Name TEXT COLLATE NOCASE UNIQUE, Born DATE);
    CREATE TABLE Thing (a, b REAL, c NUMERIC, up TEXT AS (upper(a)) VIRTUAL, CHECK (b <> 7));
    CREATE INDEX ThingB ON Thing (b DESC) WHERE a IS NOT NULL;
    CREATE VIEW Both AS SELECT * FROM Maker, Thing;
    CREATE TRIGGER t AFTER INSERT ON Maker BEGIN DELETE FROM Thing WHERE a = new.MakerId; END;
    INSERT INTO Maker VALUES (-3, 'Acme', NULL), (1, 'Æther', 2.5), (9, NULL, x'00ff');
    INSERT INTO Thing (a, b, c) VALUES (1, 2.5, '1e3'), ('x', NULL, 9223372036854775807),
      (NULL, 1e300, x''), (CAST(x'ff41' AS TEXT), 0, -0.5);""",
    """CREATE TABLE "odd ""name" (k TEXT COLLATE NOCASE, n INT, v, PRIMARY KEY (k, n DESC)) WITHOUT ROWID;
    INSERT INTO "odd ""name" VALUES ('b', 1, zeroblob(900)), ('A', 2, hex(zeroblob(400))), ('a', -1, NULL);
    CREATE TABLE Big (n INTEGER PRIMARY KEY, t TEXT);
    WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 60)
    INSERT INTO Big SELECT i * 3, 'row ' || i FROM c; DELETE FROM Big WHERE n % 5 = 0;""",
    "PRAGMA encoding='UTF-16le'; CREATE TABLE T (x TEXT, y INT); INSERT INTO T VALUES ('é', 1), ('b', NULL);",
)


_ENTITIES = (
    'Maker: {from: Maker, keys: {PK: "M#{MakerId}", SK: "{lower(Name)}#"}, attributes: {"*": Maker}}',
    'Big: {from: Big, keys: {PK: "{shard(n, 9)}#{n:9}", SK: "{t}"}, attributes: {"*": Big}}',
)


@cache
def _designs() -> list[Design]:
    with scratch() as folder:
        paths = [folder / f"{number}.yaml" for number in range(len(_ENTITIES))]
        for path, entity in zip(paths, _ENTITIES, strict=True):
            path.write_text(f"version: 1\ntable: Any\nentities:\n  {entity}\n", encoding="utf-8")
        return [load_design(path) for path in paths]


def _seeds() -> list[bytes]:
    with scratch() as folder:
        return [*(_made(folder / f"{n}", schema) for n, schema in enumerate(_SCHEMAS)), *_at_work(folder)]


def _made(path: Path, statements: str) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_SMALL + statements)
    return path.read_bytes()


def _at_work(folder: Path) -> Iterator[bytes]:
    """A database with its write-ahead log, and one with the journal of a transaction that did not end."""
    for mode, ending in (("WAL", "-wal"), ("DELETE", "-journal")):
        path = folder / mode
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.executescript(
                f"{_SMALL} PRAGMA journal_mode={mode}; {_SCHEMAS[1]} PRAGMA cache_size=1;"
            )
            connection.execute("BEGIN")
            connection.execute("UPDATE Big SET t = t || ' changed'")
            if mode == "WAL":
                connection.execute("COMMIT")
            yield path.read_bytes() + path.with_name(mode + ending).read_bytes()


def _placed(data: bytes, folder: Path) -> Path:
    """The database in a folder of its own, with the log or the journal that follows it in the input."""
    folder.mkdir()
    path = folder / "x.sqlite"
    for magic, ending in ((_WAL, "-wal"), (_JOURNAL, "-journal")):
        main, found, rest = data.partition(magic)
        if found:
            path.with_name(path.name + ending).write_bytes(found + rest)
            data = main
    path.write_bytes(data)
    return path


def _check(data: bytes) -> None:
    """A whole file is read as SQLite reads it, a broken one is refused, and neither is changed."""
    with scratch() as folder:
        path = _placed(data, folder / "ours")
        truth = _Truth(_placed(data, folder / "theirs"))
        before = path.read_bytes()
        _compare(path, truth, _is_sound(path, truth))
        with suppress(SourceError):
            copy_database(path, folder / "copy.sqlite", lambda done, total: None)
            _compare(folder / "copy.sqlite", truth, _is_sound(folder / "copy.sqlite", truth))
        with suppress(SourceError):
            schema_fingerprint(path)
        fingerprint(path)
        assert path.read_bytes() == before


def _is_sound(path: Path, truth: _Truth) -> bool:
    try:
        facts = check_source(path)
    except SourceError:
        return False
    assert facts.rows == {name: len(truth.rows(name)) for name in facts.rows}
    return True


def _compare(path: Path, truth: _Truth, sound: bool) -> None:
    """Each table is refused or read whole; an end that comes early would be a loss that nobody sees."""
    try:
        source = SqliteSource(path)
    except SourceError:
        return
    with source:
        for table in source.schema.tables.values():
            with suppress(SourceError):
                rows = list(source.rows(_everything(table)))
                if table.is_view or len(rows) != source.count(_everything(table)):
                    continue
                assert sorted(_shown(row) for _, row in rows) == sorted(truth.rows(table.name))
                if sound:
                    _resume(source, table, rows)
        for design in _designs():
            with suppress(DesignError, SourceError):
                (entity,) = compile_design(design, source.schema).entities
                made = [by_function(entity, row) for _, row in source.rows(entity.read)]
                assert of_windows(source, entity, 11) == made or not sound


def _resume(source: SqliteSource, table: Table, rows: list[tuple[Position, Row]]) -> None:
    """From behind any row on, the rest comes, and nothing else."""
    for place in range(0, len(rows), max(1, len(rows) // 7)):
        assert list(source.rows(_everything(table), rows[place][0])) == rows[place + 1 :]


def _everything(table: Table) -> Read:
    return Read("x", table.name, (), tuple(ColumnRef("x", column.name) for column in table.columns))


def _shown(row: Row) -> str:
    return repr([_plain(value) for value in row])


def _plain(value: Any) -> Any:
    if isinstance(value, InvalidText):
        return ("text", bytes(value))
    return ("text", value.encode()) if isinstance(value, str) else value


class _Truth:
    """What SQLite says, asked without our code."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def tables(self) -> list[str]:
        return [name for (name,) in self._ask("SELECT name FROM sqlite_master WHERE type = 'table'")]

    def rows(self, table: str) -> list[str]:
        name = table.replace('"', '""')
        return [
            repr(list(row)) for row in self._ask(f'SELECT * FROM "{name}" NOT INDEXED', lambda b: ("text", b))
        ]

    def _ask(self, statement: str, decoder: Callable[[bytes], Any] = bytes.decode) -> list[Any]:
        with closing(sqlite3.connect(self._path)) as connection:
            connection.text_factory = decoder
            return connection.execute(statement).fetchall()


TARGETS: Sequence[Target] = (
    Target(
        "sqlite-file",
        _seeds,
        _check,
        (b"SQLite format 3\0", b"CREATE TABLE ", b"CREATE VIRTUAL TABLE", b"\r", b"\x05"),
    ),
)
