"""Rows are broken, rejected, mended and sent again; the account adds up all the way, and the proof agrees."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.cli.shell import Proxy
from tests.engines import Engine
from tests.rejects.shop import BREAKS, DESIGN, MENDED, REJECTED, ROWS, Shop
from tests.target.fake import Reply, Seen, fault

pytestmark = pytest.mark.engine


def test_the_whole_way(tmp_path: Path, real_engine: Engine, table_prefix: str) -> None:
    """Over the budget, resumed with a larger one, shown, mended, sent again, proved."""
    shop = Shop(tmp_path, real_engine, table_prefix)
    stopped = shop.run("migrate", code=8)
    assert "rejected, the budget (max_rejects) is 0" in stopped.stderr
    assert "resume --max-rejects N" in words(stopped)
    assert "First `" in shop.run("retry-rejects", code=6).stderr
    finished = shop.run("resume", "--max-rejects", "3%")
    assert f"{ROWS} rows = {ROWS - REJECTED} items + {REJECTED} rejected" in finished.stdout
    assert shop.account() == (ROWS, ROWS - REJECTED, REJECTED, 0)
    found = json.loads(shop.run("rejects", "--json").stdout)
    assert {(g["entity"], g["rule"]): g["rows"] for g in found["groups"]} == {
        ("Person", "not_a_date"): 2, ("Tag", "not_a_number"): 2, ("Person", "blob_in_text"): 1,
        ("Person", "invalid_utf8"): 1, ("Person", "key_too_long"): 1, ("Note", "null_key"): 1,
    }  # fmt: skip
    assert shop.status()["next"] == "migrate.py rejects"
    shop.sql(MENDED)
    retried = shop.run("retry-rejects")
    assert "the rows of the source have changed" in retried.stderr
    assert "Of 8 rejected rows 8 are items now, 0 are gone, 0 are still rejected" in retried.stderr
    assert f"{ROWS} rows = {ROWS} items + 0 rejected" in retried.stdout
    assert shop.account() == (ROWS, ROWS, 0, 0)
    assert shop.actual() == shop.expected()
    status = shop.status()
    assert (status["status"], status["rejected"], status["next"]) == ("completed", 0, "migrate.py validate")
    assert [p["seconds"] is not None for p in status["phases"] if p["name"] == "retry"] == [True]
    shop.run("validate")
    assert "no row is rejected" in shop.run("retry-rejects").stderr
    assert list((tmp_path / "state").glob("*.sqlite*")) == []


def test_what_is_still_broken_stays_rejected_and_what_is_gone_is_skipped(shop: Shop) -> None:
    shop.loaded()
    shop.sql(
        f"{BREAKS[0][1]} UPDATE Person SET Name = '' WHERE PersonId = 50;"
        "DELETE FROM Person WHERE PersonId = 77;"
        "UPDATE Note SET Level = -1 WHERE Text IS NULL;"
        "DELETE FROM Tag WHERE Label = 'l8';"
    )
    over = shop.run("retry-rejects", code=8)
    assert "4 rows are rejected, the budget (max_rejects) is 0" in over.stderr
    assert "resume --max-rejects N" in words(over)
    assert shop.account() == (ROWS, ROWS - 7, 4, 3)
    _, rejects = shop.state()
    assert {(r.entity, r.source_key, r.rule, r.attempts) for r in rejects} == {
        ("Person", (50,), "empty_key", 1), ("Person", (5,), "not_a_date", 1),
        ("Person", (119,), "not_a_date", 1), ("Tag", ("k4", "l9"), "not_a_number", 1),
    }  # fmt: skip
    status = shop.status()
    (table,) = status["tables"]
    for part in (status, table, *table["entities"]):
        assert part["items_total"] == sum(part[n] for n in ("items_written", "rejected", "skipped", "unread"))
    assert "+ 4 rejected + 3 skipped" in shop.run("status").stdout
    shop.run("resume", code=8)
    shop.run("resume", "--max-rejects", "4")
    assert shop.status()["status"] == "completed"
    again = shop.run("retry-rejects", "--max-rejects", "4")
    assert "0 are items now, 0 are gone, 4 are still rejected" in again.stderr
    assert shop.account() == (ROWS, ROWS - 7, 4, 3)
    assert {reject.attempts for reject in shop.state()[1]} == {2}
    assert shop.actual() == shop.expected()
    shop.run("validate")
    assert "nothing to resume" in shop.run("resume").stderr


def test_the_design_is_mended_instead(shop: Shop) -> None:
    """Rows that the design leaves out now are skipped, and a design that changes other items is found out."""
    shop.loaded()
    mended = DESIGN.replace(
        "  Person:\n",
        "  Person:\n    where: \"typeof(Name) = 'text' AND length(Name) < 99 AND Born LIKE '2%'\"\n",
    )
    shop.sql(f"{BREAKS[1][1]} UPDATE Note SET Text = '' WHERE Text IS NULL")
    shop.design.write_text(mended)
    done = shop.run("retry-rejects", "--max-rejects", "3")
    assert "the design shop has changed" in done.stderr
    assert shop.account() == (ROWS, ROWS - 7, 3, 4)
    shop.design.write_text(mended.replace("Weight: {as: number}", "Weight: {as: text}"))
    done = shop.run("retry-rejects", "--max-rejects", "1", code=7)
    assert "118 items different" in done.stderr
    assert shop.account() == (ROWS, ROWS - 5, 1, 4)


def test_a_table_that_is_loaded_again_takes_its_rejects_out_of_the_file(shop: Shop) -> None:
    shop.run("migrate", code=8)
    assert shop.state()[1]
    shop.design.write_text(DESIGN.replace("Weight: {as: number}", "Weight: {as: text}"))
    shop.run("resume", "--accept-changed", "design", "--max-rejects", "3%")
    assert shop.account() == (ROWS, ROWS - 6, 6, 0)
    assert shop.state()[0].rejects_rewrites == 1


def test_items_that_were_loaded_before_and_would_be_others_now_are_named(shop: Shop) -> None:
    """The tool cannot know which rows were changed; the comparison at the end does."""
    shop.loaded()
    shop.sql(MENDED + "UPDATE Person SET Born = '1999-01-01' WHERE PersonId = 60")
    done = shop.run("retry-rejects", code=7)
    assert "1 item different" in done.stderr
    assert shop.account() == (ROWS, ROWS, 0, 0)
    assert shop.status()["status"] == "failed"
    shop.sql("UPDATE Person SET Born = '2001-02-03' WHERE PersonId = 60")
    refused = shop.run("resume", code=6)
    assert "the rows of the source have changed" in refused.stderr


def test_a_mended_row_with_the_key_of_another_is_refused_before_it_is_sent(shop: Shop) -> None:
    shop.sql("ALTER TABLE Note RENAME TO Old; CREATE TABLE Note AS SELECT * FROM Old; DROP TABLE Old")
    shop.loaded()
    before = shop.actual()
    shop.sql("UPDATE Note SET Text = 'Text 45' WHERE Text IS NULL")
    assert "share" in shop.run("retry-rejects", code=3).stderr
    assert shop.actual() == before
    assert shop.account() == (ROWS, ROWS - REJECTED, REJECTED, 0)


MISFITS = [
    ("  Note:", "  Pet: {keys: {PK: '{PersonId}', SK: '{Name}'}}\n  Note:", 6, "shop.Pet"),
    ("  Tag:", "  Label: {from: Tag, keys: {PK: x, SK: '{Label}'}}\n  Tag:", 6, "shop.Label"),
    ("  Note:", "  Note:\n    from: Remark", 3, "they are rows of Note"),
]


def test_what_more_has_changed_is_refused_and_named(shop: Shop) -> None:
    """One after the other, with everything left as it was; then what the flag accepts."""
    shop.sql("CREATE TABLE Remark AS SELECT * FROM Note WHERE Text IS NOT NULL")
    shop.loaded()
    before = shop.actual()
    for old, new, code, text in MISFITS:
        shop.design.write_text(DESIGN.replace(old, new))
        assert text in words(shop.run("retry-rejects", code=code))
    shop.design.write_text(DESIGN)
    prefix, shop.prefix = shop.prefix, "other_"
    shop.configure()
    assert "would now go to the table" in words(shop.run("retry-rejects", code=6))
    shop.prefix = prefix
    shop.sql(MENDED + "ALTER TABLE Pet ADD COLUMN Chip TEXT DEFAULT NULL")
    shop.database = shop.database.rename(shop.folder / "moved.sqlite")
    shop.configure()
    refused = words(shop.run("retry-rejects", code=6))
    assert "the run began with" in refused and "the schema of the source has changed" in refused
    assert "retry-rejects --accept-changed source" in refused
    assert shop.account() == (ROWS, ROWS - REJECTED, REJECTED, 0)
    assert shop.actual() == before
    shop.run("retry-rejects", "--accept-changed", "source")
    assert shop.account() == (ROWS, ROWS, 0, 0)


def test_another_table_is_never_accepted(shop: Shop) -> None:
    shop.loaded()
    name = f"{shop.prefix}Shop"
    described = shop.engine.call("DescribeTable", {"TableName": name})["Table"]
    request = {key: described[key] for key in ("TableName", "KeySchema", "AttributeDefinitions")}
    shop.engine.call("DeleteTable", {"TableName": name})
    assert "is gone" in shop.run("retry-rejects", "--accept-changed", "source", code=6).stderr
    shop.engine.call("CreateTable", {**request, "BillingMode": "PAY_PER_REQUEST"})
    refused = words(shop.run("retry-rejects", "--accept-changed", "source", code=6))
    assert "is another one" in refused and "migrate --force" in refused


def words(done: CompletedProcess[str]) -> str:
    """What it said, without line breaks."""
    return " ".join(done.stderr.split())


def test_what_dynamodb_refused_is_sent_again(tmp_path: Path, dynoxide: str, table_prefix: str) -> None:
    def refuse(seen: Seen) -> Reply | None:
        return fault("ValidationException", 400) if b'PERSON#12"' in seen.body else None

    with Proxy(dynoxide, refuse) as proxy:
        shop = Shop(tmp_path, Engine("proxy", proxy.own), table_prefix)
        shop.sql(MENDED)
        assert "1 item missing" in shop.run("migrate", "--max-rejects", "1", code=7).stderr
        shown = shop.run("rejects").stdout
        assert "ValidationException: 1 row" in shown and "DynamoDB refused the item" in shown
        attempts = shop.state()[1][0].attempts
        assert attempts > 0
        shop.run("retry-rejects", "--max-rejects", "1", code=7)
        assert shop.state()[1][0].attempts > attempts
        proxy.on_batch = lambda seen: None
        shop.run("retry-rejects")
        assert shop.account() == (ROWS, ROWS, 0, 0)


def test_without_a_run_or_a_reject_there_is_nothing_to_do(shop: Shop) -> None:
    assert "no row is rejected" in shop.run("retry-rejects").stderr
    assert shop.run("rejects").stdout == "rejected  nothing: no run is saved here\n"
    shop.sql(MENDED)
    shop.run("migrate")
    assert "rejected  0 rows of run" in shop.run("rejects").stdout
    assert "no row is rejected" in shop.run("retry-rejects").stderr
