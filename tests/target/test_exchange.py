from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from migration_tool.errors import TargetError, Unanswered
from migration_tool.target.backoff import Backoff
from migration_tool.target.exchange import Exchange
from migration_tool.target.session import Target
from migration_tool.target.wire import Wire

from .fake import FakeServer, Replies, Reply, Seen, answer, fault

Serve = Callable[[Replies], FakeServer]
DONE = {"Items": [{"PK": {"S": "a"}}], "Count": 1}


@contextmanager
def wired(url: str, connections: int = 2, **policy: Any) -> Iterator[Wire]:
    backoff = Backoff(**{"base_seconds": 0.001, "max_seconds": 0.002, **policy})
    with Wire(Target(url, "us-east-1", 5, connections), backoff) as wire:
        yield wire


AGAIN = [
    Reply(200, b""),
    Reply(200, b"<html>"),
    Reply(200, b"{}"),
    Reply(200, b"null"),
    Reply(200, b'{"Items":[]}', crc=1),
    Reply(200, b'{"Items":null}'),
    Reply(cut="before"),
    Reply(cut="middle"),
    Reply(429, b""),
    *(Reply(status, b"down") for status in (500, 502, 503, 504)),
    *(
        fault(code)
        for code in (
            "ProvisionedThroughputExceededException",
            "ThrottlingException",
            "RequestLimitExceeded",
            "TransactionConflictException",
            "TransactionInProgressException",
            "ReplicatedWriteConflictException",
            "ResourceInUseException",
            "LimitExceededException",
        )
    ),
    fault("InternalServerError", 500),
]


@pytest.mark.parametrize("reply", AGAIN, ids=lambda r: f"{r.status} {r.body[:60]!r} {r.cut}")
def test_what_may_pass_is_asked_again(serve: Serve, reply: Reply) -> None:
    server = serve([reply, reply, answer(DONE)])
    with wired(server.url) as wire:
        assert wire.call("Query", {"TableName": "t"}) == DONE
    assert len(server.seen) >= 3
    assert {seen.body for seen in server.seen} == {b'{"TableName":"t"}'}


@pytest.mark.parametrize(
    ("reply", "cause", "hint"),
    [
        (fault("ValidationException", message="bad key"), "ValidationException: bad key", ""),
        (fault("AccessDeniedException"), "AccessDeniedException: no", "dynamodb:Query"),
        (fault("ResourceNotFoundException"), "ResourceNotFoundException", "migrate.py migrate"),
        (fault("SerializationException"), "SerializationException", ""),
        (fault("ExpiredTokenException"), "ExpiredTokenException", "clock"),
        (fault("UnrecognizedClientException"), "UnrecognizedClientException", "aws configure"),
        (fault("InvalidSignatureException"), "InvalidSignatureException", "clock"),
        (fault("NeverHeardOf"), "NeverHeardOf", ""),
        (Reply(413, b"too big"), "HTTP 413", ""),
        (Reply(404, b"nothing here"), "HTTP 404", ""),
    ],
    ids=lambda value: getattr(value, "body", None) and str(value.body[:70]),
)
def test_what_cannot_pass_is_an_error_at_once(serve: Serve, reply: Reply, cause: str, hint: str) -> None:
    server = serve([reply])
    with wired(server.url) as wire, pytest.raises(TargetError) as caught:
        wire.call("Query", {"TableName": "music"})
    assert len(server.seen) == 1
    assert cause in caught.value.cause
    assert hint in caught.value.hint
    assert caught.value.obj == "music"


def test_a_transient_fault_is_bounded_by_attempts(serve: Serve) -> None:
    server = serve([Reply(500, b"{}")])
    with wired(server.url, max_attempts=4) as wire, pytest.raises(Unanswered) as caught:
        wire.call("Query", {"TableName": "t"})
    assert len(server.seen) == 4
    assert "4 times" in caught.value.cause
    assert server.url in caught.value.hint


def test_a_throttle_is_bounded_by_age_only(serve: Serve) -> None:
    throttled = fault("ThrottlingException")
    server = serve([throttled] * 30 + [answer(DONE)])
    with wired(server.url, max_attempts=2) as wire:
        assert wire.call("Query", {"TableName": "t"}) == DONE
    server = serve([throttled])
    with wired(server.url, max_age_seconds=0.2) as wire, pytest.raises(Unanswered, match="Throttling"):
        wire.call("Query", {"TableName": "t"})
    assert len(server.seen) > 1


def test_a_dead_endpoint_is_an_error_that_names_it() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        with wired(url, max_attempts=2) as wire, pytest.raises(TargetError) as caught:
            wire.call("Query", {"TableName": "t"})
    assert "no answer" in caught.value.cause
    assert url in caught.value.hint


def test_expired_credentials_are_renewed_and_the_requests_sent_again(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOLD")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")

    def reply(seen: Seen) -> Reply:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDNEW")
        old = "AKIDOLD" in seen.headers["Authorization"]
        return fault("ExpiredTokenException") if old else answer(DONE)

    server = serve(reply)
    with wired(server.url, connections=4) as wire, Exchange[int](wire, "read", "t") as exchange:
        for number in range(4):
            exchange.put(number, "Query", {"TableName": "t"})
        assert sorted(key for key, _ in exchange) == [0, 1, 2, 3]
    assert len(server.seen) == 8


def test_more_requests_than_connections_are_all_answered(serve: Serve) -> None:
    server = serve(lambda seen: answer({"Items": [seen.json["N"]]}))
    with wired(server.url, connections=3) as wire, Exchange[int](wire, "read", "t") as exchange:
        for number in range(50):
            exchange.put(number, "Query", {"N": number})
        assert {key: body["Items"] for key, body in exchange} == {n: [n] for n in range(50)}
        assert exchange.take() is None


def test_two_exchanges_share_one_connection(serve: Serve) -> None:
    server = serve(lambda seen: answer({"Items": [seen.json["N"]]}))
    with (
        wired(server.url, connections=1) as wire,
        Exchange[str](wire, "read", "a") as first,
        Exchange[str](wire, "read", "b") as second,
    ):
        first.put("a", "Query", {"N": 1})
        second.put("b", "Query", {"N": 2})
        assert second.take() == ("b", {"Items": [2]})
        assert first.take() == ("a", {"Items": [1]})


def test_leaving_early_drops_what_is_in_flight(serve: Serve) -> None:
    with wired(serve([Reply(cut="silent")]).url) as wire:
        with Exchange[int](wire, "read", "t") as exchange:
            exchange.put(1, "Query", {"TableName": "t"})
            assert wire.free == 1
        assert wire.free == 2


def test_operations_without_an_answer_of_their_own_ask_for_a_proof(serve: Serve) -> None:
    server = serve([answer({}), answer({"ConsumedCapacity": {}})])
    with wired(server.url) as wire:
        assert wire.call("PutItem", {"TableName": "t"}) == {"ConsumedCapacity": {}}
    assert [seen.json["ReturnConsumedCapacity"] for seen in server.seen] == ["TOTAL", "TOTAL"]
