"""Every key of the configuration does something, and here is what."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest

from migration_tool import migrating
from migration_tool.config import Config, load_config, write_config
from migration_tool.errors import MigrationError, StateError, Stopped, TargetError, TooManyRejects
from migration_tool.job import open_target, open_wire
from migration_tool.model import Reject
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.rejects import RejectLog
from migration_tool.state.store import StateStore
from tests.target.fake import FakeServer, Reply, Seen, answer, fault

DESIGN = """
version: 1
table: Things
entities:
  Thing: {from: Thing, keys: {PK: "T#{ThingId}", SK: "{Name}"}}
"""
ROWS = 60


class Service:
    """A DynamoDB of one table that counts: creates, deletes, and how many items each write brought."""

    def __init__(self, there: bool = False) -> None:
        self.there = there
        self.seen: list[str] = []
        self.sizes: list[int] = []
        self.tables: set[str] = set()
        self.items: list[dict[str, Any]] = []
        self.write: Callable[[int], Reply | None] = lambda number: None

    def __call__(self, seen: Seen) -> Reply:
        self.seen.append(seen.operation)
        reply: Reply = getattr(self, seen.operation)(seen.json)
        return reply

    def DescribeTable(self, body: dict[str, Any]) -> Reply:  # noqa: N802  # DynamoDB's own name, as below
        self.tables.add(body["TableName"])
        if not self.there:
            return fault("ResourceNotFoundException")
        schema = [{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}]
        types = [{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")]
        table = {"TableName": body["TableName"], "TableStatus": "ACTIVE", "TableId": "1", "TableArn": "a"}
        return answer({"Table": {**table, "KeySchema": schema, "AttributeDefinitions": types}})

    def CreateTable(self, body: dict[str, Any]) -> Reply:  # noqa: N802
        self.there = True
        return answer({"TableDescription": {"TableName": body["TableName"], "TableStatus": "ACTIVE"}})

    def DeleteTable(self, body: dict[str, Any]) -> Reply:  # noqa: N802
        self.there = False
        return answer({"TableDescription": {"TableName": body["TableName"], "TableStatus": "DELETING"}})

    def BatchWriteItem(self, body: dict[str, Any]) -> Reply:  # noqa: N802
        (puts,) = body["RequestItems"].values()
        self.sizes.append(len(puts))
        if reply := self.write(len(self.sizes)):
            return reply
        self.items += [put["PutRequest"]["Item"] for put in puts]
        return answer({"UnprocessedItems": {}})

    def PutItem(self, body: dict[str, Any]) -> Reply:  # noqa: N802
        """The lease; nobody else has one here."""
        return answer({"ConsumedCapacity": {"TableName": body["TableName"], "CapacityUnits": 1.0}})

    DeleteItem = PutItem

    def Scan(self, body: dict[str, Any]) -> Reply:  # noqa: N802
        found = self.items if body.get("Segment", 0) == 0 else []
        return answer({"Items": found, "Count": len(found), "ScannedCount": len(found)})


class Watch:
    def __init__(self) -> None:
        self.phases: list[str] = []
        self.notices: list[str] = []

    def phase(self, name: str) -> None:
        self.phases.append(name)

    def copied(self, done: int, total: int) -> None: ...

    def progress(self, checkpoint: Checkpoint) -> None: ...

    def checked(self, table: str, done: int, total: int) -> None: ...

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def stopping(self) -> bool:
        return False


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "things.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE Thing (ThingId INTEGER PRIMARY KEY, Name TEXT)")
        connection.executemany("INSERT INTO Thing VALUES (?, ?)", [(n, f"n{n}") for n in range(1, ROWS + 1)])
        connection.commit()
    return path


def configured(database: Path, url: str, **values: Any) -> Config:
    folder = database.parent
    (folder / "config/designs").mkdir(parents=True, exist_ok=True)
    (folder / "config/designs/things.yaml").write_text(DESIGN)
    settings = {"retry_delay": 0.01, **values.pop("migration_settings", {})}
    given = {"source_db": str(database), "endpoint": url, "dynamodb_tables": {"things": "Things"}, **values}
    write_config(folder / "config/migration.json", {**given, "migration_settings": settings})
    return load_config(folder / "config/migration.json", {}, {})


def migrated(database: Path, service: Service, **values: Any) -> Watch:
    watch = Watch()
    with FakeServer(service) as server:
        migrating.migrate(configured(database, server.url, **values), [], False, lambda question: True, watch)
    return watch


def settings(**values: Any) -> dict[str, Any]:
    return {"migration_settings": values}


@pytest.mark.parametrize("size", [1, 7, 25])
def test_batch_size(database: Path, size: int) -> None:
    migrated(database, service := Service(), batch_size=size)
    assert max(service.sizes) <= size
    assert (len(service.sizes), sum(service.sizes)) == (math.ceil(ROWS / size), ROWS)


def test_table_prefix_and_dynamodb_tables(database: Path) -> None:
    migrated(database, service := Service(), table_prefix="p_", dynamodb_tables={"things": "Other"})
    assert service.tables == {"p_Other"}


def test_aws_region_is_what_requests_are_signed_for(database: Path) -> None:
    service = Service()
    with FakeServer(service) as server:
        config = configured(database, server.url, aws_region="eu-north-1")
        migrating.migrate(config, [], False, lambda question: True, Watch())
        assert all("/eu-north-1/dynamodb/" in seen.headers["Authorization"] for seen in server.seen)


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_max_retries(database: Path, retries: int) -> None:
    service = Service()
    service.write = lambda number: fault("InternalServerError", 500)
    with pytest.raises(Stopped):
        migrated(
            database, service, batch_size=25, **settings(max_retries=retries, connections=1, in_flight=1)
        )
    assert service.sizes.count(25) == retries + 1
    assert len(service.sizes) <= (retries + 1) * (1 + 25), "and its items, each alone"


def test_retry_delay_is_the_width_of_the_first_pause(database: Path) -> None:
    widths = []
    for delay in (0.5, 8.0):
        config = configured(database, "http://127.0.0.1:9", **settings(retry_delay=delay))
        with open_wire(config, open_target(config, start=False).target) as wire:
            widths.append(max(wire.backoff.delay(1) for _ in range(300)) / delay)
    assert all(0.5 < width <= 2 for width in widths)


def test_max_retry_seconds_bounds_a_throttled_batch(database: Path) -> None:
    service = Service()
    service.write = lambda number: fault("ThrottlingException")
    with pytest.raises(Stopped, match="Throttling"):
        migrated(database, service, **settings(max_retry_seconds=1, connections=1, in_flight=1))
    assert len(service.sizes) > 2


def test_timeout_ends_a_request_that_is_never_answered(database: Path) -> None:
    service = Service()
    service.write = lambda number: Reply(cut="silent")
    with pytest.raises(Stopped, match="no answer"):
        migrated(database, service, **settings(timeout=1, max_retries=0))


@pytest.mark.parametrize("enabled", [True, False])
def test_enable_validation(database: Path, enabled: bool) -> None:
    watch = migrated(database, service := Service(), **settings(enable_validation=enabled))
    assert ("validation" in watch.phases) is enabled
    assert ("Scan" in service.seen) is enabled


def test_create_tables(database: Path) -> None:
    service = Service()
    with pytest.raises(TargetError, match="create_tables is false"):
        migrated(database, service, **settings(create_tables=False))
    assert "CreateTable" not in service.seen
    assert not service.sizes


@pytest.mark.parametrize("delete", [True, False])
def test_delete_existing_tables(database: Path, delete: bool) -> None:
    migrated(database, service := Service(there=True), **settings(delete_existing_tables=delete))
    assert ("DeleteTable" in service.seen, "CreateTable" in service.seen) == (delete, delete)


@pytest.mark.parametrize("allow", [True, False])
def test_allow_http(database: Path, allow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """0.0.0.0 is no address of this machine by its form, and leads to it all the same."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKID")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with FakeServer(Service()) as server:
        url = server.url.replace("127.0.0.1", "0.0.0.0")
        config = configured(database, url, **settings(allow_http=allow))
        with nullcontext() if allow else pytest.raises(TargetError, match="unencrypted"):
            migrating.migrate(config, [], False, lambda question: True, Watch())
        assert bool(server.seen) is allow


@pytest.mark.parametrize("budget", [0, "3%", 2, "3.4%"])
def test_max_rejects(database: Path, budget: int | str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE Thing SET Name = NULL WHERE ThingId IN (5, 50)")
        connection.commit()
    service = Service()
    if budget in (2, "3.4%"):
        migrated(database, service, **settings(max_rejects=budget))
        assert sum(service.sizes) == ROWS - 2
    else:
        told = f"2 rows are rejected, the budget .max_rejects. is {budget and '3% of 60 rows: 1'}"
        with pytest.raises(TooManyRejects, match=told):
            migrated(database, service, **settings(max_rejects=budget))


def test_a_reject_that_cannot_be_written_is_not_passed_by_the_state(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE Thing SET Name = NULL WHERE ThingId = 5")
        connection.commit()

    def full(log: RejectLog, rejects: Sequence[Reject]) -> int:
        if rejects:
            raise StateError("write the reject file", log.path, "No space left on device")
        return log.size

    monkeypatch.setattr(RejectLog, "append", full)
    with pytest.raises(StateError, match="No space left"):
        migrated(database, Service(), **settings(max_rejects=1))
    checkpoint = StateStore(database.parent / "state").latest()
    assert checkpoint is not None
    assert (checkpoint.status, checkpoint.entities[0].rows_read, checkpoint.rejected) == ("failed", 0, 0)


@pytest.mark.parametrize("mode", ["copy", "live"])
def test_source_snapshot(database: Path, mode: str) -> None:
    service = Service()
    service.write = lambda number: fault("AccessDeniedException")
    with pytest.raises(MigrationError):
        migrated(database, service, **settings(source_snapshot=mode))
    store = StateStore(database.parent / "state")
    checkpoint = store.latest()
    assert checkpoint is not None
    assert (checkpoint.snapshot is not None) is (mode == "copy")
    assert store.snapshot_path(checkpoint.run_id).exists() is (mode == "copy")


@pytest.mark.parametrize(("lease", "writes"), [(60, 1), ("off", 0)])
def test_lease(database: Path, lease: object, writes: int) -> None:
    """One write takes it and one removes it, however many batches there are."""
    service = Service()
    watch = migrated(database, service, batch_size=1, **settings(lease=lease))
    assert (service.seen.count("PutItem"), service.seen.count("DeleteItem")) == (writes, writes)
    assert service.seen.count("BatchWriteItem") == ROWS
    assert any("No lease" in text for text in watch.notices) is (lease == "off")


def test_connections(database: Path) -> None:
    service = Service()
    with FakeServer(service) as server:
        values = settings(connections=1, in_flight=1)
        config = configured(database, server.url, batch_size=1, **values)
        migrating.migrate(config, [], False, lambda question: True, Watch())
        writers = {seen.connection for seen in server.seen if seen.operation == "BatchWriteItem"}
    assert len(writers) == 1


def test_in_flight_bounds_what_no_checkpoint_covers(database: Path) -> None:
    """With a window of one batch no second one leaves before the first is in the state file."""
    service = Service()
    store = StateStore(database.parent / "state")
    uncovered: list[int] = []

    def look(number: int) -> None:
        checkpoint = StateStore(store.folder).latest()
        assert checkpoint is not None
        uncovered.append(sum(service.sizes) - checkpoint.items_written)

    service.write = look
    migrated(database, service, batch_size=5, **settings(connections=1, in_flight=1))
    assert max(uncovered) == 5


def test_logging(database: Path) -> None:
    """level, file, max_size and backup_count, by the files that a command leaves."""
    from migration_tool import logs

    section = {"level": "WARNING", "file": "elsewhere/x.log", "max_size": "1KB", "backup_count": 2}
    config = configured(database, "http://127.0.0.1:9", logging=section)
    handler = logs.configure(config.logging)
    try:
        for number in range(60):
            handler_logger().info("not written")
            handler_logger().warning("written", extra={"batch": number})
    finally:
        handler.close()
    folder = database.parent / "elsewhere"
    assert sorted(path.name for path in folder.iterdir()) == ["x.log", "x.log.1", "x.log.2"]
    lines = [json.loads(line) for path in folder.iterdir() for line in path.read_text().splitlines()]
    assert {line["event"] for line in lines} == {"written"}


def handler_logger() -> Any:
    import logging

    return logging.getLogger("migration_tool.tests")
