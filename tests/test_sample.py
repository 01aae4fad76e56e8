"""The sample database: Chinook's shape and sizes, its awkwardness, the same bytes for everybody."""

from __future__ import annotations

import hashlib
import json
import resource
import sqlite3
import stat
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest

from migration_tool import sample
from migration_tool.errors import SourceError, UsageError

SIZES = {
    "Artist": 275, "Album": 347, "Track": 3503, "Genre": 25, "MediaType": 5, "Customer": 59, "Invoice": 412,
    "InvoiceLine": 2240, "Employee": 8, "Playlist": 18, "PlaylistTrack": 8715,
}  # fmt: skip
SHAPE = "2ceb3afe8abfa49b439132cd9606b2f6ac3f88141490b13c32acc5478a39f809"
CONTENT = "6a957f39d508223ac42113a6f92ee8cebc158c8bc1a140925e19f883efcd78d8"
ROOT = Path(__file__).resolve().parent.parent

Query = Any


@pytest.fixture(scope="module")
def query(sample_db: Path) -> Iterator[Query]:
    with closing(sqlite3.connect(f"file:{sample_db}?mode=ro", uri=True)) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def counts(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as connection:
        return {name: connection.execute(f"SELECT count(*) FROM [{name}]").fetchone()[0] for name in SIZES}


def shape(path: Path) -> dict[str, Any]:
    """Tables, columns, types, keys, references and indexes, as SQLite understood them."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        described: dict[str, Any] = {}
        for name in sorted(names):
            indexes = connection.execute(f"PRAGMA index_list([{name}])").fetchall()
            described[name] = {
                "columns": connection.execute(f"PRAGMA table_xinfo([{name}])").fetchall(),
                "references": sorted(
                    row[2:] for row in connection.execute(f"PRAGMA foreign_key_list([{name}])")
                ),
                "indexes": {
                    row[1]: (row[2:], connection.execute(f"PRAGMA index_info([{row[1]}])").fetchall())
                    for row in sorted(indexes, key=lambda row: str(row[1]))
                },
            }
        return described


def test_scale_1_has_exactly_chinooks_table_sizes(sample_db: Path) -> None:
    assert counts(sample_db) == SIZES == sample.row_counts(1)


def test_scale_n_multiplies_all_but_genres_and_media_types(tmp_path: Path) -> None:
    sample.write(tmp_path / "three.sqlite", 3)
    expected = {name: size * 3 for name, size in SIZES.items()} | {"Genre": 25, "MediaType": 5}
    assert counts(tmp_path / "three.sqlite") == expected == sample.row_counts(3)


def test_the_schema_is_chinooks(sample_db: Path, chinook: Path) -> None:
    assert shape(sample_db) == shape(chinook)


def test_the_schema_is_the_one_that_was_compared_with_chinook(sample_db: Path) -> None:
    assert hashlib.sha256(json.dumps(shape(sample_db)).encode()).hexdigest() == SHAPE


def test_the_content_is_the_same_everywhere(query: Query) -> None:
    rows = {name: query(f"SELECT * FROM [{name}] ORDER BY 1, 2") for name in sorted(SIZES)}
    assert hashlib.sha256(json.dumps(rows).encode()).hexdigest() == CONTENT


def test_one_scale_gives_one_file_whatever_the_hash_seed(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        code = "import sys; from pathlib import Path; from migration_tool import sample; "
        code += "sample.write(Path(sys.argv[1]), 2)"
        command = [sys.executable, "-c", code, str(tmp_path / seed)]
        subprocess.run(command, check=True, cwd=ROOT, env={"PYTHONHASHSEED": seed})
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_nothing_is_taken_from_chinook(query: Query, chinook: Path) -> None:
    texts = "SELECT Name FROM Artist UNION SELECT Title FROM Album UNION SELECT Email FROM Customer"
    with closing(sqlite3.connect(f"file:{chinook}?mode=ro", uri=True)) as connection:
        theirs = set(connection.execute(texts))
    assert not theirs & set(query(texts))


@pytest.mark.parametrize("scale", [1, 9])
def test_every_reference_leads_somewhere_and_pages_are_sound(tmp_path: Path, scale: int) -> None:
    sample.write(tmp_path / "db", scale)
    with closing(sqlite3.connect(tmp_path / "db")) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_some_composers_are_missing(query: Query) -> None:
    assert 0.26 < query("SELECT avg(Composer IS NULL) FROM Track")[0][0] < 0.30


def test_names_hold_what_breaks_careless_programs(query: Query) -> None:
    tracks = "SELECT Name FROM Track UNION ALL SELECT Composer FROM Track WHERE Composer IS NOT NULL"
    names = [name for (name,) in query(f"{tracks} UNION ALL SELECT Name FROM Artist")]
    for needed in ("'", "#", "%", "_", "/", ",", "é", "e\u0301", "ß", "ř", "ч", "夜", "🌙"):
        assert any(needed in name for name in names), needed
    assert max(Counter(names).values()) > 5
    assert any(name[0].islower() for name in names)
    assert max(map(len, names)) > 90


def test_prices_are_two_and_stored_as_reals(query: Query) -> None:
    assert query("SELECT DISTINCT UnitPrice, typeof(UnitPrice) FROM Track ORDER BY 1") == [
        (0.99, "real"),
        (1.99, "real"),
    ]
    assert query("SELECT DISTINCT UnitPrice FROM InvoiceLine ORDER BY 1") == [(0.99,), (1.99,)]


def test_lines_cost_what_their_track_costs_and_totals_are_their_exact_sum(query: Query) -> None:
    other = "SELECT 1 FROM InvoiceLine l JOIN Track t USING (TrackId) WHERE l.UnitPrice <> t.UnitPrice"
    assert query(other) == []
    sums: dict[int, Decimal] = {}
    for invoice, price, quantity in query("SELECT InvoiceId, UnitPrice, Quantity FROM InvoiceLine"):
        sums[invoice] = sums.get(invoice, Decimal(0)) + Decimal(str(price)) * quantity
    totals = dict(query("SELECT InvoiceId, Total FROM Invoice"))
    assert {invoice: Decimal(str(total)) for invoice, total in totals.items()} == sums
    assert query("SELECT DISTINCT typeof(Total) FROM Invoice") == [("real",)]


def test_nobody_buys_a_track_twice_on_one_invoice(query: Query) -> None:
    assert query("SELECT 1 FROM InvoiceLine GROUP BY InvoiceId, TrackId HAVING count(*) > 1") == []


def test_an_invoice_goes_to_its_customers_address(query: Query) -> None:
    different = """
        SELECT count(*) FROM Invoice i JOIN Customer c USING (CustomerId)
        WHERE (BillingAddress, BillingCity, BillingCountry) <> (Address, City, Country)
           OR BillingState IS NOT State OR BillingPostalCode IS NOT PostalCode"""
    assert query(different) == [(0,)]


def test_dates_are_midnights_as_text(query: Query) -> None:
    days = query("SELECT InvoiceDate FROM Invoice UNION SELECT BirthDate FROM Employee")
    assert all(len(day) == 19 and day.endswith(" 00:00:00") for (day,) in days)
    assert query("SELECT count(*) FROM Invoice WHERE date(InvoiceDate) IS NULL") == [(0,)]


@pytest.mark.parametrize("column", ["State", "Company", "Fax", "PostalCode"])
def test_some_customers_leave_a_field_empty_and_some_do_not(query: Query, column: str) -> None:
    missing = query(f"SELECT sum({column} IS NULL) FROM Customer")[0][0]
    assert 0 < missing < 59


def test_mail_addresses_are_unique_and_not_all_in_lower_case(query: Query) -> None:
    mails = [mail for (mail,) in query("SELECT Email FROM Customer")]
    assert len({mail.lower() for mail in mails}) == 59
    assert any(mail != mail.lower() for mail in mails)
    assert all(mail.isascii() and len(mail) <= 60 for mail in mails)


def test_playlists_share_names_and_some_are_empty(query: Query) -> None:
    assert len(query("SELECT Name FROM Playlist GROUP BY Name HAVING count(*) > 1")) == 4
    empty = "SELECT count(*) FROM Playlist WHERE PlaylistId NOT IN (SELECT PlaylistId FROM PlaylistTrack)"
    assert query(empty) == [(4,)]


def test_some_artists_have_no_album_and_every_album_has_a_track(query: Query) -> None:
    assert query("SELECT count(*) FROM Artist WHERE ArtistId NOT IN (SELECT ArtistId FROM Album)") == [(71,)]
    assert query("SELECT count(*) FROM Album WHERE AlbumId NOT IN (SELECT AlbumId FROM Track)") == [(0,)]


@pytest.mark.parametrize(("scale", "levels"), [(1, 3), (20, 11)])
def test_all_employees_stand_under_one_root(tmp_path: Path, scale: int, levels: int) -> None:
    sample.write(tmp_path / "db", scale)
    tree = """
        WITH RECURSIVE under (id, level) AS (
            SELECT EmployeeId, 1 FROM Employee WHERE ReportsTo IS NULL
            UNION ALL SELECT EmployeeId, level + 1 FROM Employee JOIN under ON ReportsTo = id)
        SELECT count(*), max(level), sum(level = 1) FROM under"""
    with closing(sqlite3.connect(tmp_path / "db")) as connection:
        assert connection.execute(tree).fetchone() == (8 * scale, levels, 1)


def test_text_fits_its_declared_length(sample_db: Path) -> None:
    with closing(sqlite3.connect(f"file:{sample_db}?mode=ro", uri=True)) as connection:
        for table in SIZES:
            for _, name, kind, *_ in connection.execute(f"PRAGMA table_info([{table}])"):
                if kind.startswith("NVARCHAR"):
                    longest = connection.execute(f"SELECT max(length([{name}])) FROM [{table}]").fetchone()[0]
                    assert longest <= int(kind[9:-1]), (table, name)


def test_memory_does_not_grow_with_the_scale(tmp_path: Path) -> None:
    sample.write(tmp_path / "warm", 1)
    peaks = []
    for scale in (1, 4):
        tracemalloc.start()
        sample.write(tmp_path / str(scale), scale)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


def test_missing_folders_are_made_and_nothing_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "a/b/sample.sqlite"
    sample.write(path, 1)
    assert [file.name for file in path.parent.iterdir()] == ["sample.sqlite"]
    assert stat.S_ISREG(path.lstat().st_mode)


@pytest.mark.parametrize("scale", [0, -1])
def test_a_scale_below_1_is_refused(tmp_path: Path, scale: int) -> None:
    with pytest.raises(UsageError, match="1 or more"):
        sample.write(tmp_path / "db", scale)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["db", "db-journal", "db-wal"])
def test_an_existing_file_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(UsageError, match="exists") as caught:
        sample.write(tmp_path / "db", 1)
    assert caught.value.hint
    assert (tmp_path / name).read_text() == "precious"
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_dangling_link_is_an_existing_file(tmp_path: Path) -> None:
    (tmp_path / "db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError):
        sample.write(tmp_path / "db", 1)


def test_overwrite_replaces_the_file_and_drops_what_belonged_to_the_old_one(tmp_path: Path) -> None:
    for name in ("db", "db-journal", "db-wal", "db-shm"):
        (tmp_path / name).write_text("old")
    sample.write(tmp_path / "db", 1, overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == ["db"]
    assert counts(tmp_path / "db") == SIZES


@pytest.mark.parametrize("problem", [KeyboardInterrupt(), apsw.FullError("disk full"), OSError("gone")])
def test_a_half_written_file_never_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: BaseException
) -> None:
    (tmp_path / "db").write_text("old")

    def fail(scale: int) -> Iterator[Any]:
        yield 1, 1
        raise problem

    monkeypatch.setattr(sample, "_playlist_tracks", fail)
    expected = KeyboardInterrupt if isinstance(problem, KeyboardInterrupt) else SourceError
    with pytest.raises(expected):
        sample.write(tmp_path / "db", 1, overwrite=True)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("db", "old")]


def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from migration_tool import sample
from migration_tool.errors import SourceError
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
try:
    sample.write(Path(sys.argv[1]), 1)
except SourceError as error:
    print(error.obj, bool(error.hint))
"""
    command = [sys.executable, "-c", code, str(tmp_path / "db")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(tmp_path / "db"), "True"]
    assert list(tmp_path.iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 300_000


def test_a_place_that_cannot_be_written_is_a_source_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError) as caught:
        sample.write(tmp_path / "file/db", 1)
    assert caught.value.obj == str(tmp_path / "file/db")
