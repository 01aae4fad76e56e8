"""The three engines the tests run on: dynoxide, DynamoDB Local and moto, one of each per session.

`scripts/engines` fetches the first two. Where one is missing its tests are skipped with the reason, or
fail if REQUIRE_ENGINES=1. All are in memory and shared by a session: use `table_prefix`.
DynamoDB Local keeps apart what comes with different access keys or regions.
"""

from __future__ import annotations

import http.client
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ROOT / ".engines"
READY_SECONDS = 180
LOOK_SECONDS = 5
"""For one look at whether a server answers: one that hangs as it starts must not take all of the time."""
QUICK_JAVA = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Half the processor time for a server that lives for minutes."""
PORT_TRIES = 3
SCOPE = "Credential=local/20200101/us-east-1/dynamodb/aws4_request"
AUTHORIZATION = f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host;x-amz-target, Signature=0"


@dataclass(frozen=True)
class Engine:
    """A running engine. `name` is dynoxide, dynamodb_local or moto."""

    name: str
    url: str

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to one plain request; anything but a 200 is an AssertionError."""
        status, answer = request(self.url, operation, body)
        assert status == 200, (status, answer[:500])
        parsed: dict[str, Any] = json.loads(answer)
        return parsed


def request(url: str, operation: str, body: Mapping[str, Any], seconds: float = 60) -> tuple[int, bytes]:
    """Status and body of one request, without any SDK. The engines look at no signature."""
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        "X-Amz-Date": "20200101T000000Z",
        "Authorization": AUTHORIZATION,
    }
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=seconds)
    try:
        connection.request("POST", "/", json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def unavailable(reason: str) -> NoReturn:
    """Skip, or fail where the engines are required."""
    if os.environ.get("REQUIRE_ENGINES") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def dynoxide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a dynoxide server, in memory."""
    with running_dynoxide(tmp_path_factory.mktemp("dynoxide") / "log") as url:
        yield url


@pytest.fixture(scope="session")
def dynamodb_local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a DynamoDB Local, in memory."""
    with running_dynamodb_local(tmp_path_factory.mktemp("dynamodb-local") / "log") as url:
        yield url


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of moto as the tool itself serves it: `migration_tool.embedded`."""
    folder = tmp_path_factory.mktemp("moto")
    registry = folder / "embedded.json"
    command = [sys.executable, "-m", "migration_tool.embedded", "serve", str(folder)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        if not wait_until(registry.is_file, process):
            pytest.fail(f"moto did not start: {(folder / 'log').read_text()[-2000:]}")
        yield json.loads(registry.read_text())["url"]
    finally:
        end(process)


FIXTURES = {"dynoxide": "dynoxide", "dynamodb_local": "dynamodb_local", "moto": "moto_server"}
REAL = [pytest.param(name, marks=pytest.mark.engine) for name in ("dynoxide", "dynamodb_local")]


@pytest.fixture(scope="session", params=[*REAL, "moto"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each of the three engines in turn."""
    return Engine(request.param, request.getfixturevalue(FIXTURES[request.param]))


@pytest.fixture(scope="session", params=REAL)
def real_engine(request: pytest.FixtureRequest) -> Engine:
    """Each of the two engines that keep DynamoDB's rules: what moto accepts proves little."""
    return Engine(request.param, request.getfixturevalue(FIXTURES[request.param]))


@contextmanager
def running_dynoxide(log: Path) -> Iterator[str]:
    program = ENGINES / "dynoxide/dynoxide"
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        unavailable("dynoxide runs on Linux on x86-64 only")
    if not program.is_file():
        unavailable("dynoxide is not in .engines: run scripts/engines")
    with running(lambda port: [program, "serve", "--port", str(port)], ROOT, log) as url:
        yield url


@contextmanager
def running_dynamodb_local(log: Path) -> Iterator[str]:
    folder = ENGINES / "dynamodb-local"
    if not (folder / "DynamoDBLocal.jar").is_file():
        unavailable("DynamoDB Local is not in .engines: run scripts/engines")
    if java_version() < 17:
        unavailable("DynamoDB Local needs Java 17 or newer (Debian: apt install openjdk-17-jre-headless)")
    program = ["-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar", "-inMemory"]
    with running(lambda port: ["java", *QUICK_JAVA, *program, "-port", str(port)], folder, log) as url:
        yield url


@contextmanager
def running(command: Callable[[int], list[Any]], folder: Path, log: Path) -> Iterator[str]:
    """The URL of a server that runs meanwhile; another port is tried if somebody took the first one."""
    for _ in range(PORT_TRIES):
        port = free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command(port), cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        url = f"http://127.0.0.1:{port}"
        try:
            if wait_until(partial(answers, url), process):
                yield url
                return
            if process.poll() is None:
                break
        finally:
            end(process)
    pytest.fail(f"{command(0)[0]} did not start: {log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def answers(url: str) -> bool:
    try:
        return request(url, "ListTables", {}, LOOK_SECONDS)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> bool:
    """Whether it became ready while the process lived."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return process.poll() is None
        time.sleep(0.05)
    return False


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def java_version() -> int:
    """The major version of the java on the path; 0 without one."""
    if not shutil.which("java"):
        return 0
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0
