"""Rows 14, 16, 19, 20 and 21 through the command line, and other sources that nobody should trust."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from migration_tool.attributes import canonical_item
from migration_tool.source.sql import quote
from migration_tool.state.rejects import read_rejects
from tests.engines import ROOT, Engine
from tests.faults.local import ROWS, Children, Things, configure, items

HOSTILE = {"\x00", "\x07", "\x1b", "\x9b", "\u202e"}


def made(path: Path, statements: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(statements)
    return path


def design(**entities: dict[str, Any]) -> str:
    return yaml.safe_dump({"version": 1, "table": "Things", "entities": entities}, allow_unicode=True)


def keyed(table: str, pk: str, sk: str = "x") -> dict[str, Any]:
    return {"from": table, "keys": {"PK": pk, "SK": sk}}


def test_row_14_a_damaged_source_is_never_a_complete_run_with_fewer_rows(
    tmp_path: Path, moto: Engine, commands: Children, table_prefix: str
) -> None:
    """Cut off behind, and zeroed at, every page."""
    sound = Things(tmp_path / "sound", moto, table_prefix).database
    with closing(sqlite3.connect(sound)) as connection:
        connection.execute("PRAGMA page_size=512")
        connection.execute("VACUUM")
    data = sound.read_bytes()
    refused = 0
    for start in range(0, len(data), 512):
        for damaged in (data[:start], data[:start] + bytes(512) + data[start + 512 :]):
            things = Things(tmp_path / f"{start}-{len(damaged)}", moto, table_prefix)
            things.database.write_bytes(damaged)
            code, said = commands.run(things.folder, "migrate")
            assert "Traceback" not in said
            if code == 0:
                things.check_complete()
                things.clear()
            else:
                assert (code, str(things.database) in said) == (4, True), said
                refused += 1
    assert refused > 2 * ROWS


HAMMER = """
import itertools, sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
connection.execute("PRAGMA synchronous=OFF")
for number in itertools.count(1):
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE One SET Amount = Amount - 1 WHERE Id = ?", (number % 300 + 1,))
    connection.execute("UPDATE Two SET Amount = Amount + 1 WHERE Id = ?", (number * 7 % 300 + 1,))
    connection.execute("INSERT INTO Entry VALUES (?)", (number,))
    connection.execute("UPDATE Moment SET Number = ?", (number,))
    connection.execute("COMMIT")
    if number == 1:
        print("begun", flush=True)
    time.sleep(0.0005)
"""


@contextmanager
def hammered(database: Path) -> Iterator[None]:
    """A process moves amounts between two tables, and counts its commits, until the end."""
    command = [sys.executable, "-c", HAMMER, str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "begun\n"
        try:
            yield
            assert process.poll() is None
        finally:
            process.kill()


def last_commit(database: Path) -> int:
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        return int(connection.execute("SELECT Number FROM Moment").fetchone()[0])


@pytest.mark.parametrize("snapshot", ["copy", "live"])
@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_row_16_a_source_that_is_written_all_the_time_is_loaded_as_it_was_at_one_moment(
    tmp_path: Path, moto: Engine, commands: Children, table_prefix: str, journal: str, snapshot: str
) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
    database = made(
        tmp_path / "live.sqlite",
        f"""PRAGMA journal_mode={journal};
        CREATE TABLE One (Id INTEGER PRIMARY KEY, Amount INTEGER);
        CREATE TABLE Two (Id INTEGER PRIMARY KEY, Amount INTEGER);
        CREATE TABLE Entry (Id INTEGER PRIMARY KEY);
        CREATE TABLE Moment (Id INTEGER PRIMARY KEY, Number INTEGER);
        {numbers} INSERT INTO One SELECT i, 100 FROM n; {numbers} INSERT INTO Two SELECT i, 100 FROM n;
        INSERT INTO Moment VALUES (1, 0);""",
    )
    tables = {name: keyed(name, f"{name}#{{Id}}") for name in ("One", "Two", "Entry", "Moment")}
    more = {"migration_settings.source_snapshot": snapshot, "migration_settings.enable_validation": True}
    configure(tmp_path, database, design(**tables), moto.url, table_prefix, more)
    with hammered(database):
        before = last_commit(database)
        assert commands.run(tmp_path, "migrate")[0] == 0
        after = last_commit(database)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in tables}
    for item in items(moto, f"{table_prefix}Things"):
        found[item["EntityType"]["S"]].append(item)
    (moment,) = (int(item["Number"]["N"]) for item in found["Moment"])
    assert before <= moment <= after
    assert {int(item["Id"]["N"]) for item in found["Entry"]} == set(range(1, moment + 1))
    assert sum(int(item["Amount"]["N"]) for item in found["One"] + found["Two"]) == 60_000


COLLISIONS = {
    "storage classes": ("Loose", "K#{A}", "x", "(1, 0), ('1', 0)"),
    "a separator in the values": ("Loose", "{A}#{B}", "x", "('A#B', 'C'), ('A', 'B#C')"),
    "no separator": ("Loose", "{A}{B}", "x", "('1', '23'), ('12', '3')"),
    "upper and lower case": ("Nocase", "{lower(A)}", "x", "('ab', 0), ('AB', 0)"),
    "a part of the value": ("Loose", "{year(A)}", "x", "('2020-01-02', 0), ('2020-03-04', 0)"),
    "the same value twice": ("Loose", "K", "{B}", "(1, 'same'), (2, 'same')"),
}


@pytest.mark.parametrize("kind", COLLISIONS)
def test_row_19_rows_that_share_a_key_are_named_before_the_first_write(
    tmp_path: Path, moto: Engine, commands: Children, table_prefix: str, kind: str
) -> None:
    table, pk, sk, rows = COLLISIONS[kind]
    database = made(
        tmp_path / "shared.sqlite",
        f"""CREATE TABLE Loose (A, B); CREATE TABLE Nocase (A TEXT COLLATE NOCASE, B);
        INSERT INTO {table} VALUES ('other', 1), ('2020', 2); INSERT INTO {table} VALUES {rows};""",
    )
    configure(tmp_path, database, design(E=keyed(table, pk, sk)), moto.url, table_prefix, {})
    code, said = commands.run(tmp_path, "migrate")
    assert (code, f"{table} rowid 3 and {table} rowid 4 share the key" in said) == (3, True), said
    assert items(moto, f"{table_prefix}Things") == []


def test_row_19_two_entities_that_share_a_key(
    tmp_path: Path, moto: Engine, commands: Children, table_prefix: str
) -> None:
    database = made(
        tmp_path / "shared.sqlite",
        "CREATE TABLE One (A TEXT PRIMARY KEY); CREATE TABLE Two (A TEXT PRIMARY KEY);"
        "INSERT INTO One VALUES ('x'), ('B#y'); INSERT INTO Two VALUES ('y');",
    )
    entities = design(One=keyed("One", "A#{A}"), Two=keyed("Two", "A#B#{A}"))
    configure(tmp_path, database, entities, moto.url, table_prefix, {})
    code, said = commands.run(tmp_path, "migrate")
    assert (code, "One rowid 2 and Two rowid 1 share the key" in said) == (3, True), said
    assert items(moto, f"{table_prefix}Things") == []


def test_row_19_null_keys_are_rejected_and_case_alone_makes_two_keys(
    tmp_path: Path, moto: Engine, commands: Children, table_prefix: str
) -> None:
    database = made(
        tmp_path / "null.sqlite",
        "CREATE TABLE T (A TEXT COLLATE NOCASE, B);"
        "INSERT INTO T VALUES (NULL, 1), ('a', 2), (NULL, 3), ('A', 4), ('', 5);",
    )
    more = {"migration_settings.max_rejects": 3}
    configure(tmp_path, database, design(T=keyed("T", "{A}")), moto.url, table_prefix, more)
    assert commands.run(tmp_path, "migrate")[0] == 0
    assert sorted(item["PK"]["S"] for item in items(moto, f"{table_prefix}Things")) == ["A", "a"]
    (path,) = tmp_path.glob("state/*.rejects.jsonl")
    found = [(reject.source_key, reject.rule) for reject in read_rejects(path)]
    assert found == [((1,), "null_key"), ((3,), "null_key"), ((5,), "empty_key")]


def sized(item: int, pk: int, sk: int) -> tuple[str, str, str]:
    """Texts for PK, SK and Note whose item has so many bytes."""
    rest = len("PKSKEntityTypeTNote") + pk + sk
    return "p" * pk, "s" * sk, "n" * (item - rest)


def test_row_20_sizes_at_the_limits(tmp_path: Path, real_engine: Engine, table_prefix: str) -> None:
    """The engine takes what is sent; what it would not take is a reject with its rule."""
    rows = [sized(n, pk, 1) for n, pk in ((409_599, 1), (409_600, 2), (409_601, 3))]
    rows += [sized(5000, 2048, 1024), sized(5000, 2049, 1), sized(5000, 4, 1025)]
    with closing(sqlite3.connect(tmp_path / "sizes.sqlite")) as connection:
        connection.execute("CREATE TABLE T (Id INTEGER PRIMARY KEY, P TEXT, S TEXT, Note TEXT)")
        connection.executemany("INSERT INTO T (P, S, Note) VALUES (?, ?, ?)", rows)
        connection.commit()
    entity = {**keyed("T", "{P}", "{S}"), "attributes": {"Note": "Note"}}
    more = {"migration_settings.max_rejects": 3}
    configure(tmp_path, tmp_path / "sizes.sqlite", design(T=entity), real_engine.url, table_prefix, more)
    done = subprocess.run(
        [sys.executable, ROOT / "migrate.py", "migrate"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("state/*.rejects.jsonl")
    found = [(reject.source_key[0], reject.rule) for reject in read_rejects(path)]
    assert found == [(3, "item_too_large"), (5, "key_too_long"), (6, "key_too_long")]
    expected = {
        f'{{"EntityType":{{"S":"T"}},"Note":{{"S":"{note}"}},"PK":{{"S":"{pk}"}},"SK":{{"S":"{sk}"}}}}'
        for pk, sk, note in (rows[0], rows[1], rows[3])
    }
    assert {canonical_item(item) for item in items(real_engine, f"{table_prefix}Things")} == expected


ODD = 'a"b; DROP TABLE Other; --'
ANSI = "\x1b[31mred\x9b\u202e"
NAMES = {"Id": 1, "": "empty", "\U0001f600": "emoji", ANSI: "red", "select": "word", "a`b.c": "dot"}
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"


def test_row_21_odd_names_are_only_names(
    tmp_path: Path, moto: Engine, commands: Children, table_prefix: str
) -> None:
    """Of tables, columns, views and triggers; neither SQL nor the terminal runs what they say."""
    columns = ", ".join(quote(name) for name in list(NAMES)[1:])
    statements = f"""CREATE TABLE {quote(ODD)} (Id INTEGER PRIMARY KEY, {columns});
    CREATE TABLE Other (A); INSERT INTO Other VALUES (1);
    CREATE VIEW "\x1b]0;view\x07" AS {ENDLESS};
    CREATE TRIGGER "\x1b[2J" AFTER INSERT ON {quote(ODD)} BEGIN UPDATE Other SET A = A + 1; END;"""
    with closing(sqlite3.connect(tmp_path / "odd.sqlite")) as connection:
        connection.executescript(statements)
        marks = ", ".join("?" * len(NAMES))
        connection.execute(f"INSERT INTO {quote(ODD)} VALUES ({marks})", list(NAMES.values()))
        connection.commit()
    before = (tmp_path / "odd.sqlite").read_bytes()
    rows = {"*": {"of": "T", "omit": [""]}, "Dot": "`a``b.c`"}
    entity = {**keyed(ODD, "T#{Id}", "{`\U0001f600`}#{select}"), "attributes": rows}
    more = {"migration_settings.enable_validation": True}
    configure(tmp_path, tmp_path / "odd.sqlite", design(T=entity), moto.url, table_prefix, more)
    for words in (["plan"], ["migrate"], ["status"], ["info"], ["validate"], ["plan", "--json"]):
        code, said = commands.run(tmp_path, *words)
        assert code == 0, said
        assert not HOSTILE & set(said), words
    (item,) = items(moto, f"{table_prefix}Things")
    fixed = {"PK": {"S": "T#1"}, "SK": {"S": "emoji#word"}, "EntityType": {"S": "T"}, "Id": {"N": "1"}}
    texts = {name: {"S": value} for name, value in NAMES.items() if isinstance(value, str) and name}
    assert item == {**fixed, **texts, "Dot": {"S": "dot"}}
    assert (tmp_path / "odd.sqlite").read_bytes() == before


T = keyed("T", "{Id}")
UNREADABLE = [
    (keyed("Endless", "{i}"), "Endless is a view, which has no rowid to resume by"),
    ({**T, "lookup": {"Endless": "Id"}}, "Endless has no single unique column"),
    ({**T, "lookup": {"E": {"table": "Endless", "by": "Id", "to": "i"}}}, "no single unique column"),
    ({**T, "embed": {"E": {"from": "Endless", "match": {"i": "Id"}}}}, "Endless is a view"),
    (keyed('T"; DROP TABLE T; --', "{Id}"), "unknown table"),
    (keyed("T", "{`Id; DROP TABLE T`}"), "unknown column"),
]


@pytest.mark.parametrize(("entity", "reason"), UNREADABLE)
def test_row_21_what_no_row_can_be_read_from_is_refused(
    tmp_path: Path, moto: Engine, commands: Children, table_prefix: str, entity: dict[str, Any], reason: str
) -> None:
    database = made(
        tmp_path / "views.sqlite",
        "CREATE TABLE T (Id INTEGER PRIMARY KEY); INSERT INTO T VALUES (1);"
        f"CREATE VIEW Endless AS {ENDLESS};",
    )
    configure(tmp_path, database, design(T=entity), moto.url, table_prefix, {})
    for command in ("plan", "migrate"):
        code, said = commands.run(tmp_path, command)
        assert (code, reason in said) == (3, True), said


def test_broken_text_is_rejected_row_by_row(
    tmp_path: Path, moto: Engine, commands: Children, table_prefix: str
) -> None:
    broken = "CAST(x'61ff' AS TEXT)"
    database = made(
        tmp_path / "text.sqlite",
        "CREATE TABLE T (Id INTEGER PRIMARY KEY, A TEXT, B TEXT);"
        f"INSERT INTO T VALUES (1, 'a', 'b'), (2, {broken}, 'b'), (3, 'a', {broken}), (4, 'a', 'b');",
    )
    more = {"migration_settings.max_rejects": 2}
    configure(tmp_path, database, design(T=keyed("T", "{Id}#{A}")), moto.url, table_prefix, more)
    code, said = commands.run(tmp_path, "migrate")
    assert code == 0, said
    assert sorted(int(item["Id"]["N"]) for item in items(moto, f"{table_prefix}Things")) == [1, 4]
    (path,) = tmp_path.glob("state/*.rejects.jsonl")
    assert [(r.source_key, r.rule) for r in read_rejects(path)] == [
        ((2,), "invalid_utf8"),
        ((3,), "invalid_utf8"),
    ]


def test_a_blob_larger_than_memory_is_rejected(tmp_path: Path, moto: Engine, table_prefix: str) -> None:
    """SQLite takes blobs of a billion bytes; all that is above our limit meets the same check."""
    database = made(
        tmp_path / "blob.sqlite",
        "PRAGMA page_size=65536; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
        "CREATE TABLE T (Id INTEGER PRIMARY KEY, A);"
        "INSERT INTO T VALUES (1, 'a'), (2, zeroblob(150000000)), (3, 'a');",
    )
    more = {"migration_settings.source_snapshot": "live", "migration_settings.max_rejects": 1}
    entity = {**keyed("T", "{Id}"), "attributes": {"*": "T"}}
    configure(tmp_path, database, design(T=entity), moto.url, table_prefix, more)
    done = subprocess.run(
        [sys.executable, ROOT / "migrate.py", "migrate"], cwd=tmp_path, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (250 << 20, 250 << 20)),
    )  # fmt: skip
    database.unlink()
    assert done.returncode == 0, done.stderr
    assert sorted(int(item["Id"]["N"]) for item in items(moto, f"{table_prefix}Things")) == [1, 3]
    (path,) = tmp_path.glob("state/*.rejects.jsonl")
    assert [(r.source_key, r.rule) for r in read_rejects(path)] == [((2,), "value_too_large")]
