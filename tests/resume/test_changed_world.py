"""A resume in a changed world is refused, names the change and the flag; with the flag it ends correctly."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.engines import Engine
from tests.resume.world import ROOT, World


def begun(
    folder: Path, database: Path, engine: Engine, prefix: str, move: bool = True, **settings: object
) -> World:
    """A migration of a copy of the database, killed after 30 requests, long before its end.

    Without validation, which has its own tests: `World.check_equal` judges.
    """
    settings = {"enable_validation": False, **settings}
    extra = {f"migration_settings.{name}": value for name, value in settings.items()}
    folder.mkdir(exist_ok=True)
    own = folder / "own.sqlite" if move else database
    if move:
        shutil.copyfile(database, own)
    world = World(folder, own, engine, prefix, batch=10, in_flight=8, extra=extra)
    assert world.killed("request_sent", 30, "migrate")
    assert 0 < world.durable() < 400
    return world


def change(world: World, statement: str, mode: str = "delete") -> None:
    with closing(sqlite3.connect(world.database)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute(statement)
        connection.commit()


def row_changed(world: World) -> None:
    """Same size, same modification time: only the content tells."""
    before = world.database.stat()
    change(world, "UPDATE Artist SET Name = replace(Name, substr(Name, 1, 1), 'X') WHERE ArtistId = 200")
    os.utime(world.database, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert world.database.stat().st_size == before.st_size


def schema_changed(world: World) -> None:
    change(world, "ALTER TABLE Artist ADD COLUMN Country TEXT")


def vacuumed_away(world: World) -> None:
    change(world, "DELETE FROM PlaylistTrack WHERE TrackId % 2")
    change(world, "VACUUM")


def source_gone(world: World) -> None:
    world.database.rename(world.database.with_suffix(".moved"))


CHANGES = {
    "rows of the source have changed": row_changed,
    "schema of the source has changed": schema_changed,
    "rows of the source have changed; its schema is the same": vacuumed_away,
    "is gone": source_gone,
}


@pytest.mark.row(15)
@pytest.mark.parametrize(("text", "make"), CHANGES.items())
def test_a_changed_source_is_refused_and_the_copy_still_completes_the_run(
    tmp_path: Path, small_db: Path, moto_server: str, table_prefix: str, text: str,
    make: Callable[[World], None],
) -> None:  # fmt: skip
    world = begun(tmp_path, small_db, Engine("moto", moto_server), table_prefix)
    expected = {name: world.expected(name) for name in ("music_catalog", "playlist_data")}
    make(world)
    refused = world.run("resume")
    assert refused.returncode == 6
    assert text in " ".join(refused.stderr.split())
    assert "--accept-changed source" in " ".join(refused.stderr.split())
    finished = world.run("resume", "--accept-changed", "source")
    assert finished.returncode == 0, finished.stderr
    assert {name: world.actual(name) for name in expected} == expected


@pytest.mark.row(15)
def test_a_commit_that_only_the_write_ahead_log_holds_is_noticed(
    tmp_path: Path, small_db: Path, moto_server: str, table_prefix: str
) -> None:
    own = tmp_path / "wal.sqlite"
    shutil.copyfile(small_db, own)
    own.chmod(0o644)
    with closing(sqlite3.connect(own)) as keeper:
        keeper.execute("PRAGMA journal_mode=wal")
        keeper.execute("PRAGMA wal_autocheckpoint=0")
        world = begun(tmp_path / "run", own, Engine("moto", moto_server), table_prefix, move=False)
        main = own.read_bytes()
        keeper.execute("UPDATE Artist SET Name = 'X' WHERE ArtistId = 3")
        keeper.commit()
        assert own.read_bytes() == main
        refused = world.run("resume")
    assert refused.returncode == 6
    assert "the rows of the source have changed" in " ".join(refused.stderr.split())


def test_moving_the_log_into_the_database_is_no_change(
    tmp_path: Path, small_db: Path, moto_server: str, table_prefix: str
) -> None:
    """A checkpoint of the write-ahead log rewrites bytes, not rows."""
    own = tmp_path / "wal.sqlite"
    shutil.copyfile(small_db, own)
    own.chmod(0o644)
    keeper = sqlite3.connect(own)
    keeper.execute("PRAGMA journal_mode=wal")
    keeper.execute("UPDATE Artist SET Name = 'in the log' WHERE ArtistId = 5")
    keeper.commit()
    quick = {"migration_settings.enable_validation": False}
    world = World(tmp_path, own, Engine("moto", moto_server), table_prefix, 10, 8, quick)
    assert world.killed("request_sent", 30, "migrate")
    keeper.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    keeper.close()
    finished = world.run("resume")
    assert finished.returncode == 0, finished.stderr
    world.check_equal()


@pytest.mark.row(15)
def test_a_live_source_that_changed_is_loaded_again_from_its_beginning(
    tmp_path: Path, small_db: Path, moto_server: str, table_prefix: str
) -> None:
    world = begun(tmp_path, small_db, Engine("moto", moto_server), table_prefix, source_snapshot="live")
    change(world, "UPDATE Artist SET Name = 'another' WHERE ArtistId = 1")
    assert world.run("resume").returncode == 6
    finished = world.run("resume", "--accept-changed", "source")
    assert finished.returncode == 0, finished.stderr
    world.check_equal()


@pytest.mark.row(18)
def test_a_changed_design_is_refused_then_loaded_again(
    tmp_path: Path, small_db: Path, moto_server: str, table_prefix: str
) -> None:
    world = begun(tmp_path, small_db, Engine("moto", moto_server), table_prefix)
    own = tmp_path / "config/designs/music_catalog.yaml"
    own.parent.mkdir()
    design = (ROOT / "config/designs/music_catalog.yaml").read_text()
    own.write_text("# a comment changes nothing\n" + design)
    own.write_text(
        design.replace("ArtistId: Artist.ArtistId", "ArtistId: Artist.ArtistId\n      Extra: Genre.Name")
    )
    refused = world.run("resume")
    assert refused.returncode == 6
    assert "the design music_catalog has changed" in refused.stderr
    finished = world.run("resume", "--accept-changed", "design")
    assert finished.returncode == 0, finished.stderr
    assert all(
        '"Extra"' in text for text in world.actual("music_catalog") if '"EntityType":{"S":"Track"}' in text
    )


def test_comments_in_a_design_are_no_change(
    tmp_path: Path, small_db: Path, moto_server: str, table_prefix: str
) -> None:
    world = begun(tmp_path, small_db, Engine("moto", moto_server), table_prefix)
    own = tmp_path / "config/designs/music_catalog.yaml"
    own.parent.mkdir()
    own.write_text("# a comment\n" + (ROOT / "config/designs/music_catalog.yaml").read_text())
    finished = world.run("resume")
    assert finished.returncode == 0, finished.stderr
    world.check_equal()


@pytest.mark.row(18)
@pytest.mark.parametrize("recreate", [False, True])
def test_a_table_that_was_dropped_is_refused_then_loaded_again(
    tmp_path: Path, small_db: Path, moto_server: str, table_prefix: str, recreate: bool
) -> None:
    engine = Engine("moto", moto_server)
    world = begun(tmp_path, small_db, engine, table_prefix)
    name = table_prefix + "MusicCatalog"
    described = engine.call("DescribeTable", {"TableName": name})["Table"]
    engine.call("DeleteTable", {"TableName": name})
    if recreate:
        wanted = ("TableName", "KeySchema", "AttributeDefinitions")
        indexes = [
            {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
            for index in described["GlobalSecondaryIndexes"]
        ]
        request = {key: described[key] for key in wanted}
        engine.call(
            "CreateTable", {**request, "GlobalSecondaryIndexes": indexes, "BillingMode": "PAY_PER_REQUEST"}
        )
    refused = world.run("resume")
    assert refused.returncode == 6
    assert ("is another one" if recreate else "is gone") in refused.stderr
    assert "--accept-changed target" in " ".join(refused.stderr.split())
    finished = world.run("resume", "--accept-changed", "target")
    assert finished.returncode == 0, finished.stderr
    world.check_equal()


@pytest.mark.row(18)
@pytest.mark.parametrize(
    ("key", "value", "text"),
    [("table_prefix", "other_", "would now go to the table"), ("aws_region", "eu-west-1", "the region is")],
)
def test_another_target_is_refused(
    tmp_path: Path, small_db: Path, moto_server: str, table_prefix: str, key: str, value: str, text: str
) -> None:
    world = begun(tmp_path, small_db, Engine("moto", moto_server), table_prefix)
    path = tmp_path / "config/migration.json"
    document = json.loads(path.read_text())
    document[key] = value
    path.write_text(json.dumps(document))
    refused = world.run("resume")
    assert refused.returncode == 6
    assert text in " ".join(refused.stderr.split())


def test_an_unfinished_run_keeps_migrate_from_beginning_another(
    tmp_path: Path, small_db: Path, moto_server: str, table_prefix: str
) -> None:
    world = begun(tmp_path, small_db, Engine("moto", moto_server), table_prefix)
    refused = world.run("migrate")
    assert refused.returncode == 6
    assert "resume" in refused.stderr
    assert world.run("migrate", "--force").returncode == 2
    anew = world.run("migrate", "--force", "--yes")
    assert anew.returncode == 0, anew.stderr
    assert table_prefix + "MusicCatalog" in anew.stderr
    world.check_equal()


def test_an_embedded_dynamodb_that_stopped_takes_completion_with_it(
    tmp_path: Path, small_db: Path, table_prefix: str
) -> None:
    quick = {"migration_settings.enable_validation": False}
    world = World(tmp_path, small_db, Engine("embedded", "embedded"), table_prefix, extra=quick)
    try:
        assert world.run("migrate").returncode == 0
        assert world.state()["status"] == "completed"
        assert world.run("embedded", "stop").returncode == 0
        assert world.state()["status"] == "failed"
        assert "its data is gone" in " ".join(world.run("status").stdout.split())
        assert world.run("resume").returncode == 5
        assert world.run("validate").returncode == 5
        assert world.run("embedded", "start").returncode == 0
        assert world.state()["status"] == "failed"
        assert world.run("resume").returncode == 5
    finally:
        world.run("embedded", "stop")
