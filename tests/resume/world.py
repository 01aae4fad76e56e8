"""One migration in a folder of its own: configuration, commands, an independent look at the result."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from migration_tool import attributes
from migration_tool.config import write_config
from migration_tool.design.compile import compile_design
from migration_tool.design.load import load_design
from migration_tool.source.sqlite import SqliteSource
from migration_tool.state.store import StateStore
from tests import warm
from tests.engines import Engine

ROOT = Path(__file__).resolve().parents[2]
TABLES = {
    "music_catalog": "MusicCatalog",
    "customer_data": "CustomerData",
    "playlist_data": "PlaylistData",
    "employee_data": "EmployeeData",
}


@dataclass
class World:
    """`batch` items a request; `in_flight` batches at most that a resume may send again."""

    folder: Path
    database: Path
    engine: Engine
    prefix: str
    batch: int = 25
    in_flight: int = 256
    extra: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        values = {
            "source_db": str(self.database),
            "endpoint": self.engine.url,
            "table_prefix": self.prefix,
            "batch_size": self.batch,
            "migration_settings.in_flight": self.in_flight,
            "migration_settings.connections": min(4, self.in_flight),
            **(self.extra or {}),
        }
        write_config(self.folder / "config/migration.json", values)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return warm.run([str(ROOT / "migrate.py"), *words], self.folder)

    def killed(self, point: str, number: int, *words: str) -> bool:
        """Runs a command that dies at one of killer.POINTS; False when it came to its end before."""
        code, said = self.run_until(point, number, *words)
        assert code in (-9, 0), said
        return code == -9

    def run_until(self, point: str, number: int, *words: str) -> tuple[int, str]:
        """The exit code of a command that dies at one of killer.POINTS, and the end of what it said."""
        done = warm.run([str(ROOT / "tests/resume/killer.py"), point, str(number), *words], self.folder)
        return done.returncode, done.stderr[-2000:]

    def has_state(self) -> bool:
        return StateStore(self.folder / "state").latest() is not None

    def durable(self) -> int:
        """Items that the state on disk says are written; every one of them must be in its table."""
        checkpoint = StateStore(self.folder / "state").latest()
        if checkpoint is None:
            return 0
        for design in {entity.table for entity in checkpoint.entities if entity.items_written}:
            there = Counter(item.get("EntityType", {}).get("S") for item in self.stored(design))
            for entity in checkpoint.entities:
                if entity.table == design:
                    assert there[entity.entity] >= entity.items_written, (entity, there)
        return checkpoint.items_written

    @property
    def expected_count(self) -> int:
        return sum(sum(self.expected(name).values()) for name in TABLES)

    def expected(self, design: str) -> Counter[str]:
        """Every item of the table as canonical text, straight from the source."""
        return Counter(_expected(self.database, self.database.stat().st_mtime_ns, design))

    def actual(self, design: str) -> Counter[str]:
        """Every item of the table as canonical text."""
        return Counter(attributes.canonical_item(item) for item in self.stored(design))

    def stored(self, design: str) -> Iterator[dict[str, Any]]:
        """Every item of the table, by a plain paged scan."""
        request: dict[str, Any] = {"TableName": self.prefix + TABLES[design], "ConsistentRead": True}
        while True:
            page = self.engine.call("Scan", request)
            yield from page["Items"]
            if not page.get("LastEvaluatedKey"):
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def check_equal(self) -> None:
        for design in TABLES:
            assert self.actual(design) == self.expected(design), design

    def state(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return parsed


@cache
def _expected(database: Path, changed: int, design: str) -> Counter[str]:
    with SqliteSource(database) as source:
        compiled = compile_design(load_design(ROOT / f"config/designs/{design}.yaml"), source.schema)
        return Counter(
            entity.item(row)[2] for entity in compiled.entities for _, row in source.rows(entity.read)
        )
