"""The page: whole, escaped, and in need of nothing else."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from migration_tool.config import load_config, write_config
from migration_tool.model import Column, Table
from migration_tool.showing.overview import Shown, overview
from migration_tool.showing.page import to_html
from migration_tool.showing.picture import picture
from migration_tool.showing.relations import Diagram
from tests.exporting.definitions import DESIGNS
from tests.verify.test_report import Page

EVIL = "<script>alert('x')</script>&\"\u202e\x1b[31m"


def of(folder: Path, database: Path, designs: list[str]) -> Shown:
    (folder / "config").mkdir()
    path = folder / "config/migration.json"
    write_config(path, {"source_db": database, "endpoint": "embedded"})
    config = load_config(path, {}, {})
    return overview(config, designs)


def hostile(folder: Path) -> Shown:
    design = {
        "version": 1,
        "table": "Things",
        "description": EVIL,
        "entities": {EVIL: {"from": EVIL, "keys": {"PK": "{Name}", "SK": "#{Id}"}}},
        "access_patterns": {
            EVIL: {
                "description": EVIL,
                "parameters": {"name": "text"},
                "query": {"partition": "{name}"},
                "sql": f'SELECT Id, Name FROM "{EVIL.replace(chr(34), chr(34) * 2)}" WHERE Name = :name',
                "cases": f'SELECT Name AS name FROM "{EVIL.replace(chr(34), chr(34) * 2)}"',
            }
        },
    }
    quoted = EVIL.replace('"', '""')
    with closing(sqlite3.connect(folder / "hostile.sqlite")) as connection:
        connection.execute(f'CREATE TABLE "{quoted}" (Id INTEGER PRIMARY KEY, Name TEXT, "{quoted}" TEXT)')
        connection.execute(f'INSERT INTO "{quoted}" VALUES (1, ?, ?)', (EVIL, EVIL))
        connection.execute('CREATE TABLE "<b>unread" (x)')
        connection.commit()
    (folder / "things.yaml").write_text(json.dumps(design))
    return of(folder, folder / "hostile.sqlite", [str(folder / "things.yaml")])


def test_everything_is_escaped(tmp_path: Path) -> None:
    html = to_html(hostile(tmp_path), "today")
    page = Page(html)
    assert not {"script", "b>unread"} & set(page.tags)
    assert page.text.count("<script>alert('x')</script>&\"U+202EU+001B[31m") >= 10
    assert not set(html) & {"\x1b", "\u202e"}


def test_a_picture_holds_nothing_but_pictures() -> None:
    """HTML ends a picture at the first element of its own."""
    table = Table("\u202eodd", (Column("a\x07", "TEXT"),), ())
    html = picture(Diagram((table,), (), ()))
    assert {*re.findall(r"<([a-z]+)", html)} == {"div", "svg", "rect", "path", "text", "tspan"}
    assert '<tspan class="s">U+202E</tspan>odd</text>' in html


def test_names_of_the_picture_leave_room_for_what_is_beside_them() -> None:
    long, wide = Column("a_name_longer_than_there_is_room_for", "INTEGER"), Column("名" * 30, "TEXT")
    table = Table("t" * 300, (long, wide, Column("short", "TEXT")), (long.name,))
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", picture(Diagram((table,), (), ())))
    assert shown[0] == "t" * 16 + "…" + "t" * 8
    names = "a_name_lon…m_for", "名" * 7 + "…" + "名" * 3
    assert shown[1:] == [names[0], "PK integer", names[1], "text", "short", "text"]


def test_it_needs_nothing_else(tmp_path: Path, sample_db: Path) -> None:
    html = to_html(of(tmp_path, sample_db, list(map(str, DESIGNS))), "today")
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "base", "form"} & set(page.tags)
    assert not any(name.startswith("on") or name == "src" for name, _ in page.attributes)
    assert all((value or "").startswith("#") for name, value in page.attributes if name == "href")
    assert not any("//" in (value or "") for _, value in page.attributes)
    assert not re.search(r"url\(|@import|@font-face", html)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_it_shows_the_four_designs(tmp_path: Path, sample_db: Path) -> None:
    found = of(tmp_path, sample_db, list(map(str, DESIGNS)))
    page = Page(to_html(found, "today"))
    assert page.tags.count("svg") == 1 and page.tags.count("rect") == 11
    assert len(found.diagram.relations) == 11 and page.tags.count("path") == 22
    grids = sum(1 + len(table.indexes) for table in found.tables)
    assert page.attributes.count(("class", "grid")) == grids == 14
    for words in (
        "4 tables, 22 access patterns", "Partition key: PK", "Sort key: GSI4SK", "ARTIST#1", "#ARTIST",
        "search(prefix: text)", "8 requests, one a shard", "Request of the first shard",
        "more among the first rows", "SELECT ArtistId, Name FROM Artist WHERE ArtistId = :artist_id",
        '"TableName": "chinook_MusicCatalog"',
    ):  # fmt: skip
        assert words in page.text, words
    assert "has no example" not in page.text


def test_rows_of_a_grid_are_all_of_one_width(tmp_path: Path, sample_db: Path) -> None:
    html = to_html(of(tmp_path, sample_db, [str(DESIGNS[0])]), "today")
    for grid in re.findall(r'<table class="grid">(.*?)</table>', html, re.S):
        width = int(re.search(r"rowspan=2 colspan=(\d+)>Attributes", grid)[1])  # type: ignore[index]
        for row in re.findall(r"<tr>(<td class=v>.*?)</tr>", grid):
            fill = re.search(r"<td class=x colspan=(\d+)></td>", row)
            assert row.count("<td class=v>") + (int(fill[1]) if fill else 0) == width
