"""Items that SQLite writes are those that the design's function makes, to the byte, or are left to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from concurrent.futures import wait
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_tool.design.compile import CompiledEntity, compile_design
from migration_tool.design.load import load_design
from migration_tool.errors import RowRejected, SourceError
from migration_tool.model import Chunk, Made, Read
from migration_tool.source import sql
from migration_tool.source.rows import RowReader
from migration_tool.source.sqlite import SqliteSource
from migration_tool.source.writers import Writer

SCHEMA = """
CREATE TABLE Maker (MakerId INTEGER PRIMARY KEY, Name TEXT);
CREATE TABLE Thing (ThingId INTEGER PRIMARY KEY, MakerId INTEGER, Name TEXT, Other VARCHAR(10), Price NUMERIC,
                    Weight REAL, Size INTEGER NOT NULL, Anything);
CREATE TABLE Part (PartId INTEGER PRIMARY KEY, ThingId INTEGER, Name TEXT, Price REAL);
CREATE INDEX PartThing ON Part (ThingId);
"""
DESIGN = """
version: 1
table: Things
indexes: {GSI1: [GSI1PK, GSI1SK], GSI2: [GSI2PK, GSI2SK]}
entities:
  Thing:
    from: Thing
    lookup: {Maker: MakerId}
    embed:
      Parts: {from: Part, match: {ThingId: ThingId}, order: PartId, attributes: {"*": Part}}
    keys:
      PK: "THING#{ThingId}"
      SK: "{shard(ThingId, 7)}#{Size:6}"
      GSI1PK: "{lower(Name)}{low}{ThingId:10}"
      GSI1SK: "{upper(Other)}#{lower(escape(Name))}"
      GSI2PK: "{Other}"
      GSI2SK: "MAKER#{MakerId}"
    attributes:
      "*": Thing
      MakerName: Maker.Name
      Label: "{Name} by {Maker.Name}"
      It's 100%: {value: "a 'quoted' % \\"thing\\""}
access_patterns: {}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("windows")
    (path / "things.yaml").write_text(DESIGN)
    with closing(sqlite3.connect(path / "things.sqlite", isolation_level=None)) as connection:
        connection.executescript(SCHEMA)
    return path


def fill(path: Path, things: Sequence[Sequence[Any]], parts: Sequence[Sequence[Any]] = ()) -> None:
    with closing(sqlite3.connect(path / "things.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for table in ("Thing", "Maker", "Part"):
            connection.execute(f"DELETE FROM {table}")
        connection.executemany("INSERT INTO Maker VALUES (?, ?)", [(1, "Émile"), (2, None), (3, 'a"\n\\')])
        connection.executemany("INSERT INTO Thing VALUES (?, ?, ?, ?, ?, ?, ?, ?)", things)
        connection.executemany("INSERT INTO Part (ThingId, Name, Price) VALUES (?, ?, ?)", parts)


def thing(number: int, *values: Any) -> tuple[Any, ...]:
    """A plain thing but for its first values."""
    usual = (1, "Drum", "x", 0.99, 1.5, 12, "any")
    return (number, *values, *usual[len(values) :])


def of_windows(source: SqliteSource, entity: CompiledEntity, size: int = 7) -> list[bytes | str]:
    """All items by windows; the rule instead of an item where a row is rejected."""
    windows = source.windows(entity.read, None, entity.item, entity.shape)
    found: list[bytes | str] = []
    ended = False
    while not ended:
        windows.ask(size)
        window, ended = windows.take(size)
        found += [made(entity, window, place) for place in range(len(window))]
    return found


def made(entity: CompiledEntity, window: Chunk | Made, place: int) -> bytes | str:
    if isinstance(window, Made) and window.texts[place]:
        return window.texts[place].rstrip(b"\n")
    return by_function(entity, window.row(place))


def by_function(entity: CompiledEntity, row: Any) -> bytes | str:
    try:
        return entity.item(row)[2].encode()
    except RowRejected as rejected:
        return rejected.rule


def both(folder: Path) -> tuple[list[bytes | str], list[bytes | str]]:
    with SqliteSource(folder / "things.sqlite") as source:
        (entity,) = compile_design(load_design(folder / "things.yaml"), source.schema).entities
        rows = [by_function(entity, row) for _, row in source.rows(entity.read)]
        return of_windows(source, entity), rows


def first_window(folder: Path, size: int = 100) -> Chunk | Made:
    with SqliteSource(folder / "things.sqlite") as source:
        (entity,) = compile_design(load_design(folder / "things.yaml"), source.schema).entities
        return source.windows(entity.read, None, entity.item, entity.shape).take(size)[0]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "\x00",
        "a\x00b",
        "\x02",
        "\x03",
        "a\x03É\x03",
        "\x04ß",
        "ΔΣ",
        "\nΣ",
        "İstanbul",
        "ﬁ",
        "#%",
        '"\\',
        "e\n",
    ]
)
VALUE = (
    st.none()
    | TEXT
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.decimals(0, 10**9, places=6).map(float)
    | st.decimals(-(10**6), 10**6, places=2).map(float)
    | st.binary(max_size=4)
)
USUAL = st.sampled_from([1, 2, 3, None, "Drum", "É", 0.99, 12, 0.0, -0.0, 1e15, 5.0, b"\x00"])


@settings(max_examples=150)
@given(
    st.lists(st.lists(VALUE | USUAL, min_size=5, max_size=5), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(1, 12), VALUE, VALUE), max_size=12),
)
def test_windows_give_what_the_function_gives(folder: Path, things: list[Any], parts: list[Any]) -> None:
    rows = [(n, v[0], v[1], v[2], v[3], v[4], 12 if n % 3 else n, v[0]) for n, v in enumerate(things, 1)]
    fill(folder, rows, parts)
    assert both(folder)[0] == both(folder)[1]


@pytest.mark.parametrize(
    "name", ["Ångström", "ΔΣ", "\nΔΣ", "plain", "É" * 300, "x" * 3000, "", None, "\x03É"]
)
def test_the_case_of_all_of_unicode(folder: Path, name: str | None) -> None:
    fill(folder, [thing(n, 1, name if n % 2 else "Drum") for n in range(1, 10)])
    windows, rows = both(folder)
    assert windows == rows


def test_usual_rows_are_made_by_sqlite(folder: Path) -> None:
    names = ["Drum", "Trémolo", 'a "b" \\ c', "tab\there", "\x7f", "Ω"]
    fill(folder, [thing(n, 1, name) for n, name in enumerate(names, 1)], [(1, "p", 0.25), (1, "a", 3.0)])
    window = first_window(folder)
    assert isinstance(window, Made)
    escaped = {names.index("tab\there"), names.index('a "b" \\ c')}
    assert set(window.odd) <= escaped, "what JSON escapes is left to Python where its case changes"
    assert both(folder)[0] == both(folder)[1]


@pytest.mark.parametrize("value", [0.1 + 0.2, 1e-7, -0.5, 1e22, b"blob"])
def test_a_number_with_more_digits_is_left_to_python(folder: Path, value: Any) -> None:
    fill(folder, [thing(n, 1, "Drum", "x", value if n == 5 else 0.5) for n in range(1, 10)])
    window = first_window(folder)
    assert isinstance(window, Made)
    assert list(window.odd) == [4]
    windows, rows = both(folder)
    assert windows == rows


def test_a_blob_in_a_text_column_ends_the_writing_by_sqlite(folder: Path) -> None:
    fill(folder, [thing(n, 1, "Drum", "x", 1, 1, 1, "any") for n in range(1, 4)], [(2, b"\xff", 1.0)])
    assert isinstance(first_window(folder), Chunk)
    windows, rows = both(folder)
    assert windows == rows


def test_broken_text_is_found_wherever_it_stands(folder: Path) -> None:
    fill(folder, [thing(n, 1) for n in range(1, 10)])
    with closing(sqlite3.connect(folder / "things.sqlite", isolation_level=None)) as connection:
        connection.execute("UPDATE Thing SET Anything = CAST(x'61ff' AS TEXT) WHERE ThingId = 5")
    windows, rows = both(folder)
    assert windows == rows
    assert rows[4] == "invalid_utf8"


def test_large_items_are_left_to_python(folder: Path) -> None:
    fill(folder, [thing(n, 1, "Drum", "x", 1, 1, 1, "é" * 205_000 if n == 2 else "a") for n in range(1, 9)])
    window = first_window(folder)
    assert isinstance(window, Made)
    assert list(window.odd) == [1]
    assert both(folder)[0][1] == "item_too_large"


def test_when_most_rows_are_odd_python_reads_them_all(folder: Path) -> None:
    fill(folder, [thing(n, 1, "Drum", "x", 0.1 + 0.2) for n in range(1, 301)])
    with SqliteSource(folder / "things.sqlite") as source:
        (entity,) = compile_design(load_design(folder / "things.yaml"), source.schema).entities
        windows = source.windows(entity.read, None, entity.item, entity.shape)
        assert isinstance(windows.take(100)[0], Made)
        assert isinstance(windows.take(100)[0], Chunk)
        assert [len(windows.take(70)[0]) for _ in range(3)] == [70, 30, 0]


def test_an_item_that_sqlite_would_write_differently_is_not_taken(folder: Path) -> None:
    """As if this SQLite had another idea of a text than the function: the first row of a window tells."""
    fill(folder, [thing(n, 1) for n in range(1, 10)])
    with SqliteSource(folder / "things.sqlite") as source:
        (entity,) = compile_design(load_design(folder / "things.yaml"), source.schema).entities

        def other(row: Any) -> tuple[str, str, str]:
            return (*entity.item(row)[:2], "{}")

        window, _ = source.windows(entity.read, None, other, entity.shape).take(5)
    assert isinstance(window, Chunk)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("order: PartId", "order: Price"),
        ("MakerName: Maker.Name", "MakerName: {column: Maker.Name, as: text}"),
        ('GSI2SK: "MAKER#{MakerId}"', 'GSI2SK: "{year(Other)}"'),
    ],
)
def test_what_sqlite_cannot_do_as_the_function_does(folder: Path, tmp_path: Path, old: str, new: str) -> None:
    assert old in DESIGN
    (tmp_path / "things.yaml").write_text(DESIGN.replace(old, new))
    fill(folder, [thing(n, 1) for n in range(1, 10)], [(1, "b", 1), (1, "a", 2)])
    with SqliteSource(folder / "things.sqlite") as source:
        (entity,) = compile_design(load_design(tmp_path / "things.yaml"), source.schema).entities
        windows = source.windows(entity.read, None, entity.item, entity.shape)
        assert isinstance(windows.take(5)[0], Chunk)
        assert of_windows(source, entity) == [by_function(entity, row) for _, row in source.rows(entity.read)]


def test_a_list_without_an_index_is_merged_not_looked_up_for_each_row(tmp_path: Path) -> None:
    (tmp_path / "things.yaml").write_text(DESIGN)
    with closing(sqlite3.connect(tmp_path / "things.sqlite", isolation_level=None)) as connection:
        connection.executescript(SCHEMA + "DROP INDEX PartThing;")
    fill(tmp_path, [thing(n, 1) for n in range(1, 10)], [(1, "b", 1), (1, "a", 2)])
    assert isinstance(first_window(tmp_path), Chunk)


def test_a_row_of_a_window_can_be_read_again_later(folder: Path) -> None:
    fill(folder, [thing(n, 1, f"Drum {n}") for n in range(1, 30)])
    with SqliteSource(folder / "things.sqlite") as source:
        (entity,) = compile_design(load_design(folder / "things.yaml"), source.schema).entities
        windows = source.windows(entity.read, (3,), entity.item, entity.shape)
        first, _ = windows.take(10)
        windows.ask(10)
        assert isinstance(first, Made)
        assert (first.position(2), first.row(2)[0]) == ((6,), 6)
        second, _ = windows.take(10)
    assert (second.position(-1), len(second)) == ((23,), 10)


def test_a_window_that_is_begun_with_keeps_nothing_else_from_being_asked(folder: Path) -> None:
    """SQLite changes no function while a statement is under way."""
    fill(folder, [thing(n, 1, "Trommel") for n in range(1, 30)])
    with SqliteSource(folder / "things.sqlite") as source:
        (entity,) = compile_design(load_design(folder / "things.yaml"), source.schema).entities
        windows = source.windows(entity.read, None, entity.item, entity.shape)
        windows.ask(10)
        wait(coming.written for coming in [windows._coming] if coming)
        assert source.query("SELECT lower('Ä')", {}) == (["lower('Ä')"], [("ä",)])
        assert isinstance(windows.take(10)[0], Made)


def test_windows_begin_with_the_least_rowid_there_can_be(folder: Path) -> None:
    ends = (-(1 << 63), -1, 0, (1 << 63) - 1)
    fill(folder, [thing(n) for n in ends])
    with SqliteSource(folder / "things.sqlite") as source:
        (entity,) = compile_design(load_design(folder / "things.yaml"), source.schema).entities
        windows = source.windows(entity.read, None, entity.item, entity.shape)
        windows.ask(3)
        first, _ = windows.take(3)
        rest, ended = windows.take(3)
        assert isinstance(first, Made) and ended
        assert [first.position(n) for n in range(3)] + [rest.position(-1)] == [(n,) for n in ends]


def prepare(folder: Path, condition: str, more: str = "") -> None:
    """An empty database, and a design that takes things of that condition."""
    design = DESIGN.replace("from: Thing\n", f"from: Thing\n    where: {condition}\n", 1)
    (folder / "things.yaml").write_text(design)
    with closing(sqlite3.connect(folder / "things.sqlite", isolation_level=None)) as connection:
        connection.executescript(SCHEMA + more)


@pytest.mark.parametrize("condition", ["Size < 5", "Size > -2", "Size IN (2, -3)"])
def test_rows_of_a_condition_come_in_the_order_of_the_table_whatever_is_indexed(
    tmp_path: Path, condition: str
) -> None:
    """An index would give them in another one: the statement of a window does not sort."""
    prepare(tmp_path, condition, "CREATE INDEX ThingSize ON Thing (Size);")
    fill(tmp_path, [(n, 1, f"Drum {n}", "x", 0.99, 1.5, -n % 9, "any") for n in range(1, 100)])
    assert isinstance(first_window(tmp_path, 5), Made)
    by_sqlite, by_python = both(tmp_path)
    assert len(by_python) > 10
    assert by_sqlite == by_python


@pytest.mark.parametrize(
    "condition", ["ThingId < 9999", "ThingId > 0", "ThingId BETWEEN -5 AND 9999", "Size > 0"]
)
def test_a_window_takes_as_long_however_many_rows_are_before_and_behind_it(
    tmp_path: Path, condition: str
) -> None:
    """A condition may bound the rowid, too: SQLite searches by one bound at each end."""
    prepare(tmp_path, condition)
    taken = []
    for rows in (60, 600):
        fill(tmp_path, [thing(n, 1, "Drum") for n in range(1, rows + 1)])
        with SqliteSource(tmp_path / "things.sqlite") as source:
            (entity,) = compile_design(load_design(tmp_path / "things.yaml"), source.schema).entities
            items = source._items(entity.read, entity.shape) if entity.shape else None
            assert items
            texts, places = (items.window, items.reach), (0, rows - 20)
            taken.append([steps(tmp_path, text, after) for text in texts for after in places])
    assert taken[0] == taken[1]


def steps(folder: Path, statement: str, after: int) -> int:
    """Tens of instructions that SQLite's virtual machine takes for ten rows."""
    seen = count()
    with closing(apsw.Connection(str(folder / "things.sqlite"))) as connection:
        connection.set_progress_handler(lambda: next(seen) < 0, 10)
        connection.execute(statement, (after, 10)).fetchall()
    return next(seen)


@pytest.mark.parametrize("condition", ["ThingId < 9999", "Size = 2", "Size IN (2, 3)"])
def test_a_condition_does_not_hide_that_a_list_has_no_index(tmp_path: Path, condition: str) -> None:
    """SQLite would look through all parts for each thing."""
    prepare(tmp_path, condition, "CREATE INDEX ThingSize ON Thing (Size);")
    fill(tmp_path, [thing(n, 1, "Drum", "x", 1, 1.5, 2) for n in range(1, 20)], [(1, "b", 1)])
    assert isinstance(first_window(tmp_path), Made)
    with closing(sqlite3.connect(tmp_path / "things.sqlite", isolation_level=None)) as connection:
        connection.execute("DROP INDEX PartThing")
    assert isinstance(first_window(tmp_path), Chunk)


class Desk:
    """A source that loses the last of the rows it reads."""

    def __init__(self, source: SqliteSource) -> None:
        self.source = source

    def reader(self, read: Read, start: sql.Start) -> RowReader:
        return self.source.reader(read, start)

    def take(self, reader: RowReader, count: int) -> Chunk:
        chunk = self.source.take(reader, count)
        return Chunk(chunk.rows[:-1], chunk.cursors[:-1], chunk.width)

    def first(self, reader: RowReader, start: sql.Start) -> Chunk:
        return self.source.first(reader, start)


def at_desk(folder: Path) -> Chunk | Made:
    with SqliteSource(folder / "things.sqlite") as source:
        (entity,) = compile_design(load_design(folder / "things.yaml"), source.schema).entities
        windows = source.windows(entity.read, None, entity.item, entity.shape)
        windows._desk = Desk(source)
        return windows.take(20)[0]


def test_a_row_that_is_not_found_again_is_damage(folder: Path) -> None:
    """A damaged file can give a row in a scan and not by its number."""
    fill(folder, [thing(n, 1, "Drum", "x", 0.1 + 0.2 if n == 5 else 0.5) for n in range(1, 10)])
    with pytest.raises(SourceError, match="of 1 rows that were read 0 are found again"):
        at_desk(folder)


def test_whatever_keeps_sqlite_from_writing_leaves_it_to_rows(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(folder, [thing(n, 1) for n in range(1, 10)])
    error = SourceError("write the items", folder, "out of memory", "")
    monkeypatch.setattr(Writer, "_write", Mock(side_effect=error))
    with SqliteSource(folder / "things.sqlite") as source:
        (entity,) = compile_design(load_design(folder / "things.yaml"), source.schema).entities
        assert isinstance(source.windows(entity.read, None, entity.item, entity.shape).take(20)[0], Chunk)
