"""Batches that wait for the objects of their items, with an S3 that answers when the test lets it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import cast

import pytest
from botocore.exceptions import ClientError

from migration_tool.errors import MigrationError, Stopped, TargetError
from migration_tool.model import Chunk
from migration_tool.target import outbox
from migration_tool.target.batch import Batch, Lane, Window
from migration_tool.target.objects import Objects
from migration_tool.target.outbox import Outbox

LANE = Lane("library", "Article", "Library", ("PK", "SK"), "Article", ("ArticleId",), points=True)


class Slow:
    """Takes objects, and stores each when it is told to."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, Future[None]]] = []

    def put(self, table: str, content: bytes) -> Future[None]:
        self.sent.append((table, content, Future()))
        return self.sent[-1][2]

    def store(self, *numbers: int) -> None:
        for number in numbers:
            self.sent[number][2].set_result(None)


def box(slow: Slow, attend: Callable[[], object] = lambda: None) -> Outbox:
    return Outbox(cast(Objects, slow), attend)


def batch(*contents: bytes) -> Batch:
    """A row for each; an empty one has no object."""
    rows = [(n,) for n in range(len(contents))]
    window = Window(LANE, Chunk(rows, rows, 1))
    texts = [b"item %d" % n for n in range(len(contents))]
    objects = {n: content for n, content in enumerate(contents) if content}
    return Batch(window, texts, range(len(contents)), objects=objects)


def refused(code: str) -> TargetError:
    error = TargetError("write the object", "s3://b/k", f"{code}: no", "mend it")
    error.__cause__ = ClientError({"Error": {"Code": code}}, "PutObject")
    return error


def test_a_batch_is_given_on_when_its_objects_are_stored_and_not_before() -> None:
    slow = Slow()
    given: list[Batch] = []
    batches = [batch(b"", b"one", b"two"), batch(b""), batch(b"three")]
    looks = iter(range(100))

    def attend() -> None:
        look = next(looks)
        if look == 1:
            assert not given
            slow.store(0)
        elif look == 3:
            assert not given
            slow.store(1)
        elif look == 5:
            assert given == batches[:2]
            slow.store(2)

    sending = box(slow, attend)
    for each in sending.through(iter(batches)):
        given.append(each)
    assert given == batches and next(looks) == 6
    assert [(table, content) for table, content, _ in slow.sent] == [
        ("Library", b"one"), ("Library", b"two"), ("Library", b"three"),
    ]  # fmt: skip
    assert sending.bytes == 11 and not any(each.objects for each in batches)


def test_no_more_bytes_are_on_their_way_than_memory_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_MOST_BYTES", 10)
    slow, most = Slow(), list[int]()

    def attend() -> None:
        most.append(sum(len(content) for _, content, future in slow.sent if not future.done()))
        slow.store(next(n for n, (_, _, future) in enumerate(slow.sent) if not future.done()))

    assert len(list(box(slow, attend).through(batch(b"1234") for _ in range(9)))) == 9
    assert max(most) == 12


def test_a_row_whose_object_is_refused_is_rejected_and_the_others_go_on() -> None:
    slow = Slow()
    given = batch(b"one", b"", b"two")

    def attend() -> None:
        slow.store(0)
        slow.sent[1][2].set_exception(refused("EntityTooLarge"))

    (left,) = box(slow, attend).through([given])
    assert (left.texts, left.places) == ([b"item 0", b"item 1"], [0, 1])
    (reject,) = left.window.rejects
    assert (reject.rule, reject.source_key) == ("EntityTooLarge", (2,))
    assert "EntityTooLarge: no" in reject.reason and left.window.open == 2


@pytest.mark.parametrize(
    ("code", "kind"), [("AccessDenied", TargetError), ("NoSuchBucket", TargetError), ("SlowDown", Stopped)]
)
def test_what_stops_the_run_says_whether_it_can_go_on(code: str, kind: type[MigrationError]) -> None:
    slow = Slow()
    sending = box(slow, lambda: slow.sent[0][2].set_exception(refused(code)))
    with pytest.raises(kind) as raised:
        list(sending.through([batch(b"one")]))
    assert ("migrate.py resume" in raised.value.hint) == (kind is Stopped)
