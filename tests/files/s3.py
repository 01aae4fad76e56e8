"""A world with an S3 beside its DynamoDB, and what passes on the way to them."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

_HOP = {"connection", "transfer-encoding", "content-length", "server", "date"}


@dataclass(frozen=True)
class Call:
    """A request as IAM looks at it: "dynamodb:ImportTable", "s3:PutObject"; `on` is the path of an object."""

    action: str
    on: str
    body: bytes


@dataclass
class Recorder:
    """A server in front of another one, for everything that it understands. `answer` may answer itself."""

    url: str
    answer: Callable[[Call], bytes | None] = lambda call: None
    calls: list[Call] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.own = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def called(self) -> set[str]:
        """The actions on S3."""
        return {call.action for call in self.calls if call.action.startswith("s3:")}

    def count(self, action: str) -> int:
        return sum(call.action == action for call in self.calls)


def _action(method: str, path: str, headers: Any) -> str:
    if target := headers.get("X-Amz-Target"):
        return "dynamodb:" + str(target).removeprefix("DynamoDB_20120810.")
    parts = urlsplit(path)
    if parts.path.count("/") == 1 or "list-type" in parse_qs(parts.query):
        return "s3:ListBucket"
    return {"HEAD": "s3:GetObject", "GET": "s3:GetObject"}.get(method, "s3:PutObject")


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = Call(_action(self.command, self.path, self.headers), urlsplit(self.path).path, body)
            recorder.calls.append(call)
            own = recorder.answer(call)
            if own is not None:
                self._reply(200, [], own)
                return
            connection = http.client.HTTPConnection(recorder.url.removeprefix("http://"), timeout=60)
            try:
                headers = {k: v for k, v in self.headers.items() if k.lower() != "expect"}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in _HOP]
                length = answer.getheader("Content-Length") if self.command == "HEAD" else None
                self._reply(answer.status, kept, answer.read(), length)
            finally:
                connection.close()

        def _reply(
            self, status: int, headers: list[tuple[str, str]], body: bytes, length: str | None = None
        ) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = pass_on  # noqa: N815 - names of http.server

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler


def client(url: str) -> Any:
    import boto3

    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=url, **keys)  # type: ignore[call-overload]


def made_bucket(url: str, name: str) -> Iterator[str]:
    """A bucket for one test."""
    s3 = client(url)
    s3.create_bucket(Bucket=name)
    yield name
    s3.close()
