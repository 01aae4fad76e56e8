"""HTTP/1.1 with keep-alive: one loop, one thread, no copy of a request that arrives in one piece.

A request in one piece is answered out of a buffer that all connections share; one that arrives in many is
gathered in a buffer of its own size. A connection has one request at a time: none is pipelined.
"""

from __future__ import annotations

import re
import select
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

_SHARED_BYTES = 256 * 1024
_LONGEST_HEAD = 64 * 1024
_LONGEST_REQUEST = 17 * 1024 * 1024
_HEAD_END = b"\r\n\r\n"
_USUAL_LENGTH = b"\r\nContent-Length: "
_ANY_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Handler(Protocol):
    """Answers a request that is whole: `buffer[:body]` is its head, `buffer[body:end]` its body.

    now  monotonic seconds at which it was there
    Gives the whole HTTP answer. The buffer is used again, so nothing may keep a view of it.
    """

    def __call__(self, buffer: bytearray, body: int, end: int, now: float) -> bytes: ...


class BadRequest(Exception):
    """What came is no request that this server reads; the connection is closed."""


class _Line:
    """One connection: what has come of a request in pieces, and what is still to be sent.

    inbox   a request that came in pieces; None between requests
    have    bytes of it that are here
    body    where its body begins; 0 while its head is not whole
    outbox  the rest of an answer that the socket did not take
    """

    __slots__ = ("body", "have", "inbox", "outbox", "recv_into", "send", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.recv_into = sock.recv_into
        self.send = sock.send
        self.inbox: bytearray | None = None
        self.have = 0
        self.body = 0
        self.outbox: memoryview | None = None


class Server:
    """Listens on 127.0.0.1 and gives each request to the handler.

    latency  seconds between the arrival of a request and its answer
    """

    def __init__(self, handler: Handler, port: int = 0, latency: float = 0.0) -> None:
        self._handler = handler
        self._latency = latency
        self._due: deque[tuple[float, _Line, bytes]] = deque()
        self._shared = bytearray(_SHARED_BYTES)
        self._now = 0.0
        self._selector = selectors.DefaultSelector()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self._listener.setblocking(False)
        self.watch(self._listener.fileno(), self._accept)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def watch(self, fd: int, call: Callable[[], None]) -> None:
        """Calls `call` whenever `fd` can be read."""
        self._selector.register(fd, selectors.EVENT_READ, call)

    def run(self) -> None:
        """Serves for ever; ends by an exception, as a signal handler or a `watch` raises."""
        ready, clock, read = self._ready, time.monotonic, selectors.EVENT_READ
        while True:
            events = ready()
            self._now = clock()
            for key, mask in events:
                line = key.data
                if line.__class__ is not _Line:
                    line()
                elif mask & read:
                    self._read(line)
                else:
                    self._write(line)
            if self._due:
                self._send_due(clock())

    def _ready(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Waits for a request, or for an answer to be due: with select, as epoll knows no microseconds."""
        if not self._due:
            return self._selector.select()
        wait = max(0.0, self._due[0][0] - time.monotonic())
        select.select([self._selector], [], [], wait)
        return self._selector.select(0)

    def _send_due(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            _, line, answer = self._due.popleft()
            if line.sock.fileno() >= 0:
                self._send(line, answer)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(sock, selectors.EVENT_READ, _Line(sock))

    def _close(self, line: _Line) -> None:
        self._selector.unregister(line.sock)
        line.sock.close()

    def _read(self, line: _Line) -> None:
        try:
            if line.inbox is None:
                self._read_first(line)
            else:
                self._read_more(line, line.inbox)
        except BlockingIOError:
            return
        except (BadRequest, ValueError, OSError):
            self._close(line)

    def _read_first(self, line: _Line) -> None:
        buffer = self._shared
        have = line.recv_into(buffer)
        if not have:
            raise BadRequest
        body, end = _extent(buffer, have)
        if have == end:
            self._answer(line, buffer, body, end)
            return
        line.inbox = bytearray(end or _LONGEST_HEAD)
        line.inbox[:have] = buffer[:have]
        line.have, line.body = have, body
        if body:
            self._encourage(line, line.inbox)

    def _read_more(self, line: _Line, inbox: bytearray) -> None:
        """The next piece. A length of the inbox is that of the request as soon as the head is whole."""
        with memoryview(inbox) as view, view[line.have :] as rest:
            got = line.recv_into(rest)
        if not got:
            raise BadRequest
        line.have += got
        if not line.body and not self._head_is_whole(line, inbox):
            return
        if line.have == len(inbox):
            line.inbox = None
            self._answer(line, inbox, line.body, line.have)

    def _head_is_whole(self, line: _Line, inbox: bytearray) -> bool:
        line.body, end = _extent(inbox, line.have)
        if not line.body:
            return False
        if len(inbox) > end:
            del inbox[end:]
        else:
            inbox.extend(bytes(end - len(inbox)))
        self._encourage(line, inbox)
        return True

    def _encourage(self, line: _Line, inbox: bytearray) -> None:
        if line.have < len(inbox) and _EXPECT.search(inbox, 0, line.body):
            self._send(line, _CONTINUE)

    def _answer(self, line: _Line, buffer: bytearray, body: int, end: int) -> None:
        answer = self._handler(buffer, body, end, self._now)
        if self._latency:
            self._due.append((self._now + self._latency, line, answer))
        else:
            self._send(line, answer)

    def _send(self, line: _Line, data: bytes) -> None:
        try:
            sent = line.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close(line)
            return
        if sent < len(data):
            line.outbox = memoryview(data)[sent:]
            self._selector.modify(line.sock, selectors.EVENT_WRITE, line)

    def _write(self, line: _Line) -> None:
        left = line.outbox or memoryview(b"")
        try:
            line.outbox = left[line.send(left) :]
        except BlockingIOError:
            return
        except OSError:
            self._close(line)
            return
        if not line.outbox:
            line.outbox = None
            self._selector.modify(line.sock, selectors.EVENT_READ, line)


def _extent(buffer: bytearray, have: int) -> tuple[int, int]:
    """Where the body begins and where it ends; (0, 0) while the head is not whole. Raises BadRequest."""
    body = buffer.find(_HEAD_END, 0, have) + len(_HEAD_END)
    if body < len(_HEAD_END):
        if have >= _LONGEST_HEAD:
            raise BadRequest
        return 0, 0
    at = buffer.find(_USUAL_LENGTH, 0, body)
    if at >= 0:
        at += len(_USUAL_LENGTH)
        length = int(buffer[at : buffer.find(b"\r", at)])
    else:
        length = _unusual_length(buffer, body)
    end = body + length
    if length > _LONGEST_REQUEST or have > end:
        raise BadRequest
    return body, end


def _unusual_length(buffer: bytearray, body: int) -> int:
    if _CHUNKED.search(buffer, 0, body):
        raise BadRequest
    found = _ANY_LENGTH.search(buffer, 0, body)
    return int(found[1]) if found else 0
