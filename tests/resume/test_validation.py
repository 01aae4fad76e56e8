"""A validation that is killed goes on; what was proved is not read again; neither makes equal what is not."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

from migration_tool.state.proofs import MODULUS, every
from migration_tool.state.store import StateStore
from migration_tool.state.validation import Validation, read_validation
from tests import warm
from tests.engines import Engine, request
from tests.resume.small_steps import POINTS
from tests.resume.world import TABLES, World
from tests.target.fake import FakeServer, Reply, Seen

HERE = Path(__file__).parent
KILLS = [
    ("dynoxide", "place_saved", 1),
    ("dynoxide", "place_saved", 30),
    ("dynoxide", "before_the_place_is_saved", 12),
    ("dynoxide", "share_read", 7),
    ("dynoxide", "rows_read", 20),
    ("dynamodb_local", "place_saved", 9),
    ("dynamodb_local", "rows_read", 3),
]
pytestmark = pytest.mark.engine
only_dynoxide = pytest.mark.parametrize("real_engine", ["dynoxide"], indirect=True)


class Watched(World):
    """A migrated world behind a server that sees every request."""

    server: FakeServer

    @property
    def store(self) -> StateStore:
        return StateStore(self.folder / "state")

    @property
    def run_id(self) -> str:
        return self.store.runs()[0]

    @property
    def left(self) -> Validation | None:
        return read_validation(self.store.validation_path(self.run_id), self.run_id)

    def in_small_steps(self, point: str, number: int, *words: str) -> subprocess.CompletedProcess[str]:
        return warm.run([str(HERE / "small_steps.py"), point, str(number), *words], self.folder)

    def validated(self, *words: str) -> dict[str, Any]:
        """The report of a validation that finds nothing wrong."""
        done = self.run("validate", "--items-only", "--json", *words)
        assert done.returncode == 0, done.stderr
        return {table["name"]: table for table in json.loads(done.stdout)["tables"]}

    def scanned(self) -> set[tuple[str, int]]:
        """Tables and segments that were asked for since this was asked last."""
        found = {
            (seen.json["TableName"], seen.json["Segment"])
            for seen in self.server.seen
            if seen.operation == "Scan" and "IndexName" not in seen.json
        }
        self.server.seen.clear()
        return found

    def counted(self) -> set[str]:
        """Tables of which an index was counted since `scanned` was asked last."""
        scans = (seen.json for seen in self.server.seen if seen.operation == "Scan")
        return {scan["TableName"] for scan in scans if "IndexName" in scan}

    def digest(self, design: str) -> int:
        """The sum of the hashes of everything the source gives, straight from it."""
        texts = self.expected(design)
        return sum(
            int.from_bytes(blake2b(text.encode()).digest()) * times for text, times in texts.items()
        ) % MODULUS  # fmt: skip

    def check_proofs(self) -> None:
        checkpoint = self.store.latest()
        assert checkpoint is not None and checkpoint.proofs.keys() == TABLES.keys()
        for name, proof in checkpoint.proofs.items():
            assert sum(part.digest for part in every(proof.ranges)) % MODULUS == self.digest(name)
            for entity, parts in proof.ranges.items():
                progress = checkpoint.entity(name, entity)
                assert parts[-1].until == progress.position
                assert sum(part.rows for part in parts) == progress.rows_read
                assert sum(part.items for part in parts) == progress.items_written


def made(folder: Path, database: Path, engine: Engine, prefix: str, **settings: object) -> Iterator[Watched]:
    def forward(seen: Seen) -> Reply:
        status, body = request(engine.url, seen.operation, seen.json)
        return Reply(status, body, zlib.crc32(body))

    extra = {f"migration_settings.{name}": value for name, value in settings.items()}
    with FakeServer(forward) as server:
        own = folder / "own.sqlite"
        shutil.copyfile(database, own)
        world = Watched(folder, own, Engine(engine.name, server.url), prefix, in_flight=64, extra=extra)
        world.server = server
        yield world


@pytest.fixture(scope="module")
def loaded(
    real_engine: Engine, small_db: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    """Loaded and never validated, so that nothing is proved."""
    folder = tmp_path_factory.mktemp("loaded")
    prefix = f"v{time.monotonic_ns()}_"
    for world in made(folder, small_db, real_engine, prefix, enable_validation=False):
        done = world.run("migrate")
        assert done.returncode == 0, done.stderr
        yield world


@pytest.mark.parametrize(("real_engine", "point", "number"), KILLS, indirect=["real_engine"])
def test_a_killed_validation_goes_on_from_its_place(loaded: Watched, point: str, number: int) -> None:
    """Nothing that was read whole is asked for again, and the proof is that of a validation in one piece."""
    killed = loaded.in_small_steps(point, number, "validate", "--items-only", "--fresh")
    assert killed.returncode == -9, killed.stderr
    left = loaded.left
    assert left is not None
    loaded.scanned()
    done = loaded.in_small_steps(
        "place_saved", 0, "validate", "--items-only", "--fresh", "--resume", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert "Going on with the validation of" in done.stderr
    begun = {name: sums for name, sums in left.tables.items() if sums.shares}
    assert begun
    read = dict(line.split()[1:] for line in done.stderr.splitlines() if line.startswith("READ"))
    again = loaded.scanned()
    for name, sums in begun.items():
        for entity, parts in sums.ranges.items():
            assert read[entity] == str(parts[-1].until[0])
        whole = {segment for share in sums.actual
                 for segment in range(share, sums.shares * sums.width, sums.shares)}  # fmt: skip
        table = loaded.prefix + TABLES[name]
        assert not whole & {segment for scanned, segment in again if scanned == table}
    report = json.loads(done.stdout)
    assert report["ok"] and sum(t["actual"] for t in report["tables"]) == loaded.expected_count
    sentences = {t["name"]: " ".join(t["checked"]) for t in report["tables"]}
    assert {name for name, text in sentences.items() if "interrupted and continued" in text} == set(begun)
    assert loaded.left is None
    loaded.check_proofs()


def test_every_point_is_killed_at() -> None:
    assert {point for _, point, _ in KILLS} == POINTS.keys()


@only_dynoxide
def test_without_resume_a_validation_begins_anew(loaded: Watched) -> None:
    assert loaded.in_small_steps("share_read", 5, "validate", "--items-only").returncode == -9
    begun = loaded.left
    assert begun is not None
    loaded.scanned()
    done = loaded.run("validate", "--items-only")
    assert done.returncode == 0 and "--resume" in done.stderr
    assert {table for table, _ in loaded.scanned()} == {loaded.prefix + name for name in TABLES.values()}
    assert loaded.left is None
    again = loaded.run("validate", "--items-only", "--resume")
    assert again.returncode == 0 and "begins anew" in again.stderr


@only_dynoxide
def test_what_was_loaded_meanwhile_is_compared_from_its_beginning(loaded: Watched) -> None:
    """The place counts for the same table: one that was made anew is read whole."""
    words = ("validate", "--items-only", "-t", "employee_data")
    assert loaded.in_small_steps("share_read", 4, *words).returncode == -9
    assert loaded.left is not None
    table = loaded.prefix + TABLES["employee_data"]
    described = loaded.engine.call("DescribeTable", {"TableName": table})["Table"]
    loaded.engine.call("DeleteTable", {"TableName": table})
    kept = ("TableName", "AttributeDefinitions", "KeySchema")
    definition = {name: described[name] for name in kept} | {"BillingMode": "PAY_PER_REQUEST"}
    definition["GlobalSecondaryIndexes"] = [
        {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
        for index in described["GlobalSecondaryIndexes"]
    ]
    loaded.engine.call("CreateTable", definition)
    try:
        done = loaded.run(*words, "--resume")
        assert done.returncode == 7, done.stderr
        assert f"{table} is compared from its beginning: table has changed" in done.stderr
        assert "8 items missing" in " ".join(done.stderr.split())
    finally:
        assert loaded.run("migrate", "-t", "employee_data").returncode == 0


def test_a_killed_run_goes_on_in_the_midst_of_its_validation(
    tmp_path: Path, small_db: Path, dynoxide: str, table_prefix: str
) -> None:
    for world in made(tmp_path, small_db, Engine("dynoxide", dynoxide), table_prefix):
        killed = world.in_small_steps("place_saved", 70, "migrate")
        assert killed.returncode == -9, killed.stderr
        left = world.left
        assert left is not None
        whole = [name for name, sums in left.tables.items() if sums.shares == len(sums.actual) > 0]
        assert whole
        world.scanned()
        done = world.run("resume")
        assert done.returncode == 0, done.stderr
        assert "Going on with the validation of" in done.stderr
        assert world.counted() == {world.prefix + table for table in TABLES.values()}
        assert not {world.prefix + TABLES[name] for name in whole} & {table for table, _ in world.scanned()}
        assert world.left is None
        world.check_proofs()
        world.check_equal()


@only_dynoxide
def test_what_is_proved_is_not_read_again(
    tmp_path: Path, small_db: Path, real_engine: Engine, table_prefix: str
) -> None:
    for world in made(tmp_path, small_db, real_engine, table_prefix):
        done = world.run("migrate")
        assert done.returncode == 0, done.stderr
        world.check_proofs()
        proofs = world.store.latest().proofs  # type: ignore[union-attr]
        told = world.in_small_steps("place_saved", 0, "validate", "--items-only")
        assert told.returncode == 0 and "READ" not in told.stderr
        assert "rows of the source were not read" in " ".join(told.stdout.split())
        tables = world.validated()
        assert all(table["proved_at"] for table in tables.values())
        assert sum(table["expected"] for table in tables.values()) == world.expected_count
        assert all(table["proved_at"] is None for table in world.validated("--fresh").values())
        newer = world.store.latest().proofs  # type: ignore[union-attr]
        assert {n: p.ranges for n, p in newer.items()} == {n: p.ranges for n, p in proofs.items()}
        resumed = world.run("resume")
        assert resumed.returncode == 0
        assert "is of this source and these designs: 8 key ranges" in " ".join(resumed.stderr.split())
        _a_difference_is_found(world)
        _another_source_is_read(world)


def _a_difference_is_found(world: Watched) -> None:
    table = world.prefix + TABLES["employee_data"]
    key = {"PK": {"S": "EMPLOYEE#3"}, "SK": {"S": "#EMPLOYEE"}}
    item = world.engine.call("GetItem", {"TableName": table, "Key": key})["Item"]
    world.engine.call("PutItem", {"TableName": table, "Item": {**item, "Title": {"S": "x"}}})
    done = world.run("validate", "--items-only", "--json")
    assert done.returncode == 7
    found = {t["name"]: t for t in json.loads(done.stdout)["tables"]}
    (different,) = found["employee_data"]["different"]
    assert different["key"] == {"PK": "EMPLOYEE#3", "SK": "#EMPLOYEE"}
    assert [a["name"] for a in different["attributes"]] == ["Title"]
    assert found["employee_data"]["proved_at"] is None and found["music_catalog"]["proved_at"]
    world.engine.call("PutItem", {"TableName": table, "Item": item})
    done = world.run("validate", "--items-only", "-t", "employee_data")
    assert done.returncode == 0 and "1 key range" in done.stderr and "no longer" not in done.stderr


def _another_source_is_read(world: Watched) -> None:
    with closing(sqlite3.connect(world.database)) as connection:
        connection.execute("UPDATE Employee SET Title = 'x' WHERE EmployeeId = 3")
        connection.commit()
    done = world.run("validate", "--items-only", "--json")
    assert done.returncode == 7
    found = {t["name"]: t for t in json.loads(done.stdout)["tables"]}
    assert all(table["proved_at"] is None for table in found.values())
    assert found["employee_data"]["different_count"] == 1
    assert "no longer counts" in " ".join(world.run("resume").stderr.split())
    assert world.validated("-t", "playlist_data")["playlist_data"]["proved_at"]


@pytest.mark.parametrize("mode", ["copy", "live"])
def test_a_source_that_moved_during_the_run_proves_nothing(
    tmp_path: Path, small_db: Path, moto_server: str, table_prefix: str, mode: str
) -> None:
    """A row was changed between the first look at the source and its end: nobody knows which one was read."""
    for world in made(tmp_path, small_db, Engine("moto", moto_server), table_prefix, source_snapshot=mode):
        with closing(sqlite3.connect(world.database)) as connection:
            connection.execute("PRAGMA journal_mode=wal")
        moved = []

        def move(seen: Seen, world: Watched = world, moved: list[int] = moved) -> Reply:
            if seen.operation == "BatchWriteItem" and not moved:
                moved.append(1)
                with closing(sqlite3.connect(world.database)) as connection:
                    connection.execute("UPDATE Employee SET Title = 'x' WHERE EmployeeId = 3")
                    connection.commit()
            status, body = request(moto_server, seen.operation, seen.json)
            return Reply(status, body, zlib.crc32(body))

        world.server.replies = move
        done = world.run("migrate", "-t", "employee_data")
        assert done.returncode == 0, done.stderr
        assert moved
        checkpoint = world.store.latest()
        assert checkpoint is not None and checkpoint.proofs == {}
