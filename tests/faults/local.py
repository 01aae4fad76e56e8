"""What the tests of local faults share: strace, a small migration whose result is known by heart."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from migration_tool.attributes import canonical_item
from migration_tool.config import write_config
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.rejects import read_rejects
from migration_tool.state.store import StateStore
from migration_tool.target.lease import KEY as LEASE
from tests.engines import ROOT, Engine, request, unavailable

CALLS = ("write", "fsync", "rename")
PLACE = 100
"""The number of the call that strace waits for: more than a migration makes."""
DESIGN = """
version: 1
table: Things
entities:
  Thing:
    from: Thing
    keys: {PK: "THING#{Id}", SK: "{Name}"}
"""
ROWS = 12
NAMELESS = {3, 11}
"""Rows that have no sort key, so that the reject file is written twice; with a long note."""
NOTE = "x" * 5000


@cache
def require_strace() -> None:
    """Skips, or fails where the engines are required, unless strace is there and allowed to work."""
    if not shutil.which("strace"):
        unavailable("strace is not installed (Debian, Ubuntu: apt install strace)")
    tried = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        unavailable(f"strace may not trace here: {tried.stderr.strip()}")


@dataclass
class Children:
    """Runs commands in processes of their own, in which one system call meets a fault."""

    channel: socket.socket

    def run(self, folder: Path, *words: str, call: str = "fsync", number: int = 0) -> tuple[int, str]:
        """The exit code and all that was said; -9 when killed. Number 0: no call meets the fault."""
        assert number < PLACE
        idle = PLACE - number if number else 0
        request = {"folder": str(folder), "words": words, "call": call, "idle": idle}
        self.channel.send(json.dumps(request).encode())
        code, said = json.loads(self.channel.recv(1 << 16))
        return code, said


@contextmanager
def children(engine: Engine, fault: str = "", lasting: bool = False) -> Iterator[Children]:
    """`fault` is what strace's `inject` does to the call: "signal=SIGKILL", "error=EIO"; "" is no strace.

    lasting  all calls of a child from that one on meet it
    """
    command = [sys.executable, "-m", "tests.faults.children", engine.url]
    if fault:
        require_strace()
        calls = ",".join(CALLS)
        inject = f"inject={calls}:{fault}:when={PLACE}{'+' if lasting else ''}"
        command = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject, *command]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with subprocess.Popen(command, cwd=ROOT, stdin=theirs.fileno()), ours:
        theirs.close()
        ours.settimeout(120)
        yield Children(ours)


def configure(
    folder: Path, database: Path, design: str, url: str, prefix: str, more: Mapping[str, Any]
) -> None:
    """A configuration for the design `things`, whose table is `<prefix>Things`; `more` by dotted key name."""
    values: dict[str, Any] = {
        "source_db": str(database),
        "endpoint": url,
        "table_prefix": prefix,
        "dynamodb_tables": {"things": "Things"},
        "migration_settings.connections": 2,
        "migration_settings.in_flight": 2,
        "migration_settings.enable_validation": False,
        "logging.level": "CRITICAL",
    }
    write_config(folder / "config/migration.json", {**values, **more})
    (folder / "config/designs").mkdir(exist_ok=True)
    (folder / "config/designs/things.yaml").write_text(design)


@pytest.fixture
def moto(moto_server: str) -> Engine:
    return Engine("moto", moto_server)


@pytest.fixture(scope="session")
def commands(moto_server: str) -> Iterator[Children]:
    """Command lines on moto, without a fault, in the time that they take without their imports."""
    with children(Engine("moto", moto_server)) as forked:
        yield forked


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where the system has one: what is flushed there need not wait for a disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as name:
        yield Path(name)


def scan(engine: Engine, table: str) -> Iterator[dict[str, Any]]:
    """All that is in a table; nothing where there is no table."""
    body: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    while True:
        status, answer = request(engine.url, "Scan", body)
        if b"ResourceNotFoundException" in answer:
            return
        assert status == 200, answer
        page = json.loads(answer)
        yield from page["Items"]
        if not page.get("LastEvaluatedKey"):
            return
        body["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def items(engine: Engine, table: str) -> list[dict[str, Any]]:
    """All that is in a table but its lease."""
    return [item for item in scan(engine, table) if item["PK"]["S"] != LEASE]


@dataclass
class Things:
    """A folder with a database of ROWS rows, and the migration of it into the table `<prefix>Things`."""

    folder: Path
    engine: Engine
    prefix: str
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.database = self.folder / "things.sqlite"
        with closing(sqlite3.connect(self.database)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("CREATE TABLE Thing (Id INTEGER PRIMARY KEY, Name TEXT, Note TEXT)")
            rows = [(n, None, NOTE) if n in NAMELESS else (n, f"n{n}", None) for n in range(1, ROWS + 1)]
            connection.executemany("INSERT INTO Thing VALUES (?, ?, ?)", rows)
            connection.commit()
        more = {"batch_size": 2, "migration_settings.max_rejects": 2, **self.more}
        configure(self.folder, self.database, DESIGN, self.engine.url, self.prefix, more)

    @property
    def table(self) -> str:
        return f"{self.prefix}Things"

    @property
    def store(self) -> StateStore:
        return StateStore(self.folder / "state")

    def stored(self) -> dict[int, str]:
        """The items in the table, by row, as canonical text."""
        return {int(item["Id"]["N"]): canonical_item(item) for item in items(self.engine, self.table)}

    def clear(self) -> None:
        """Empties the table, which is quicker than making another one."""
        keys = [{name: item[name] for name in ("PK", "SK")} for item in scan(self.engine, self.table)]
        if keys:
            deletes = {self.table: [{"DeleteRequest": {"Key": key}} for key in keys]}
            assert self.engine.call("BatchWriteItem", {"RequestItems": deletes})["UnprocessedItems"] == {}

    def check_durable(self) -> Checkpoint | None:
        """Every row up to the saved position is in the table, or among the rejects that the state knows."""
        checkpoint = self.store.latest()
        if checkpoint is None:
            return None
        (entity,) = checkpoint.entities
        last = entity.position[0] if entity.position else 0
        assert isinstance(last, int)
        reached = set(range(1, last + 1))
        rejects = read_rejects(self.store.rejects_path(checkpoint.run_id), checkpoint.rejects_bytes)
        assert reached - set(self.stored()) <= {reject.source_key[0] for reject in rejects} <= NAMELESS
        return checkpoint

    def check_complete(self) -> None:
        """The table holds exactly the items of the sound rows, the reject file exactly the others."""
        checkpoint = self.check_durable()
        assert checkpoint and checkpoint.status == "completed"
        assert (checkpoint.items_written, checkpoint.rejected) == (ROWS - len(NAMELESS), len(NAMELESS))
        rejects = read_rejects(self.store.rejects_path(checkpoint.run_id))
        assert sorted(reject.source_key for reject in rejects) == [(n,) for n in sorted(NAMELESS)]
        assert self.stored() == {n: item(n) for n in range(1, ROWS + 1) if n not in NAMELESS}


def item(number: int) -> str:
    keys = f'"PK":{{"S":"THING#{number}"}},"SK":{{"S":"n{number}"}}'
    return f'{{"EntityType":{{"S":"Thing"}},"Id":{{"N":"{number}"}},"Name":{{"S":"n{number}"}},{keys}}}'
