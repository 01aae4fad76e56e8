"""The one loop that asks and asks again: submit, wait, classify, back off, submit.

Everything that reads goes through it: scan, access patterns, a single call. The loader has a loop of its
own, because only a write is split when it fails.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

import orjson

from migration_tool.errors import TargetError, Unanswered
from migration_tool.target.answers import Answer, Reaction, Verdict, classify, required_key
from migration_tool.target.faults import EXPIRED_HINT, from_code

if TYPE_CHECKING:
    from migration_tool.target.wire import Wire

_PATIENCE_SECONDS = 1.0
_FREE_SECONDS = 0.01
_HOPELESS = (Reaction.CONFIGURATION, Reaction.ROW, Reaction.REFUSED)
_BOUNDED_BY_AGE = (Reaction.THROTTLED, Reaction.WAIT)

K = TypeVar("K")


@dataclass(slots=True)
class _Asked(Generic[K]):
    """A request on its way to an answer, which has to hold the key `required`.

    `attempts` counts its sends, `since` is the first of them.
    """

    key: K
    operation: str
    required: str
    body: bytes
    attempts: int = 0
    since: float = 0.0


class Exchange(Generic[K]):
    """Requests over a shared wire, many at a time, each sent until it is answered or hopeless.

    operation, obj  for the error that ends it: "read the table", its name
    refusals        reactions that are an answer, too: {"refused": why}

    Leaving the block drops what is still in flight.
    """

    def __init__(self, wire: Wire, operation: str, obj: str, refusals: Sequence[Reaction] = ()) -> None:
        self._wire = wire
        self._operation = operation
        self._obj = obj
        self._refusals = refusals
        self._inbox: list[Answer] = []
        self._arrived: deque[Answer] = deque()
        self._ready: deque[_Asked[K]] = deque()
        self._delayed: list[tuple[float, int, _Asked[K]]] = []
        self._order = count()
        self._unanswered = 0

    def put(self, key: K, operation: str, body: Mapping[str, Any], delay: float = 0.0) -> None:
        """Asks, in `delay` seconds; `take` will give the answer with `key`.

        `operation` is one of `answers.REQUIRED`.
        """
        required = required_key(operation, body)
        if required == "ConsumedCapacity":
            body = {"ReturnConsumedCapacity": "TOTAL", **body}
        self._delay(_Asked(key, operation, required, orjson.dumps(body)), delay)
        self._unanswered += 1
        self._send()

    def take(self) -> tuple[K, dict[str, Any]] | None:
        """The next good answer, in order of arrival; None when every request has had its own.

        Raises TargetError when a request cannot be answered.
        """
        while self._unanswered:
            if not self._arrived:
                self._send()
                self._arrived.extend(self._wire.wait(self._patience(), self._inbox))
                continue
            answer = self._arrived.popleft()
            asked = cast(_Asked[K], answer.tag)
            verdict = classify(answer, asked.required)
            refused = verdict.reaction in self._refusals
            body = {"refused": f"{verdict.code}: {verdict.message}"} if refused else verdict.body
            if body is not None:
                self._unanswered -= 1
                return asked.key, body
            self._again(asked, verdict, answer)
        return None

    def __iter__(self) -> Iterator[tuple[K, dict[str, Any]]]:
        """Good answers until none is owed; requests put meanwhile are part of it."""
        while (taken := self.take()) is not None:
            yield taken

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wire.cancel(self._inbox)

    def _send(self) -> None:
        now = self._wire.clock()
        while self._delayed and self._delayed[0][0] <= now:
            self._ready.append(heapq.heappop(self._delayed)[2])
        while self._ready and self._wire.free:
            asked = self._ready[0]
            asked.since = asked.since if asked.attempts else now
            self._wire.submit(asked.operation, asked.body, asked, self._inbox)
            asked.attempts += 1
            self._ready.popleft()

    def _patience(self) -> float:
        """Seconds until there may be something to send: a connection that others used, a delay's end."""
        longest = _FREE_SECONDS if self._ready else _PATIENCE_SECONDS
        if not self._delayed:
            return longest
        return min(longest, max(0.0, self._delayed[0][0] - self._wire.clock()))

    def _again(self, asked: _Asked[K], verdict: Verdict, answer: Answer) -> None:
        """Queues the request once more, now or later. Raises TargetError where that cannot help."""
        if verdict.reaction in _HOPELESS:
            raise self._error(asked, verdict)
        age = self._wire.clock() - asked.since
        throttled = verdict.reaction in _BOUNDED_BY_AGE
        if self._wire.backoff.exhausted(asked.attempts, age, throttled=throttled):
            raise self._error(asked, verdict)
        if verdict.reaction is Reaction.CREDENTIALS:
            if not self._wire.refresh_credentials(answer.credentials):
                raise self._error(asked, verdict)
            self._ready.appendleft(asked)
            return
        self._delay(asked, self._wire.backoff.delay(asked.attempts))

    def _delay(self, asked: _Asked[K], seconds: float) -> None:
        heapq.heappush(self._delayed, (self._wire.clock() + seconds, next(self._order), asked))

    def _error(self, asked: _Asked[K], verdict: Verdict) -> TargetError:
        sends = f" ({asked.attempts} times)" if asked.attempts > 1 else ""
        message = f"{verdict.message}{sends}"
        if verdict.reaction in _HOPELESS:
            return from_code(self._operation, self._obj, verdict.code, message, asked.operation)
        otherwise = f"check that {self._wire.target.url} answers, then run the command again"
        if verdict.reaction is Reaction.CREDENTIALS:
            otherwise = EXPIRED_HINT
        error = from_code(self._operation, self._obj, verdict.code, message, asked.operation, otherwise)
        return Unanswered(error.operation, error.obj, error.cause, error.hint)


def call(wire: Wire, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The good answer to one request. Raises TargetError."""
    with Exchange[None](wire, f"call {operation}", str(body.get("TableName", wire.target.url))) as exchange:
        exchange.put(None, operation, body)
        return next(iter(exchange))[1]
