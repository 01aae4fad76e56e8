"""Requests in, answers out: libcurl's multi handle, one prepared easy handle per connection.

This is the hot loop, so nothing is done twice: a handle is built once, its headers are set only when the
operation or the credentials change, its body is a reference to the caller's bytes. libcurl signs (SigV4)
and keeps connections alive; both header and body callbacks are C functions. One thread, no locks.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import pycurl

from migration_tool.target.answers import Answer
from migration_tool.target.backoff import Backoff
from migration_tool.target.exchange import call
from migration_tool.target.session import CONNECT_SECONDS, Credentials, Target

if TYPE_CHECKING:
    from migration_tool.target.objects import Objects

_CREDENTIALS_SECONDS = 1.0
_RECEIVE_BYTES = 128 * 1024
_SEND_BYTES = 32 * 1024
"""Of each connection. Most requests leave as a whole; libcurl fills twice as much with zeros if not told."""
_NAP_SECONDS = 0.005
_CRC_HEADER = b"\nx-amz-crc32:"


@dataclass(slots=True, eq=False)
class _Line:
    """One easy handle, and the request it carries."""

    easy: Any
    headers: list[bytes] = field(default_factory=list)
    body: list[bytes] = field(default_factory=list)
    operation: str = ""
    credentials: int = 0
    tag: object = None
    inbox: list[Answer] = field(default_factory=list)


class Wire:
    """`target.connections` requests at a time to one target.

    backoff  the policy of everything that sends again over this wire
    clock    monotonic seconds
    objects  what belongs to items of its tables and is not in them; closed with the wire

    Answers go to the inbox given with their request; without one, to the wire's own. So a scan and a
    load may share a wire without reading each other's answers.
    """

    def __init__(
        self,
        target: Target,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
        objects: Objects | None = None,
    ) -> None:
        self.target = target
        self.backoff = backoff or Backoff()
        self.clock = clock
        self.objects = objects
        self._inbox: list[Answer] = []
        self._headers: dict[str, list[str]] = {}
        self._credentials = Credentials("", "")
        self._generation = 0
        self._look_up_at = float("-inf")
        self._multi: Any = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, target.connections)
        self._lines: dict[Any, _Line] = {}
        self._busy: set[_Line] = set()
        self._idle: list[_Line] = []
        for _ in range(target.connections):
            line = _prepared(target)
            self._lines[line.easy] = line
            self._idle.append(line)

    @property
    def free(self) -> int:
        """Idle connections: how many requests may be submitted now."""
        return len(self._idle)

    def submit(self, operation: str, body: bytes, tag: object, inbox: list[Answer] | None = None) -> None:
        """Takes a request; `wait` sends it. Precondition: `free` > 0. Raises TargetError (credentials)."""
        if self.clock() >= self._look_up_at:
            self._look_up()
        line = self._idle.pop()
        try:
            if line.operation != operation or line.credentials != self._generation:
                self._dress(line, operation)
            line.easy.setopt(pycurl.POSTFIELDS, body)
            line.tag = tag
            line.inbox = self._inbox if inbox is None else inbox
            self._multi.add_handle(line.easy)
        except BaseException:
            self._idle.append(line)
            raise
        self._busy.add(line)

    def wait(self, timeout: float, inbox: list[Answer] | None = None) -> list[Answer]:
        """The answers that are here, as soon as there is one; [] after `timeout` seconds.

        Also [] early when a signal arrives: its handler runs when this returns.
        """
        wanted = self._inbox if inbox is None else inbox
        until = time.monotonic() + timeout
        while True:
            self._multi.perform()
            self._collect()
            left = until - time.monotonic()
            if wanted or left <= 0 or not self._sleep(left):
                answers = wanted[:]
                wanted.clear()
                return answers

    def call(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One request with its retries; `operation` is one of `answers.REQUIRED`. Raises TargetError."""
        return call(self, operation, body)

    def refresh_credentials(self, signed_with: int) -> bool:
        """After an answer that refused its credentials (`Answer.credentials`): are there others now?

        True if it is worth sending the request again.
        """
        if signed_with != self._generation:
            return True
        if not self.target.refresh_credentials():
            return False
        self._look_up()
        return True

    def cancel(self, inbox: list[Answer]) -> None:
        """Drops the requests whose answers would go to `inbox`. What was sent may still have effect."""
        for line in [line for line in self._busy if line.inbox is inbox]:
            self._release(line)

    def close(self) -> None:
        """Drops everything in flight and closes all connections. The wire cannot be used again."""
        for line in self._lines.values():
            if line in self._busy:
                self._multi.remove_handle(line.easy)
            line.easy.close()
        self._lines.clear()
        self._busy.clear()
        self._idle.clear()
        self._multi.close()
        if self.objects:
            self.objects.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _look_up(self) -> None:
        found = self.target.credentials()
        self._look_up_at = self.clock() + _CREDENTIALS_SECONDS
        if found != self._credentials:
            self._credentials = found
            self._generation += 1
            self._headers.clear()

    def _dress(self, line: _Line, operation: str) -> None:
        if operation not in self._headers:
            self._headers[operation] = _headers(operation, self._credentials.token)
        if line.credentials != self._generation:
            pair = f"{self._credentials.access_key}:{self._credentials.secret_key}"
            line.easy.setopt(pycurl.USERPWD, pair)
        line.easy.setopt(pycurl.HTTPHEADER, self._headers[operation])
        line.operation = operation
        line.credentials = self._generation

    def _sleep(self, seconds: float) -> bool:
        """Waits until a socket or one of libcurl's timers is due. False if a signal cut it short."""
        due: int = self._multi.timeout()
        if due >= 0:
            seconds = min(seconds, due / 1000)
        ready: int = self._multi.select(seconds)
        if ready == 0 and self._multi.fdset() == ([], [], []):
            time.sleep(min(seconds, _NAP_SECONDS) if self._busy else seconds)
        return ready >= 0

    def _collect(self) -> None:
        more = True
        while more:
            more, done, failed = self._multi.info_read()
            for easy in done:
                self._deliver(self._lines[easy], easy.getinfo(pycurl.RESPONSE_CODE), "")
            for easy, _, message in failed:
                self._deliver(self._lines[easy], 0, message or "no answer")

    def _deliver(self, line: _Line, status: int, error: str) -> None:
        body = b"".join(line.body) if status else b""
        crc_ok = _crc_ok(line.headers, body)
        line.inbox.append(Answer(line.tag, status, body, error, crc_ok, line.credentials))
        self._release(line)

    def _release(self, line: _Line) -> None:
        self._multi.remove_handle(line.easy)
        line.headers.clear()
        line.body.clear()
        line.tag = None
        line.inbox = self._inbox
        self._busy.discard(line)
        self._idle.append(line)


def _prepared(target: Target) -> _Line:
    easy: Any = pycurl.Curl()
    line = _Line(easy)
    options = {
        pycurl.URL: target.url + "/",
        pycurl.POST: 1,
        pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_1_1,
        pycurl.AWS_SIGV4: f"aws:amz:{target.region}:dynamodb",
        pycurl.NOSIGNAL: 1,
        pycurl.TCP_NODELAY: 1,
        pycurl.TCP_KEEPALIVE: 1,
        pycurl.BUFFERSIZE: _RECEIVE_BYTES,
        pycurl.UPLOAD_BUFFERSIZE: _SEND_BYTES,
        pycurl.CONNECTTIMEOUT_MS: _milliseconds(min(CONNECT_SECONDS, target.timeout)),
        pycurl.TIMEOUT_MS: _milliseconds(target.timeout),
        pycurl.HEADERFUNCTION: line.headers.append,
        pycurl.WRITEFUNCTION: line.body.append,
    }
    if target.url.startswith("https:"):
        options[pycurl.CAINFO] = target.ca_file
        options[pycurl.SSLVERSION] = pycurl.SSLVERSION_TLSv1_2
    if target.loopback:
        options[pycurl.NOPROXY] = "*"
    for option, value in options.items():
        easy.setopt(option, value)
    return line


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _headers(operation: str, token: str | None) -> list[str]:
    headers = [
        f"X-Amz-Target: DynamoDB_20120810.{operation}",
        "Content-Type: application/x-amz-json-1.0",
        "Accept:",
        "Expect:",
    ]
    return [*headers, f"X-Amz-Security-Token: {token}"] if token else headers


def _crc_ok(headers: list[bytes], body: bytes) -> bool:
    head = b"".join(headers).lower()
    at = head.rfind(_CRC_HEADER)
    if at < 0:
        return True
    value = head[at + len(_CRC_HEADER) :].partition(b"\n")[0].strip()
    return value.isdigit() and int(value) == zlib.crc32(body)
