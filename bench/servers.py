"""What product and peers write to: a sink of its own process, or a real engine."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.child import environment
from bench.plan import ROOT
from bench.product import work_folder

SINK = "sink"


@dataclass(frozen=True)
class Server:
    """A DynamoDB endpoint. Only a sink (`python -m bench.sink`) counts and can be limited."""

    name: str
    url: str

    @property
    def counts(self) -> bool:
        return self.name == SINK

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/stats") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def reset(self) -> None:
        """Makes a sink count anew; its tables stay."""
        if self.counts:
            self._post("reset", {})

    def limit(self, capacity: Mapping[str, Any]) -> None:
        """From now on the sink throttles as these limits (bench.capacity) say."""
        self._post("capacity", capacity)

    def prepare(self) -> None:
        """Makes a sink that keeps its items ready to give them back."""
        self._post("prepare", None)

    def require_items(self, wanted: int) -> None:
        """Raises RuntimeError unless the sink has taken exactly so many items since the last reset."""
        if self.counts and (found := self.stats()["items"]) != wanted:
            raise RuntimeError(f"the sink has taken {found:,} items, not {wanted:,}")

    def _post(self, path: str, body: Mapping[str, Any] | None) -> None:
        request = urllib.request.Request(f"{self.url}/{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request):
            pass


@contextmanager
def sink(*options: object) -> Iterator[Server]:
    """A sink that runs meanwhile, in a process of its own; it ends with us, too."""
    command = [sys.executable, "-m", "bench.sink", *map(str, options)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=pipe, stdout=pipe, text=True
    ) as process:
        try:
            url = process.stdout.readline().strip() if process.stdout else ""
            if not url:
                raise RuntimeError(f"{' '.join(command)} did not start")
            yield Server(SINK, url)
        finally:
            process.terminate()


@contextmanager
def engine(name: str) -> Iterator[Server]:
    """dynoxide or dynamodb_local, in memory, as the tests start them. RuntimeError where it is missing."""
    from tests.engines import ENGINES, running

    folder, program, words = _ENGINES[name]
    home = ENGINES / folder
    if not (home / program).is_file():
        raise RuntimeError(f"{name} is not in .engines: run scripts/engines")
    with work_folder() as work, running(lambda port: [*words, str(port)], home, work / "log") as url:
        yield Server(name, url)


_JAR = "DynamoDBLocal.jar"
_ENGINES: dict[str, tuple[str, str, list[str]]] = {
    "dynoxide": ("dynoxide", "dynoxide", ["./dynoxide", "serve", "--port"]),
    "dynamodb_local": (
        "dynamodb-local",
        _JAR,
        ["java", "-Djava.library.path=./DynamoDBLocal_lib", "-jar", _JAR, "-inMemory", "-port"],
    ),
}
"""Folder in .engines, the file that must be there, and the command without its port."""
