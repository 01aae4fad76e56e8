"""The product, used as a user does: through its command line, one process per command."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from bench.child import Child, Ended
from bench.plan import CACHE, ROOT

MIGRATE = ROOT / "migrate.py"
PREFIX = "bench_"
MUSIC = "music_catalog"
_PAUSE = 0.002


class Product:
    """A folder with a configuration of its own: validation off, the source read in place."""

    def __init__(self, folder: Path, source: Path, url: str, **settings: Any) -> None:
        self.folder = folder
        self.url = url
        self.config = folder / "config" / "migration.json"
        self._logs = count()
        self._values: dict[str, Any] = {
            "source_db": str(source),
            "table_prefix": PREFIX,
            "endpoint": url,
            "migration_settings": {"enable_validation": False, "source_snapshot": "live", **settings},
        }
        self.config.parent.mkdir()
        self._write()

    def _write(self) -> None:
        self.config.write_text(json.dumps(self._values))

    def use(self, name: str, design: str) -> Path:
        """Gives the folder a design of its own, as YAML; its table is called after it."""
        path = self.config.parent / "designs" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(design)
        self._values.setdefault("dynamodb_tables", {})[name] = table_name(name).removeprefix(PREFIX)
        self._write()
        return path

    def start(self, *arguments: object) -> Child:
        log = self.folder / f"output-{next(self._logs)}"
        return Child([sys.executable, MIGRATE, *arguments], self.folder, log)

    def run(self, *arguments: object, expected: int = 0) -> Ended:
        return self.start(*arguments).wait(expected)

    def migrate(self, design: str, *arguments: object) -> Ended:
        """The whole of `migrate` for one design, the tables made anew."""
        return self.run(*_begin(design), *arguments)

    def begin(self, design: str, *arguments: object) -> Child:
        return self.start(*_begin(design), *arguments)

    def state(self) -> dict[str, Any]:
        """The payload of the newest run's state file; {} while there is none."""
        found = sorted((self.folder / "state").glob("20*.json"))
        return json.loads(found[-1].read_text())["payload"] if found else {}

    @property
    def written(self) -> int:
        """Items that the newest run has written and saved."""
        return sum(entity["items_written"] for entity in self.state().get("entities", ()))

    @property
    def loading_seconds(self) -> float:
        return float(self.state()["counters"]["loading_seconds"])


def _begin(design: str) -> tuple[object, ...]:
    return "migrate", "--tables", design, "--force", "--yes"


def design_file(name: str) -> Path:
    """A design that ships."""
    return ROOT / "config" / "designs" / f"{name}.yaml"


def table_name(design: str) -> str:
    """The physical name of a design's table."""
    return PREFIX + "".join(word.capitalize() for word in design.split("_"))


@contextmanager
def product(source: Path, url: str, **settings: Any) -> Iterator[Product]:
    """A product in a folder that is gone afterwards."""
    with work_folder() as folder:
        yield Product(folder, source, url, **settings)


@contextmanager
def work_folder() -> Iterator[Path]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="work-", dir=CACHE) as name:
        yield Path(name)


def wait_for(reached: Callable[[], bool], child: Child) -> None:
    """Looks again and again. Raises RuntimeError when the child ends first."""
    while not reached():
        if not child.running:
            child.wait()
            raise RuntimeError("the program ended before what was waited for")
        time.sleep(_PAUSE)
