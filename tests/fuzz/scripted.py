"""A wire without a network and without time: it gives the answers that stand in an input, one a line.

200 {"UnprocessedItems":{}}     status and body
200!{"UnprocessedItems":{}}     the body does not agree with its checksum
0                               no answer
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

from migration_tool.target.answers import Answer
from migration_tool.target.backoff import Backoff
from migration_tool.target.wire import Wire

MOST_REQUESTS = 400


@dataclass(frozen=True)
class Reply:
    status: int
    crc_ok: bool
    body: bytes

    @property
    def success(self) -> dict[str, Any] | None:
        """The object that a sound 200 holds."""
        if self.status != 200 or not self.crc_ok:
            return None
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


def replies(data: bytes) -> list[Reply]:
    return [_reply(line) for line in data.split(b"\n")]


def _reply(line: bytes) -> Reply:
    status = line[:3].decode(errors="replace")
    number = int(status) if status.isascii() and status.isdigit() else 0
    return Reply(number if number >= 100 else 0, line[3:4] != b"!", line[4:])


def line(body: object, status: int = 200) -> bytes:
    return b"%d %s" % (status, json.dumps(body).encode())


def error(code: str, status: int = 400, **more: object) -> bytes:
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    return line({"__type": kind, "message": "no", **more}, status)


class ScriptedWire:
    """As much of a Wire as loader and readers use.

    asked  is told of each request: operation, body, and the tag that stays the same when it is sent again
    """

    def __init__(self, answer: Callable[[str, dict[str, Any], object], Reply]) -> None:
        self.free = 4
        self.now = 0.0
        self.requests = 0
        self.objects = None
        self.backoff = Backoff(base_seconds=0.001, max_seconds=0.01, max_attempts=3, max_age_seconds=5)
        self.target = SimpleNamespace(url="http://127.0.0.1:1", connections=2, loopback=True)
        self._answer = answer

    def clock(self) -> float:
        self.now += 1e-6
        return self.now

    def submit(self, operation: str, body: bytes, tag: object, inbox: list[Answer]) -> None:
        self.requests += 1
        assert self.requests <= MOST_REQUESTS, "it sends for ever"
        reply = self._answer(operation, json.loads(body), tag)
        inbox.append(Answer(tag, reply.status, reply.body, "" if reply.status else "cut", reply.crc_ok))

    def wait(self, timeout: float, inbox: list[Answer]) -> list[Answer]:
        answers = inbox[:]
        inbox.clear()
        if not answers:
            self.now += timeout
        return answers

    def cancel(self, inbox: list[Answer]) -> None:
        inbox.clear()

    def refresh_credentials(self, signed_with: int) -> bool:
        return False

    def as_wire(self) -> Wire:
        return cast(Wire, self)


def cycled(script: Sequence[Reply], times: int) -> Callable[[], Reply | None]:
    """The replies over and over, so many in all; then None."""
    given = 0

    def following() -> Reply | None:
        nonlocal given
        given += 1
        return script[(given - 1) % len(script)] if given <= times else None

    return following
