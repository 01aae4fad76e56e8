"""The sink over bare sockets: requests in pieces, large ones, broken ones, answers that wait."""

from __future__ import annotations

import json
import selectors
import socket
import time
from contextlib import ExitStack
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.bench.conftest import Sink, Start


def raw(
    sink: Sink,
    operation: bytes,
    body: bytes,
    length: bytes = b"Content-Length",
    extra: bytes = b"",
    step: int = 0,
) -> tuple[int, dict[str, Any]]:
    """One request over a bare socket, in pieces of `step` bytes; status and body of the answer."""
    head = b"POST / HTTP/1.1\r\nx-amz-target: DynamoDB_20120810.%s\r\n%s%s:%d\r\n\r\n"
    request = head % (operation, extra, length, len(body)) + body
    address = urlsplit(sink.url)
    with socket.create_connection((address.hostname, address.port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        step = step or len(request)
        for start in range(0, len(request), step):
            sock.sendall(request[start : start + step])
        answer = sock.makefile("rb")
        status = int(answer.readline().split()[1])
        if status == 100:
            answer.readline()
            status = int(answer.readline().split()[1])
        headers = dict(line.rstrip().split(b": ") for line in iter(answer.readline, b"\r\n"))
        assert b"Connection" not in headers
        return status, json.loads(answer.read(int(headers[b"Content-Length"])))


def test_an_unknown_operation_and_a_broken_request_are_refused_and_the_sink_lives(sink: Sink) -> None:
    with pytest.raises(ClientError, match="UpdateTimeToLive"):
        sink.client.update_time_to_live(
            TableName="T", TimeToLiveSpecification={"Enabled": True, "AttributeName": "a"}
        )
    assert raw(sink, b"CreateTable", b"{")[0] == 400
    assert raw(sink, b"CreateTable", b"{}")[0] == 400
    assert raw(sink, b"ListTables", b"{}")[0] == 200


@pytest.mark.parametrize("step", [1, 7, 100])
@pytest.mark.parametrize("length", [b"content-length", b"CONTENT-LENGTH", b"Content-Length"])
def test_a_request_may_come_in_pieces_with_headers_in_any_case(sink: Sink, step: int, length: bytes) -> None:
    status, answer = raw(sink, b"ListTables", b'{"Limit": 100}', length, step=step)
    assert status == 200
    assert "TableNames" in answer


def test_a_request_of_16_megabytes_and_one_that_waits_to_be_encouraged(sink: Sink) -> None:
    sink.create("Large")
    put = b'{"PutRequest":{"Item":{"PK":{"S":"a"},"SK":{"S":"b"},"t":{"S":"%s"}}}}' % (b"x" * 650_000)
    body = b'{"RequestItems":{"Large":[' + b",".join([put] * 25) + b"]}}"
    status, answer = raw(sink, b"BatchWriteItem", body, extra=b"Expect: 100-continue\r\n")
    assert (status, answer) == (200, {"UnprocessedItems": {}})
    assert sink.client.describe_table(TableName="Large")["Table"]["ItemCount"] == 25


def test_each_answer_waits_for_the_injected_latency(start: Start) -> None:
    address = urlsplit(start("--latency-ms", "50").url)
    request = b"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\nContent-Length: 2\r\n\r\n{}"
    sent: dict[socket.socket, float] = {}
    answered: dict[socket.socket, float] = {}
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        for _ in range(10):
            sock = stack.enter_context(socket.create_connection((address.hostname, address.port)))
            selector.register(sock, selectors.EVENT_READ)
            sent[sock] = time.monotonic()
            sock.sendall(request)
        while selector.get_map():
            sock = cast(socket.socket, selector.select()[0][0].fileobj)
            answered[sock] = time.monotonic()
            assert sock.recv(1000).startswith(b"HTTP/1.1 200")
            selector.unregister(sock)
    assert all(answered[sock] - sent[sock] >= 0.05 for sock in sent)
