"""How fast the sink is: one prebuilt BatchWriteItem per connection, again and again.

`python -m bench.loadgen URL` prints requests/s and items/s as JSON, and requests per second of the sink's
own processor time: what it could take if the load generator were no limit.
"""

from __future__ import annotations

import argparse
import http.client
import json
import selectors
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

ITEMS = 25
TABLE = "bench_loadgen"
_ANSWER_BYTES = 64 * 1024


def main(arguments: Sequence[str] | None = None) -> None:
    given = _parser().parse_args(arguments)
    call(given.url, "POST", "/", _definition(), "CreateTable")
    call(given.url, "POST", "/reset")
    body = _body(given.bytes)
    answers, seconds = _load(given.url, _message(given.url, body), given.connections, given.seconds)
    cpu = json.loads(call(given.url, "GET", "/stats"))["cpu_seconds"]
    figures = {
        "requests_per_second": answers / seconds,
        "items_per_second": answers * ITEMS / seconds,
        "requests_per_sink_cpu_second": answers / cpu,
        "body_bytes": len(body),
    }
    print(json.dumps({name: round(value) for name, value in figures.items()}))


def call(url: str, method: str, path: str, body: Any = None, operation: str = "") -> bytes:
    """The body of the answer to one request, whatever its status."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=600)
    headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}"} if operation else {}
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse().read()
    connection.close()
    return answer


def _definition() -> dict[str, Any]:
    names = ("PK", "SK")
    return {
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [
            {"AttributeName": n, "KeyType": k} for n, k in zip(names, ("HASH", "RANGE"), strict=True)
        ],
        "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in names],
    }


def _body(size: int) -> bytes:
    """A BatchWriteItem of 25 items and of about `size` bytes, as the product writes it."""

    def of(filling: int) -> bytes:
        items = [
            {"PK": {"S": f"LOAD#{n}"}, "SK": {"S": f"ITEM#{n}"}, "text": {"S": "x" * filling}}
            for n in range(ITEMS)
        ]
        puts = [{"PutRequest": {"Item": item}} for item in items]
        request = {"RequestItems": {TABLE: puts}, "ReturnConsumedCapacity": "INDEXES"}
        return json.dumps(request, separators=(",", ":")).encode()

    return of(max(0, size - len(of(0))) // ITEMS)


def _message(url: str, body: bytes) -> bytes:
    """The whole HTTP request; its signature has the length of a real one."""
    head = (
        f"POST / HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
        f"Authorization: AWS4-HMAC-SHA256 {'x' * 200}\r\n"
        "X-Amz-Date: 20250101T000000Z\r\n"
        "X-Amz-Target: DynamoDB_20120810.BatchWriteItem\r\n"
        f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Line:
    """One connection that sends `message`, and again as soon as an answer is there."""

    def __init__(self, url: str, message: bytes) -> None:
        address = urlsplit(url)
        self.sock = socket.create_connection((address.hostname, address.port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self._whole = self._left = memoryview(message)

    def send(self) -> int:
        """Sends what the socket takes; gives the events to wait for."""
        self._left = self._left[self.sock.send(self._left) :]
        if self._left:
            return selectors.EVENT_WRITE
        self._left = self._whole
        return selectors.EVENT_READ


def _load(url: str, message: bytes, connections: int, seconds: float) -> tuple[int, float]:
    """Answers, and in how many seconds. An answer is small: it comes in one piece."""
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        line = _Line(url, message)
        selector.register(line.sock, line.send(), line)
    answers, began, inbox = 0, time.monotonic(), bytearray(_ANSWER_BYTES)
    while (now := time.monotonic()) - began < seconds:
        for key, mask in selector.select(1.0):
            line = key.data
            if mask & selectors.EVENT_READ:
                if not line.sock.recv_into(inbox) or not inbox.startswith(b"HTTP/1.1 200"):
                    sys.exit(f"the sink refused: {bytes(inbox[:500])!r}")
                answers += 1
            if (events := line.send()) != key.events:
                selector.modify(line.sock, events, line)
    return answers, now - began


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.loadgen", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--bytes", type=int, default=16000, help="size of a request's body")
    return parser


if __name__ == "__main__":
    main()
