"""The embedded DynamoDB: found again, one per folder, gone when it is gone, losing nothing it accepted."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from migration_tool import embedded
from migration_tool.errors import TargetError
from tests.engines import Engine

ROOT = Path(__file__).resolve().parent.parent
KEYS = {"PK": "HASH", "SK": "RANGE"}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A state folder whose server, if any, is ended after the test."""
    yield tmp_path / "state"
    embedded.stop(tmp_path / "state")


def create_table(engine: Engine, name: str) -> None:
    engine.call(
        "CreateTable",
        {
            "TableName": name,
            "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in KEYS.items()],
            "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in KEYS],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )


def scan(engine: Engine, name: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    body: dict[str, Any] = {"TableName": name, "ConsistentRead": True}
    while True:
        page = engine.call("Scan", body)
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            return items
        body["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def test_start_gives_a_dynamodb_that_is_found_again_and_stops(folder: Path) -> None:
    server = embedded.start(folder)
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert Engine("moto", server.url).call("ListTables", {}) == {"TableNames": []}
    assert embedded.find(folder) == server == embedded.start(folder)
    assert embedded.stop(folder) is True
    assert embedded.find(folder) is None
    assert embedded.stop(folder) is False
    assert not (folder / embedded.REGISTRY).exists()


def test_nothing_runs_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert embedded.find(tmp_path / "nowhere") is None
    assert embedded.stop(tmp_path / "nowhere") is False
    assert list(tmp_path.iterdir()) == []


def test_looking_for_it_needs_no_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = embedded.start(folder)
    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", None)
        patch.setattr(embedded, "_ask", None)
        assert embedded.find(folder) == server


def test_it_outlives_the_process_that_started_it(folder: Path) -> None:
    code = "import sys; from pathlib import Path; from migration_tool import embedded; "
    code += "print(embedded.start(Path(sys.argv[1])).url)"
    command = [sys.executable, "-W", "error", "-c", code, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    server = embedded.find(folder)
    assert server and server.url == done.stdout.strip()
    assert os.getsid(server.pid) != os.getsid(0)
    assert Engine("moto", server.url).call("ListTables", {}) == {"TableNames": []}


def test_starts_at_the_same_time_end_with_one_server(folder: Path) -> None:
    with ThreadPoolExecutor(5) as pool:
        servers = set(pool.map(embedded.start, [folder] * 5))
    assert servers == {embedded.find(folder)}


def test_two_folders_have_two_servers(folder: Path, tmp_path: Path) -> None:
    one, other = embedded.start(folder), embedded.start(tmp_path / "other")
    try:
        assert one.port != other.port
        create_table(Engine("moto", one.url), "Here")
        assert Engine("moto", other.url).call("ListTables", {}) == {"TableNames": []}
    finally:
        embedded.stop(tmp_path / "other")
    assert embedded.find(folder) == one


def test_a_killed_server_is_not_found_and_its_tables_are_gone(folder: Path) -> None:
    first = embedded.start(folder)
    create_table(Engine("moto", first.url), "Lost")
    os.kill(first.pid, signal.SIGKILL)
    wait_for_end(folder)
    assert (folder / embedded.REGISTRY).exists()
    assert embedded.find(folder) is None
    second = embedded.start(folder)
    assert second.instance != first.instance
    assert Engine("moto", second.url).call("ListTables", {}) == {"TableNames": []}


def test_sigterm_ends_it_cleanly(folder: Path) -> None:
    server = embedded.start(folder)
    os.kill(server.pid, signal.SIGTERM)
    wait_for_end(folder)
    assert not (folder / embedded.REGISTRY).exists()
    assert (folder / embedded.LOG).read_text() == ""


def wait_for_end(folder: Path) -> None:
    deadline = time.monotonic() + 30
    while embedded._alive(folder) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not embedded._alive(folder)


def test_its_files_are_for_the_user_alone(folder: Path) -> None:
    embedded.start(folder)
    for name in (embedded.REGISTRY, embedded.LOCK, embedded.LOG):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


def test_a_stranger_at_the_port_cannot_end_it(folder: Path) -> None:
    server = embedded.start(folder)
    stranger = embedded.Server(server.url, server.pid, server.port, "guess", server.started_at)
    assert embedded._ask(stranger, "DELETE") is None
    assert embedded._ask(server, "GET") == server.instance


def test_a_registry_that_names_another_server_is_not_believed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = embedded.start(folder)
    registry = folder / embedded.REGISTRY
    honest = registry.read_text()
    registry.write_text(json.dumps(json.loads(honest) | {"instance": "another"}))
    monkeypatch.setattr(embedded, "START_SECONDS", 0.3)
    with pytest.raises(TargetError, match="did not answer"):
        embedded.start(folder)
    registry.write_text(honest)
    assert embedded.start(folder) == server


SERVER = {"url": "http://127.0.0.1:1", "pid": 1, "port": 1, "instance": "x", "started_at": 1.5}
DAMAGED = [
    "", "[]", "{}", "null", '{"url": "http://127.0.0.1:1"}', "\x00", "[" * 5000,
    *(json.dumps(SERVER | {name: [value]}) for name, value in SERVER.items()),
    json.dumps(SERVER | {"port": 65536, "url": "http://127.0.0.1:65536"}),
    json.dumps(SERVER | {"url": "https://elsewhere.example:1"}),
]  # fmt: skip


@pytest.mark.parametrize("content", DAMAGED, ids=lambda content: content[:90])
def test_a_damaged_registry_is_no_server(folder: Path, content: str) -> None:
    folder.mkdir()
    with (folder / embedded.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / embedded.REGISTRY).write_text(content)
        assert embedded.find(folder) is None


def test_a_server_that_does_not_end_is_an_error_with_a_hint(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    monkeypatch.setattr(embedded, "STOP_SECONDS", 0.2)
    gone = embedded.Server("http://127.0.0.1:1", 1, 1, "none", 0.0)
    (folder / embedded.REGISTRY).write_text(json.dumps(gone.__dict__))
    with (folder / embedded.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(TargetError, match="did not end") as caught:
            embedded.stop(folder)
    assert "process 1" in caught.value.hint


def test_a_server_that_cannot_start_is_quoted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = folder.parent / "python"
    broken.write_text("#!/bin/sh\necho 'first words' >&2\necho 'no module named moto' >&2\nexit 4\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    with pytest.raises(TargetError, match="code 4") as caught:
        embedded.start(folder)
    assert caught.value.faults == ("first words", "no module named moto")
    assert "embedded start" in caught.value.hint


def test_a_python_that_is_not_there_is_a_target_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(TargetError, match="/nowhere/python"):
        embedded.start(folder)


def test_a_server_that_ends_before_it_answers_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_launch", lambda folder: True)
    with pytest.raises(TargetError, match="before it answered"):
        embedded.start(folder)


def test_a_lock_that_is_no_file_is_a_target_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / embedded.LOCK).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TargetError):
        embedded.find(tmp_path / "linked")
    folder.mkdir()
    (folder / embedded.LOCK).mkdir()
    with pytest.raises(TargetError, match="ended with code"):
        embedded.start(folder)


def test_a_state_folder_that_cannot_be_made_is_a_target_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TargetError):
        embedded.start(tmp_path / "file/state")


def test_the_users_aws_settings_do_not_reach_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "not-there")
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "999999999999")
    engine = Engine("moto", embedded.start(folder).url)
    create_table(engine, "Plain")
    assert ":123456789012:" in engine.call("DescribeTable", {"TableName": "Plain"})["Table"]["TableArn"]


def test_importing_it_loads_no_server_and_no_cloud_library() -> None:
    code = "import sys, migration_tool.embedded; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"moto", "boto3", "botocore", "flask", "werkzeug", "pycurl", "click", "rich"}


def test_its_process_wants_to_know_what_to_do() -> None:
    with pytest.raises(SystemExit, match="usage"):
        embedded.main(["dance"])


def test_a_second_process_on_one_folder_leaves(folder: Path) -> None:
    embedded.start(folder)
    command = [sys.executable, "-m", "migration_tool.embedded", "serve", str(folder)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == embedded.BUSY


def test_parallel_writers_lose_nothing(folder: Path) -> None:
    engine = Engine("moto", embedded.start(folder).url)
    create_table(engine, "Many")

    def put(start: int) -> None:
        """25 items; every partition is shared by all writers, which is where moto alone loses some."""
        items = [
            {"PK": {"S": f"P{number % 125}"}, "SK": {"S": f"{number:06}"}}
            for number in range(start, start + 25)
        ]
        body = {"RequestItems": {"Many": [{"PutRequest": {"Item": item}} for item in items]}}
        assert engine.call("BatchWriteItem", body)["UnprocessedItems"] == {}

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(put, range(0, 3000, 25)))
    assert sorted(item["SK"]["S"] for item in scan(engine, "Many")) == [f"{n:06}" for n in range(3000)]


def test_requests_pass_one_at_a_time_but_the_identity_does_not_wait() -> None:
    inside, most, entered, leave = 0, 0, threading.Event(), threading.Event()

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        entered.set()
        leave.wait(20)
        time.sleep(0.001)
        inside -= 1
        return [b""]

    gate = embedded._Gate(application, "me")

    def identity() -> Iterable[bytes]:
        return gate({"PATH_INFO": "/_embedded", "REQUEST_METHOD": "GET"}, lambda *_: None)

    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(gate, {"PATH_INFO": "/"}, lambda *_: None) for _ in range(40)]
        assert entered.wait(20)
        assert json.loads(b"".join(identity())) == {"instance": "me"}
        leave.set()
        assert [list(call.result()) for call in calls] == [[b""]] * 40
    assert most == 1


def test_the_quick_order_of_items_is_motos_own() -> None:
    """The server sorts by plain key values where moto compares its own key objects."""
    from moto.dynamodb.models.table import Table

    from migration_tool import embedded_moto

    chance = random.Random(5)
    schema = [{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}]
    types = [{"AttributeName": "PK", "AttributeType": "S"}, {"AttributeName": "SK", "AttributeType": "N"}]
    table = Table("orders", "123456789012", "us-east-1", schema=schema, attr=types)
    for _ in range(300):
        name = "".join(chance.choice("aZé#\x01€😀") for _ in range(chance.randint(1, 4)))
        table.put_item({"PK": {"S": name}, "SK": {"N": str(chance.choice([-10, 9, 10, 1.5, 100]))}})
    assert len(table.all_items()) > 100
    assert embedded_moto.all_items(table) == table.all_items()


def test_the_quick_answers_are_motos_own(folder: Path) -> None:
    """Every kind of value, by Scan, Query and GetItem: the embedded server says what moto itself says."""
    from moto.server import ThreadedMotoServer

    values: dict[str, Any] = {
        "PK": {"S": "p"}, "text": {"S": "é\u0001#"}, "empty": {"S": ""}, "number": {"N": "-1.50"},
        "zero": {"N": "0"}, "blob": {"B": "AAEC"}, "true": {"BOOL": True}, "null": {"NULL": True},
        "list": {"L": [{"S": "a"}, {"N": "1"}, {"L": []}, {"M": {"x": {"NULL": True}}}]},
        "map": {"M": {"a": {"N": "1"}, "b": {"L": [{"S": ""}]}, "c": {"M": {}}}},
        "texts": {"SS": ["a", "b"]}, "numbers": {"NS": ["1", "2"]},
    }  # fmt: skip
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        plain = answers_of(Engine("plain", f"http://{host}:{port}"), values)
    finally:
        server.stop()
    quick = answers_of(Engine("embedded", embedded.start(folder).url), values)
    assert quick == plain
    assert quick[1]["Items"][0]["list"] == values["list"]


def answers_of(engine: Engine, values: dict[str, Any]) -> list[dict[str, Any]]:
    create_table(engine, "kinds")
    for number in range(3):
        engine.call("PutItem", {"TableName": "kinds", "Item": {**values, "SK": {"S": f"{number}"}}})
    question = {"KeyConditionExpression": "PK = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}
    return [
        engine.call("Scan", {"TableName": "kinds", "Limit": 2}),
        engine.call("Query", {"TableName": "kinds", **question}),
        engine.call("GetItem", {"TableName": "kinds", "Key": {"PK": {"S": "p"}, "SK": {"S": "1"}}}),
    ]
