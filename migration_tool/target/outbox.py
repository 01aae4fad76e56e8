"""Batches that wait for the objects of their items: an item never points to what is not there."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass

from migration_tool.errors import Stopped, TargetError
from migration_tool.target.batch import Batch
from migration_tool.target.faults import code_behind
from migration_tool.target.loader import RESUME
from migration_tool.target.objects import Objects

_MOST_BYTES = 64 << 20
"""Of objects on their way."""
_MOST_BATCHES = 32
_PATIENCE_SECONDS = 0.02
_TOO_LARGE = "EntityTooLarge"
"""S3's word for an object that is larger than it takes."""
_LASTING = frozenset(
    {"AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "NoSuchBucket", "403", "404"}
)


@dataclass(frozen=True)
class _Waiting:
    """A batch, and by their places in it the objects on their way, of so many bytes."""

    batch: Batch
    objects: Mapping[int, Future[None]]
    bytes: int

    @property
    def ready(self) -> bool:
        return all(future.done() for future in self.objects.values())


class Outbox:
    """Sends objects, many at a time, and gives the batches on in their order. `bytes`: of all objects so far.

    attend  is called now and then while there is nothing to do but to wait
    """

    def __init__(self, objects: Objects, attend: Callable[[], object]) -> None:
        self.bytes = 0
        self._objects = objects
        self._attend = attend

    def through(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Each batch when its objects are stored; all of them when this ends.

        A row whose object S3 does not take is a reject of its window. Raises Stopped where nobody answers,
        TargetError where we may not write, and what `attend` raises.
        """
        waiting = deque[_Waiting]()
        for batch in batches:
            waiting.append(self._begun(batch))
            while waiting and (waiting[0].ready or self._crowded(waiting)):
                yield self._stored(waiting.popleft())
        while waiting:
            yield self._stored(waiting.popleft())

    def _begun(self, batch: Batch) -> _Waiting:
        table, size = batch.window.lane.table_name, sum(map(len, batch.objects.values()))
        self.bytes += size
        sent = {n: self._objects.put(table, content) for n, content in batch.objects.items()}
        batch.objects = {}
        return _Waiting(batch, sent, size)

    def _crowded(self, waiting: deque[_Waiting]) -> bool:
        return len(waiting) > _MOST_BATCHES or sum(each.bytes for each in waiting) > _MOST_BYTES

    def _stored(self, waiting: _Waiting) -> Batch:
        while not waiting.ready:
            wait(waiting.objects.values(), _PATIENCE_SECONDS)
            self._attend()
        refused = {n: why for n, future in waiting.objects.items() if (why := _refusal(future))}
        return _without(waiting.batch, refused) if refused else waiting.batch


def _refusal(future: Future[None]) -> str:
    """Why S3 does not take this object, or "". Raises Stopped, TargetError."""
    try:
        future.result()
    except TargetError as error:
        code = code_behind(error)
        if code == _TOO_LARGE:
            return f"S3 refused the object of the item: {error.cause}"
        if code in _LASTING:
            raise
        hint = " ".join(filter(None, (error.hint, RESUME)))
        raise Stopped(error.operation, error.obj, error.cause, hint) from error
    return ""


def _without(batch: Batch, refused: Mapping[int, str]) -> Batch:
    for n, why in refused.items():
        batch.window.reject(batch.places[n], _TOO_LARGE, why)
    kept = [n for n, _ in enumerate(batch.texts) if n not in refused]
    return Batch(batch.window, [batch.texts[n] for n in kept], [batch.places[n] for n in kept])
