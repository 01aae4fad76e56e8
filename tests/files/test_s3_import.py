"""`migrate --via s3-import` against moto's S3 and ImportTable, killed and resumed."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from migration_tool.config import load_config
from migration_tool.permissions import policy
from migration_tool.state.store import StateStore
from tests import warm
from tests.engines import ROOT, Engine
from tests.files import exports
from tests.files.exports import LOOSE, designed
from tests.files.s3 import Call, Recorder, client, made_bucket
from tests.resume.world import World

MOMENTS = (
    ("part_written", 2),
    ("after_upload", 2),
    ("before_import", 2),
    ("import_begun", 1),
    ("import_looked_at", 2),
    ("import_ended", 2),
    ("plan_saved", 5),
    ("before_save", 2),
    ("before_save", 12),
)
FEW = ("customer_data", "employee_data")
OF_FEW = ("-t", FEW[0], "-t", FEW[1])
KILLER = str(ROOT / "tests/files/killer.py")
IMPORT = ("migrate", "--via", "s3-import", "--part-size", "64KB")


@pytest.fixture
def bucket(moto_server: str) -> Iterator[str]:
    yield from made_bucket(moto_server, f"b-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def engine(moto_server: str) -> Engine:
    return Engine("moto", moto_server)


@pytest.fixture
def world(tmp_path: Path, small_db: Path, engine: Engine, table_prefix: str, bucket: str) -> World:
    return made(tmp_path, small_db, engine, table_prefix, bucket)


def made(folder: Path, database: Path, engine: Engine, prefix: str, bucket: str, **more: Any) -> World:
    """Without the tool's own validation: `World.check_equal` is the judge."""
    more = {"enable_validation": False, "s3_bucket": bucket, "s3_prefix": "some/where", **more}
    extra = {f"migration_settings.{name}": value for name, value in more.items()}
    return World(folder, database, engine, prefix, extra=extra)


def keys(world: World, bucket: str) -> set[str]:
    pages = client(world.engine.url).get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {each["Key"] for page in pages for each in page.get("Contents", ())}


def check_few(world: World) -> None:
    for design in FEW:
        assert world.actual(design) == world.expected(design), design


def latest(world: World) -> Any:
    found = StateStore(world.folder / "state").latest()
    assert found
    return found


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_new_tables_are_imported_and_proved(
    tmp_path: Path, small_db: Path, engine: Engine, table_prefix: str, bucket: str, compression: str
) -> None:
    world = made(tmp_path, small_db, engine, table_prefix, bucket, enable_validation=compression == "gzip")
    done = world.run(*IMPORT, *OF_FEW, "--part-size", "16KB", "--compression", compression)
    assert done.returncode == 0, done.stderr
    check_few(world)
    state = latest(world)
    assert (state.status, state.counters.requests) == ("completed", 0)
    assert state.items_written == state.items_total > 0
    assert [p.name for p in state.phases][1:4] == ["files", "upload", "import"]
    assert set(state.fingerprints.targets) == set(FEW)
    suffix = {"gzip": ".json.gz", "zstd": ".json.zst"}[compression]
    found = keys(world, bucket)
    assert len(found) > len(FEW) and all(
        key.startswith(f"some/where/{state.run_id}/{world.prefix}") and key.endswith(suffix) for key in found
    )
    assert not list((tmp_path / "state").glob("*.parts"))
    assert "nothing to resume" in world.run("resume").stderr


@pytest.mark.parametrize(("point", "number"), MOMENTS)
def test_kill_then_resume(world: World, engine: Engine, point: str, number: int) -> None:
    """Whatever was whole stays: parts are not sent twice, and no table is imported twice."""
    with Recorder(engine.url) as recorder:
        words = ("--endpoint", recorder.own)
        migrate = (*IMPORT, "--part-size", "16KB", *OF_FEW)
        killed = warm.run([KILLER, point, str(number), *words, *migrate], world.folder)
        assert killed.returncode == -9, killed.stderr
        done = world.run(*words, "resume")
        assert done.returncode == 0, done.stderr
        sent = [call.on for call in recorder.calls if call.action == "s3:PutObject"]
        begun = [call.body for call in recorder.calls if call.action == "dynamodb:ImportTable"]
    check_few(world)
    assert len(sent) == len(set(sent)) > len(FEW)
    assert len({json.loads(body)["ClientToken"] for body in begun}) == len(FEW)
    assert latest(world).status == "completed"


def test_ctrl_c_keeps_whole_files(world: World) -> None:
    way = ("migrate", "--via", "files", "--out", "out", "--part-size", "32KB")
    for words, again in ((way, way), ((*IMPORT, *OF_FEW), ("resume",))):
        stopped = warm.run([KILLER, "asked_to_stop", "2", *words], world.folder)
        assert stopped.returncode == 130, stopped.stderr
        done = world.run(*again)
        assert done.returncode == 0, done.stderr
    check_few(world)
    exports.check(world.folder / "out", world)


def test_binary_and_split_items_come_whole(
    tmp_path: Path, engine: Engine, table_prefix: str, bucket: str
) -> None:
    database = tmp_path / "large.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE Loose (Code INTEGER PRIMARY KEY, Text TEXT, Data BLOB)")
        rows = [(n, "x" * n * 300_000, b"\x00\xff" * n) for n in range(1, 4)]
        connection.executemany("INSERT INTO Loose VALUES (?, ?, ?)", rows)
        connection.commit()
    world = made(tmp_path, database, engine, table_prefix, bucket, enable_validation=True)
    done = designed(world, f"{LOOSE}    oversize: split\n").run(*IMPORT)
    assert done.returncode == 0, done.stderr
    assert latest(world).items_written == 3


def test_a_table_that_exists_is_written_in_batches(world: World) -> None:
    assert world.run("migrate", "-t", "employee_data").returncode == 0
    done = world.run(*IMPORT, *OF_FEW)
    assert done.returncode == 0, done.stderr
    assert f"this one exists: {world.prefix}EmployeeData is loaded by batch writing" in done.stderr
    check_few(world)
    assert latest(world).counters.requests > 0


SETTLED = f"""{LOOSE}
settings:
  ttl: Ends
  point_in_time_recovery: 7
  stream: new_image
  deletion_protection: true
  tags: {{Team: music}}
"""
LOCAL = LOOSE.replace("entities:", "indexes: {LSI1: {keys: [PK, Lsk], local: true}}\nentities:").replace(
    'SK: "L"', 'SK: "L", Lsk: "{Ends}"'
)


@pytest.fixture
def loose_db(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "loose.sqlite")) as connection:
        connection.execute("CREATE TABLE Loose (Code INTEGER PRIMARY KEY, Ends INTEGER)")
        connection.executemany("INSERT INTO Loose VALUES (?, ?)", [(n, 2_000_000_000 + n) for n in range(50)])
        connection.commit()
    return tmp_path / "loose.sqlite"


def test_settings_of_the_design_come_after_the_import(
    tmp_path: Path, loose_db: Path, engine: Engine, table_prefix: str, bucket: str
) -> None:
    """Killed before that is noted: what is set is not set again."""
    world = designed(made(tmp_path, loose_db, engine, table_prefix, bucket), SETTLED)
    with Recorder(engine.url) as recorder:
        words = ("--endpoint", recorder.own)
        killed = warm.run([KILLER, "settled", "1", *words, *IMPORT], world.folder)
        assert killed.returncode == -9, killed.stderr
        done = world.run(*words, "resume")
        assert done.returncode == 0, done.stderr
        assert (recorder.count("dynamodb:ImportTable"), recorder.count("dynamodb:BatchWriteItem")) == (1, 0)
        assert recorder.count("dynamodb:UpdateTable") == 2
        called = {call.action for call in recorder.calls}
    name = f"{table_prefix}Loose"
    table = engine.call("DescribeTable", {"TableName": name})["Table"]
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert table["DeletionProtectionEnabled"] and table["ItemCount"] == 50
    ttl = engine.call("DescribeTimeToLive", {"TableName": name})["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "Ends"}
    backups = engine.call("DescribeContinuousBackups", {"TableName": name})["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == 7
    tags = engine.call("ListTagsOfResource", {"ResourceArn": table["TableArn"]})["Tags"]
    assert tags == [{"Key": "Team", "Value": "music"}]
    config = load_config(world.folder / "config/migration.json", {}, {})
    document = policy(config, "migrate --via s3-import", "123456789012")
    assert called <= {action for statement in document["Statement"] for action in statement["Action"]}
    engine.call("UpdateTable", {"TableName": name, "DeletionProtectionEnabled": False})


def test_a_table_with_a_local_index_is_written_in_batches(
    tmp_path: Path, loose_db: Path, engine: Engine, table_prefix: str, bucket: str
) -> None:
    world = designed(made(tmp_path, loose_db, engine, table_prefix, bucket), LOCAL)
    done = world.run(*IMPORT)
    assert done.returncode == 0, done.stderr
    assert "An import cannot make LocalSecondaryIndexes" in done.stderr
    assert not keys(world, bucket) and latest(world).counters.requests > 0


def test_force_makes_room_for_an_import(world: World, engine: Engine) -> None:
    assert world.run("migrate", "-t", "employee_data").returncode == 0
    with Recorder(engine.url) as recorder:
        done = world.run("--endpoint", recorder.own, *IMPORT, "-t", "employee_data", "--force", "--yes")
        assert done.returncode == 0, done.stderr
        assert (recorder.count("dynamodb:ImportTable"), recorder.count("dynamodb:BatchWriteItem")) == (1, 0)
    assert world.actual("employee_data") == world.expected("employee_data")


def test_rejected_rows_are_those_of_an_ordinary_run(
    tmp_path: Path, sample_copy: Path, engine: Engine, table_prefix: str, bucket: str
) -> None:
    with closing(sqlite3.connect(sample_copy)) as connection:
        connection.execute("UPDATE Employee SET FirstName = x'00ff' WHERE EmployeeId = 3")
        connection.commit()
    world = made(tmp_path, sample_copy, engine, table_prefix, bucket)
    words = ("-t", "employee_data")
    refused = world.run(*IMPORT, *words)
    assert refused.returncode == 8, refused.stderr
    done = world.run("resume", "--max-rejects", "1")
    assert done.returncode == 0, done.stderr
    state = latest(world)
    assert (state.items_written, state.rejected) == (7, 1)
    (reject,) = StateStore(tmp_path / "state").rejects(state)
    assert reject.source_key == (3,)


def test_colliding_keys_are_refused_before_anything_is_sent(
    tmp_path: Path, sample_copy: Path, engine: Engine, table_prefix: str, bucket: str
) -> None:
    with closing(sqlite3.connect(sample_copy)) as connection:
        connection.execute("CREATE TABLE Loose (Code)")
        connection.execute("INSERT INTO Loose VALUES (1), ('1')")
        connection.commit()
    world = designed(made(tmp_path, sample_copy, engine, table_prefix, bucket), LOOSE)
    done = world.run(*IMPORT)
    assert (done.returncode, "share the key" in done.stderr) == (3, True), done.stderr
    assert not keys(world, bucket)


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"ErrorCount": 2, "ImportedItemCount": 6}, 7, "6 imported, with 2 errors"),
        ({"ImportedItemCount": 7}, 7, "7 imported"),
        ({"ImportStatus": "FAILED", "FailureCode": "S3AccessDenied"}, 5, "FAILED: S3AccessDenied"),
    ],
    ids=["errors", "fewer", "failed"],
)
def test_counts_that_do_not_add_up_are_no_success(
    world: World, engine: Engine, changed: dict[str, object], code: int, said: str
) -> None:
    logs = "arn:aws:logs:us-east-1:123456789012:log-group:/aws-dynamodb/imports"
    facts = {"ImportStatus": "COMPLETED", "ProcessedItemCount": 8, "ImportedItemCount": 8, "ErrorCount": 0}

    def answer(call: Call) -> bytes | None:
        if call.action != "dynamodb:DescribeImport":
            return None
        found = {**facts, "CloudWatchLogGroupArn": logs, **changed}
        return json.dumps({"ImportTableDescription": found}).encode()

    with Recorder(engine.url, answer) as recorder:
        done = world.run("--endpoint", recorder.own, *IMPORT, "-t", "employee_data")
    assert (done.returncode, said in done.stderr, logs in done.stderr) == (code, True, True), done.stderr
    assert latest(world).items_written == 0
    assert "migrate --force" in done.stderr


def test_objects_of_others_under_the_prefix_are_found(world: World, engine: Engine, bucket: str) -> None:
    """An import takes whatever is there."""

    def answer(call: Call) -> bytes | None:
        if call.action == "s3:PutObject" and call.on.endswith("part-00000.json.gz"):
            strange = call.on.removeprefix(f"/{bucket}/").replace("part-00000", "strange")
            client(engine.url).put_object(Bucket=bucket, Key=strange, Body=b"{}")
        return None

    with Recorder(engine.url, answer) as recorder:
        done = world.run("--endpoint", recorder.own, *IMPORT, "-t", "employee_data")
        assert recorder.count("dynamodb:ImportTable") == 0
    assert (done.returncode, "strange.json.gz" in done.stderr) == (5, True), done.stderr


def test_a_bucket_that_is_not_there_is_found_before_anything_else(world: World, tmp_path: Path) -> None:
    done = world.run(*IMPORT, "--bucket", "not-there-at-all")
    assert (done.returncode, "--bucket" in done.stderr) == (5, True), done.stderr
    done = world.run(*IMPORT, "--bucket", "")
    assert (done.returncode, "no bucket is named" in done.stderr) == (2, True), done.stderr
    assert not list((tmp_path / "state").glob("*.json"))


def test_the_policy_allows_what_is_called(world: World, engine: Engine, bucket: str) -> None:
    with Recorder(engine.url) as recorder:
        done = world.run("--endpoint", recorder.own, *IMPORT, "-t", "employee_data")
        assert done.returncode == 0, done.stderr
        called = {call.action for call in recorder.calls}
    config = load_config(world.folder / "config/migration.json", {}, {})
    document = policy(config, "migrate --via s3-import", "123456789012")
    allowed = {action: s["Resource"] for s in document["Statement"] for action in s["Action"]}
    assert called <= set(allowed)
    assert {"dynamodb:ImportTable", "dynamodb:DescribeImport", "s3:PutObject", "s3:GetObject"} <= called
    assert allowed["s3:PutObject"] == [f"arn:aws:s3:::{bucket}/some/where/*"]
    assert allowed["dynamodb:DescribeImport"][0].endswith("/import/*")
