"""A DynamoDB that answers what a test tells it to, over real sockets."""

from __future__ import annotations

import json
import ssl
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any, Literal, Self, TypeAlias, cast


@dataclass(frozen=True)
class Reply:
    """`cut`: hang up before or in the middle of the answer, or never answer at all.

    drip  seconds between the bytes of the body
    """

    status: int = 200
    body: bytes = b'{"UnprocessedItems":{}}'
    crc: int | str | None = None
    cut: Literal["", "before", "middle", "silent"] = ""
    drip: float = 0.0

    def parts(self) -> list[bytes]:
        """What is written of the body, in as many writes."""
        body = self.body[: len(self.body) // 2] if self.cut else self.body
        return [body[n : n + 1] for n in range(len(body))] if self.drip else [body]


@dataclass(frozen=True)
class Seen:
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def operation(self) -> str:
        return self.headers["X-Amz-Target"].removeprefix("DynamoDB_20120810.")

    @property
    def json(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self.body))


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        return


Replies: TypeAlias = Iterable[Reply] | Callable[[Seen], Reply]


def answer(value: object, status: int = 200) -> Reply:
    """A JSON answer with its right x-amz-crc32."""
    body = json.dumps(value).encode()
    return Reply(status, body, zlib.crc32(body))


def fault(code: str, status: int = 400, message: str = "no", **more: object) -> Reply:
    return answer({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **more}, status)


@dataclass
class FakeServer:
    """Gives `replies` in the order of the requests, the last one for ever; or asks a function."""

    replies: Replies
    tls: ssl.SSLContext | None = None
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._script = None if callable(self.replies) else list(self.replies)
        self._deaf = False
        self._server = self._bound(0)
        self._listen()
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._close()

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Meanwhile connections are refused, and open ones are cut at their next request."""
        self._deaf = True
        self._close()
        self._server = self._bound(self._server.server_address[1])
        try:
            yield
        finally:
            self._deaf = False
            self._listen()

    def _bound(self, port: int) -> _Server:
        """A server that keeps the port and does not listen yet."""
        server = _Server(("127.0.0.1", port), _handler(self), bind_and_activate=False)
        server.server_bind()
        if self.tls:
            server.socket = self.tls.wrap_socket(server.socket, server_side=True)
        return server

    def _listen(self) -> None:
        self._server.server_activate()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def _close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reply(self, seen: Seen) -> Reply:
        with self._lock:
            if self._deaf:
                return Reply(cut="before")
            self.seen.append(seen)
            if self._script is not None:
                return self._script.pop(0) if len(self._script) > 1 else self._script[0]
        return cast("Callable[[Seen], Reply]", self.replies)(seen)

    def arrived(self) -> int:
        with self._lock:
            self.connections += 1
            return self.connections

    def write(self, reply: Reply, file: IO[bytes]) -> None:
        for part in reply.parts():
            file.write(part)
            file.flush()
            self.hold(reply.drip)

    def hold(self, seconds: float | None = None) -> None:
        self._ended.wait(seconds)


def _handler(fake: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def setup(self) -> None:
            super().setup()
            self.number = fake.arrived()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = fake.reply(Seen(dict(self.headers.items()), body, self.number))
            self.close_connection = bool(reply.cut)
            if reply.cut == "silent":
                fake.hold()
            elif reply.cut != "before":
                self.answer(reply)

        def answer(self, reply: Reply) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            if reply.crc is not None:
                self.send_header("X-Amz-Crc32", str(reply.crc))
            self.end_headers()
            fake.write(reply, cast("IO[bytes]", self.wfile))

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

        def finish(self) -> None:
            with suppress(OSError), self.rfile, self.wfile:
                pass

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
