"""The parts of the measures: the items that peers get, the encoder by hand, the processes, the limits."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import boto3
import pytest

from bench import child, encoder, reading, samples
from bench.child import report
from bench.items import choice, compiled, encoded, plain, plain_item
from bench.measures_capacity import COLLECTION, SPREAD, Load
from bench.peers import KINDS, create_like
from bench.product import MUSIC, Product, design_file, product, table_name
from bench.servers import sink
from migration_tool.source.sqlite import SqliteSource

ITEMS = 4_125


@pytest.mark.parametrize("count", [1, 7, 1_000, ITEMS, 2 * ITEMS])
def test_a_choice_has_so_many_items_from_all_over(sample_db: Path, count: int) -> None:
    with SqliteSource(sample_db) as source:
        chosen = [item[:2] for item in choice(source, design_file(MUSIC), count)]
        everything = [item[:2] for item in encoded(source, design_file(MUSIC))]
    assert len(chosen) == min(count, ITEMS)
    places = [everything.index(key) for key in chosen[-3:]]
    assert places[-1] == ITEMS - 1
    assert chosen == [key for key in everything if key in set(chosen)]


def test_wire_values_become_what_boto3_takes() -> None:
    lines = {"L": [{"M": {"Price": {"N": "0.99"}, "Count": {"N": "2"}}}]}
    assert plain(lines) == [{"Price": Decimal("0.99"), "Count": 2}]
    assert plain_item({"A": {"S": "x"}, "B": {"NULL": True}, "C": {"BOOL": False}}) == {
        "A": "x",
        "B": None,
        "C": False,
    }


def test_the_encoder_by_hand_gives_the_same_text_for_every_track(sample_db: Path) -> None:
    with SqliteSource(sample_db) as source:
        track = compiled(source, design_file(MUSIC)).entity("Track")
        assert track.labels == encoder.COLUMNS
        rows = [row for _, row in source.rows(track.read)]
    assert [encoder.by_hand(row) for row in rows] == [track.item(row) for row in rows]
    assert len(rows) == 3_503


def test_repeated_employees_have_numbers_and_managers_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "CACHE", tmp_path)
    with closing(sqlite3.connect(samples.employees(80, scale=2))) as database:
        numbers, missing = database.execute(
            "SELECT count(DISTINCT EmployeeId), (SELECT count(*) FROM Employee WHERE ReportsTo IS NOT NULL "
            "AND ReportsTo NOT IN (SELECT EmployeeId FROM Employee)) FROM Employee"
        ).fetchone()
        roots = database.execute("SELECT count(*) FROM Employee WHERE ReportsTo IS NULL").fetchone()[0]
    assert (numbers, missing, roots) == (80, 0, 5)


def test_a_child_is_charged_for_its_time_and_its_memory(tmp_path: Path) -> None:
    burn = "import time; x = bytearray(300_000_000)\nwhile time.process_time() < 0.2: pass"
    ended = child.Child([sys.executable, "-c", burn], tmp_path, tmp_path / "log").wait()
    assert ended.code == 0
    assert ended.peak_bytes > 300_000_000
    assert ended.cpu_seconds >= 0.2
    idle = child.Child([sys.executable, "-c", ""], tmp_path, tmp_path / "log").wait()
    assert idle.cpu_seconds < ended.cpu_seconds


def test_a_child_that_fails_is_an_error_with_its_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('the disk is full'); sys.exit(3)"]
    with pytest.raises(RuntimeError, match=r"ended with 3:\nthe disk is full"):
        child.Child(command, tmp_path, tmp_path / "log").wait()


def test_product_and_peers_write_the_same_items(
    sample_db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them into a sink of its own that keeps what comes; reading.compare then finds no difference."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    with sink("--keep") as server:
        tool = Product(tmp_path, sample_db, server.url)
        tool.migrate(MUSIC)
        server.require_items(ITEMS)
        with SqliteSource(sample_db) as source:
            items = [plain_item(json.loads(item[2])) for item in encoded(source, design_file(MUSIC))]
        expected = {(item["PK"], item["SK"]): item for item in items}
        client = boto3.client("dynamodb", region_name="us-east-1", endpoint_url=server.url)
        assert reading.compare(client, table_name(MUSIC), expected) == ITEMS
        for kind in ("batch_writer", "client_threads"):
            create_like(server.url, table_name(MUSIC), kind)
            KINDS[kind](server.url, kind, items)()
            assert reading.compare(client, kind, expected) == ITEMS
        del expected[items[0]["PK"], items[0]["SK"]]
        with pytest.raises(RuntimeError, match="1 items differ"):
            reading.compare(client, table_name(MUSIC), expected)


@pytest.mark.parametrize("wcu", [1_000, 40_000])
def test_what_the_limits_let_through(wcu: int) -> None:
    assert COLLECTION.possible(5_000, wcu) == 1_000
    assert 0.97 * wcu < SPREAD.possible(400_000, wcu) <= wcu


def test_the_distance_from_a_limit_is_that_of_the_worst_ten_seconds() -> None:
    load = Load([50.0] * 100 + [60.0] + [50.0] * 50, 10, 0, 0, 0.0)
    assert load.distance(500) == pytest.approx(0.002)
    assert load.distance(1_000) == pytest.approx(0.5)
    assert load.line[-1] == 50
    assert load.rate == pytest.approx(7_510 / 15)
    with pytest.raises(RuntimeError, match="less than 10 seconds"):
        Load([50.0] * 99, 10, 0, 0, 0.0).distance(500)


@pytest.mark.parametrize("mode", ["on", "off"])
def test_the_loading_phase_runs_whole_and_bare(mode: str, sample_db: Path) -> None:
    """The bare one stands in for parts of the product: it has to follow what the product asks of them."""
    with sink() as server, product(sample_db, server.url) as tool:
        assert report("bench.bare", mode, "-c", tool.config)["seconds"] > 0
        assert server.stats()["items"] == ITEMS
