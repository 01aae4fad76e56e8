from __future__ import annotations

import signal
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from migration_tool.errors import TargetError
from migration_tool.target.answers import Answer, Reaction, classify
from migration_tool.target.session import Credentials, Target
from migration_tool.target.table import describe
from migration_tool.target.wire import Wire
from tests.certificates import self_signed, server_side

from .fake import FakeServer, Replies, Reply, Seen, fault

Serve = Callable[[Replies], FakeServer]
GOOD = b'{"UnprocessedItems":{}}'


@contextmanager
def wired(url: str, connections: int = 2, timeout: float = 20.0) -> Iterator[Wire]:
    with Wire(Target(url, "eu-west-1", timeout, connections)) as wire:
        yield wire


def ask(wire: Wire, body: bytes = b"{}", operation: str = "BatchWriteItem") -> Answer:
    wire.submit(operation, body, "tag")
    return collect(wire, 1)[0]


def collect(wire: Wire, number: int) -> list[Answer]:
    answers: list[Answer] = []
    while len(answers) < number:
        answers += wire.wait(10.0)
    return answers


def test_a_request_is_what_dynamodb_expects(serve: Serve) -> None:
    server = serve([Reply(body=GOOD, crc=zlib.crc32(GOOD))])
    with wired(server.url) as wire:
        answer = ask(wire, b'{"RequestItems":{}}')
    assert (answer.tag, answer.status, answer.body, answer.error) == ("tag", 200, GOOD, "")
    assert answer.crc_ok
    [seen] = server.seen
    assert seen.body == b'{"RequestItems":{}}'
    assert seen.headers["X-Amz-Target"] == "DynamoDB_20120810.BatchWriteItem"
    assert seen.headers["Content-Type"] == "application/x-amz-json-1.0"
    assert "Expect" not in seen.headers
    assert "X-Amz-Security-Token" not in seen.headers


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"{}", b"null", b'{"UnprocessedItems":null}'])
def test_a_200_arrives_as_it_is_and_is_not_taken_for_done(serve: Serve, body: bytes) -> None:
    with wired(serve([Reply(200, body)]).url) as wire:
        answer = ask(wire)
    assert (answer.status, answer.body) == (200, body)
    assert classify(answer, "UnprocessedItems").reaction is Reaction.TRANSIENT


@pytest.mark.parametrize("crc", [zlib.crc32(GOOD) ^ 1, "odd", "", -1])
def test_a_wrong_crc_is_seen(serve: Serve, crc: int | str) -> None:
    with wired(serve([Reply(200, GOOD, crc)]).url) as wire:
        assert not ask(wire).crc_ok


@pytest.mark.parametrize("status", [400, 413, 429, 500, 502, 503, 504])
def test_a_failure_arrives_with_its_body(serve: Serve, status: int) -> None:
    body = b'{"__type":"x#Y"}'
    with wired(serve([Reply(status, body, zlib.crc32(body))]).url) as wire:
        answer = ask(wire)
    assert (answer.status, answer.body, answer.crc_ok) == (status, body, True)


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    server = serve([Reply(302, b"elsewhere")])
    with wired(server.url) as wire:
        assert ask(wire).status == 302
    assert len(server.seen) == 1


@pytest.mark.parametrize("cut", ["before", "middle"])
def test_a_cut_connection_is_no_answer_and_the_wire_goes_on(serve: Serve, cut: str) -> None:
    server = serve([Reply(cut=cut), Reply(body=GOOD)])  # type: ignore[arg-type]
    with wired(server.url, connections=1) as wire:
        answer = ask(wire)
        assert (answer.status, answer.body) == (0, b"")
        assert answer.error
        assert wire.free == 1
        assert ask(wire).status == 200


def test_a_timeout_is_no_answer(serve: Serve) -> None:
    with wired(serve([Reply(cut="silent")]).url, timeout=0.2) as wire:
        answer = ask(wire)
    assert answer.status == 0
    assert "timed out" in answer.error.lower()


def test_a_refused_connection_is_no_answer() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with wired(f"http://127.0.0.1:{held.getsockname()[1]}") as wire:
            answer = ask(wire)
    assert answer.status == 0
    assert "connect" in answer.error.lower()


def test_connections_are_kept_and_no_more_than_told_are_opened(serve: Serve) -> None:
    server = serve([Reply(body=GOOD)])
    with wired(server.url, connections=3) as wire:
        sent = answered = 0
        while answered < 60:
            while wire.free and sent < 60:
                wire.submit("BatchWriteItem", b"{}", sent)
                sent += 1
            answered += len(wire.wait(10.0))
    assert len(server.seen) == 60
    assert server.connections <= 3


def test_answers_find_their_tags(serve: Serve) -> None:
    server = serve(lambda seen: Reply(body=seen.body))
    with wired(server.url, connections=8) as wire:
        for number in range(8):
            wire.submit("BatchWriteItem", b"%d" % number, number)
        assert wire.free == 0
        answers = collect(wire, 8)
    assert {answer.tag: answer.body for answer in answers} == {n: b"%d" % n for n in range(8)}


def test_a_large_body_and_a_large_answer_pass_whole(serve: Serve) -> None:
    big = bytes(range(256)) * 16_000
    server = serve([Reply(200, big, zlib.crc32(big))])
    with wired(server.url) as wire:
        answer = ask(wire, big)
    assert server.seen[0].body == big
    assert (answer.body, answer.crc_ok) == (big, True)


@pytest.mark.parametrize("token", [None, "a/token+with=signs=="])
def test_the_signature_is_botocores(serve: Serve, token: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalr:XUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    server = serve([Reply(body=GOOD)])
    with wired(server.url, connections=1) as wire:
        for operation, body in (("BatchWriteItem", b"x" * 16_384), ("Query", '{"ü":1}'.encode())):
            ask(wire, body, operation)
    assert [seen.operation for seen in server.seen] == ["BatchWriteItem", "Query"]
    for seen in server.seen:
        assert seen.headers.get("X-Amz-Security-Token") == token
        names, signature = signed(seen)
        assert {"host", "x-amz-date", "x-amz-target"} <= names
        assert ("x-amz-security-token" in names) == bool(token)
        assert signature == botocore_signature(seen, names, server.url, token)


def signed(seen: Seen) -> tuple[set[str], str]:
    fields = seen.headers["Authorization"].removeprefix("AWS4-HMAC-SHA256 ").split(",")
    values = dict(part.strip().split("=", 1) for part in fields)
    assert values["Credential"].endswith("/eu-west-1/dynamodb/aws4_request")
    return set(values["SignedHeaders"].split(";")), values["Signature"]


def botocore_signature(seen: Seen, names: set[str], url: str, token: str | None) -> str:
    headers = {name: value for name, value in seen.headers.items() if name.lower() in names}
    request = AWSRequest("POST", url + "/", headers, seen.body)
    request.context["timestamp"] = seen.headers["X-Amz-Date"]
    held = BotoCredentials("AKIDEXAMPLE", "wJalr:XUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    auth = SigV4Auth(held, "dynamodb", "eu-west-1")
    return str(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


def test_credentials_are_looked_up_at_most_once_a_second(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    target = Target(serve([Reply(body=GOOD)]).url, "eu-west-1", 20, 1)
    looked: list[float] = []
    found = target.credentials()

    def credentials() -> Credentials:
        looked.append(now[0])
        return found

    monkeypatch.setattr(target, "credentials", credentials)
    with Wire(target, clock=lambda: now[0]) as wire:
        for moment in (100.0, 100.5, 100.99, 101.0, 101.5, 102.5):
            now[0] = moment
            ask(wire)
    assert looked == [100.0, 101.0, 102.5]


def test_refreshed_credentials_sign_the_next_request(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOLD")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    server = serve([Reply(body=GOOD)])
    with wired(server.url, connections=1) as wire:
        first = ask(wire)
        assert not wire.refresh_credentials(first.credentials)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDNEW")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "fresh")
        assert wire.refresh_credentials(first.credentials)
        second = ask(wire)
        assert wire.refresh_credentials(first.credentials), "already others than those"
        assert not wire.refresh_credentials(second.credentials)
    old, new = server.seen
    assert "AKIDOLD" in old.headers["Authorization"]
    assert "AKIDNEW" in new.headers["Authorization"]
    assert new.headers["X-Amz-Security-Token"] == "fresh"


def test_a_wait_with_nothing_to_come_sleeps_and_does_not_spin(serve: Serve) -> None:
    with wired(serve([Reply(cut="silent")]).url) as wire:
        assert turns(wire, lambda: wire.wait(0.2)) < 50
        wire.submit("BatchWriteItem", b"{}", 1)
        assert turns(wire, lambda: wire.wait(0.3)) < 100
        assert turns(wire, lambda: wire.wait(0.3), blind=True) < 100


def turns(wire: Wire, act: Callable[[], list[Answer]], blind: bool = False) -> int:
    """How often the wait had to look before its time was over; `blind`: with no socket to watch."""
    real, looks, began = wire._multi, [0], time.monotonic()

    class Counted:
        def __getattr__(self, name: str) -> object:
            looks[0] += name == "perform"
            hidden = {"select": lambda seconds: 0, "fdset": lambda: ([], [], [])}
            return hidden.get(name) if blind and name in hidden else getattr(real, name)

    wire._multi = Counted()
    try:
        assert act() == []
    finally:
        wire._multi = real
    assert time.monotonic() - began >= 0.15
    return looks[0]


def test_a_wait_ends_with_the_first_answer(serve: Serve) -> None:
    def reply(seen: Seen) -> Reply:
        return Reply(cut="silent") if seen.body == b"slow" else Reply(body=GOOD)

    with wired(serve(reply).url) as wire:
        wire.submit("BatchWriteItem", b"slow", "slow")
        wire.submit("BatchWriteItem", b"fast", "fast")
        assert [answer.tag for answer in wire.wait(20.0)] == ["fast"]
        assert wire.free == 1


def test_a_signal_ends_a_wait_early(serve: Serve) -> None:
    caught: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: caught.append(number))
    try:
        with wired(serve([Reply(cut="silent")]).url, timeout=600) as wire:
            wire.submit("BatchWriteItem", b"{}", 1)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            answers: list[Answer] = [Answer(0, 0, b"")]
            while not caught:
                answers = wire.wait(600.0)
        assert answers == []
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_answers_go_to_the_inbox_of_their_request(serve: Serve) -> None:
    with wired(serve([Reply(body=GOOD)]).url) as wire:
        mine: list[Answer] = []
        wire.submit("Query", b"{}", "mine", mine)
        wire.submit("BatchWriteItem", b"{}", "other")
        assert [answer.tag for answer in collect(wire, 1)] == ["other"]
        while not (answers := wire.wait(10.0, mine)):
            continue
        assert [answer.tag for answer in answers] == ["mine"]


def test_cancelling_drops_only_the_requests_of_that_inbox(serve: Serve) -> None:
    def reply(seen: Seen) -> Reply:
        return Reply(cut="silent") if seen.body == b"slow" else Reply(body=GOOD)

    with wired(serve(reply).url) as wire:
        mine: list[Answer] = []
        wire.submit("Query", b"slow", "mine", mine)
        wire.submit("BatchWriteItem", b"fast", "other")
        wire.cancel(mine)
        assert [answer.tag for answer in collect(wire, 1)] == ["other"]
        assert wire.free == 2
        assert wire.wait(0.0, mine) == []


def test_an_exception_leaves_nothing_behind(serve: Serve) -> None:
    server = serve([Reply(cut="silent")])
    with pytest.raises(RuntimeError, match="elsewhere"), wired(server.url, connections=4) as wire:
        handles = [line.easy for line in wire._lines.values()]
        multi = wire._multi
        wire.submit("BatchWriteItem", b"{}", 1)
        wire.wait(0.05)
        raise RuntimeError("elsewhere")
    assert all(handle.closed for handle in handles)
    assert multi.closed
    assert wire.free == 0


def test_a_submit_that_fails_gives_its_connection_back(serve: Serve) -> None:
    with wired(serve([Reply(body=GOOD)]).url, connections=1) as wire:
        with pytest.raises(TypeError):
            wire.submit("BatchWriteItem", object(), 1)  # type: ignore[arg-type]
        assert wire.free == 1
        assert ask(wire).status == 200


def test_credentials_that_cannot_be_had_take_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target("https://dynamo.example.com", "eu-west-1", 5, 2)

    def none() -> None:
        raise TargetError("find AWS credentials", "region", "there are none")

    monkeypatch.setattr(target, "credentials", none)
    with Wire(target) as wire:
        with pytest.raises(TargetError):
            wire.submit("BatchWriteItem", b"{}", 1)
        assert wire.free == 2


def test_a_proxy_is_not_used_for_this_machine(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with wired(serve([Reply(body=GOOD)]).url) as wire:
        assert ask(wire).status == 200


@pytest.fixture(params=["trusted", "unknown", "of another host"])
def certificate(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, bool]:
    """A key and a certificate in one file, and whether to be content with it."""
    host = "127.0.0.2" if request.param == "of another host" else "127.0.0.1"
    file = self_signed(tmp_path / "both.pem", [host])
    if request.param != "unknown":
        monkeypatch.setenv("AWS_CA_BUNDLE", str(file))
    return file, request.param == "trusted"


def test_only_the_right_certificate_gets_the_request(certificate: tuple[Path, bool]) -> None:
    file, good = certificate
    with FakeServer([Reply(body=GOOD)], server_side(file)) as server, wired(server.url) as wire:
        answer = ask(wire, b"the item")
    assert answer.status == (200 if good else 0)
    assert [seen.body for seen in server.seen] == ([b"the item"] if good else [])
    assert good or "certificate" in answer.error.lower()


def test_only_the_right_certificate_gets_a_question_about_a_table(
    certificate: tuple[Path, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, good = certificate
    monkeypatch.setattr("migration_tool.target.session._ATTEMPTS", 1)
    with FakeServer([fault("ResourceNotFoundException")], server_side(file)) as server:
        target = Target(server.url, "eu-west-1", 20, 2)
        if good:
            assert describe(target, "music") is None
            return
        with pytest.raises(TargetError, match="SSL validation failed") as caught:
            describe(target, "music")
        assert "AWS_CA_BUNDLE" in caught.value.hint
        assert server.seen == []
