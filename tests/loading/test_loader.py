"""The loader against every class of answer: nothing lost, nothing counted on a weaker sign than an answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from migration_tool.errors import Stopped, TargetError
from migration_tool.model import Chunk
from migration_tool.target.backoff import Backoff
from migration_tool.target.batch import Batch, Window
from migration_tool.target.facts import Capacity
from migration_tool.target.loader import Loader
from migration_tool.target.session import Target
from migration_tool.target.wire import Wire
from tests.loading.ledger_server import LANE, Fault, Ledger, batch, items_of
from tests.target.fake import FakeServer, Reply, Seen, answer, fault

QUICK = Backoff(base_seconds=0.001, max_seconds=0.004, max_attempts=4, max_age_seconds=20)


@contextmanager
def loading(
    ledger: Callable[[Seen], Reply], connections: int = 4, backoff: Backoff = QUICK
) -> Iterator[Loader]:
    with (
        FakeServer(ledger) as server,
        Wire(Target(server.url, "us-east-1", 5, connections), backoff) as wire,
    ):
        yield Loader(wire)


def load(loader: Loader, *batches: Batch) -> list[Window]:
    for one in batches:
        loader.submit(one)
    while not loader.idle:
        loader.pump()
    return list(loader.done())


def windows(batches: Iterable[Batch]) -> list[Window]:
    return [one.window for one in batches]


def always(reply: Reply) -> Fault:
    return lambda items: reply


def test_everything_is_stored_once() -> None:
    ledger, batches = Ledger(), [batch(n * 25) for n in range(12)]
    with loading(ledger) as loader:
        done = load(loader, *batches)
    assert done == windows(batches)
    assert set(ledger.stored) == items_of(*batches)
    assert set(ledger.sent.values()) == {1}
    assert (loader.figures.requests, loader.figures.wcu) == (12, 300.0)
    assert (loader.figures.retries, loader.figures.throttles) == (0, 0)


@pytest.mark.parametrize("seed", range(10))
def test_a_random_subset_unprocessed_is_sent_again_and_only_that(seed: int) -> None:
    ledger, batches = Ledger(), [batch(n * 25) for n in range(8)]
    ledger.always = ledger.partly(0.3, seed)
    with loading(ledger) as loader:
        done = load(loader, *batches)
    assert done == windows(batches)
    assert set(ledger.stored) == items_of(*batches)
    assert not ledger.resent
    assert loader.figures.throttles > 0


def test_always_unprocessed_ends_resumably_and_backs_off() -> None:
    ledger = Ledger()
    ledger.always = lambda items: ledger.accept([], items)
    patient = Backoff(base_seconds=0.01, max_seconds=0.05, max_attempts=2, max_age_seconds=0.5)
    with loading(ledger, backoff=patient) as loader, pytest.raises(Stopped, match="UnprocessedItems"):
        load(loader, batch(0))
    assert not ledger.stored
    assert 3 < ledger.requests < 200
    assert not list(loader.done())


TROUBLES = {
    "ProvisionedThroughputExceeded": fault("ProvisionedThroughputExceededException"),
    "ThrottlingException": fault("ThrottlingException"),
    "RequestLimitExceeded": fault("RequestLimitExceeded"),
    "429": Reply(429, b"{}"),
    "500": fault("InternalServerError", 500),
    "502": Reply(502, b"<html>"),
    "503": Reply(503, b""),
    "504": Reply(504, b"gateway"),
    "conflict": fault("TransactionConflictException"),
    "table changing": fault("ResourceInUseException"),
    "cut before": Reply(cut="before"),
    "cut in the middle": Reply(body=b'{"UnprocessedItems":{}}' * 50, cut="middle"),
    "empty": Reply(200, b""),
    "HTML": Reply(200, b"<html><body>login</body></html>"),
    "no key": Reply(200, b"{}"),
    "null": Reply(200, b'{"UnprocessedItems":null}'),
    "list": Reply(200, b'{"UnprocessedItems":[]}'),
    "wrong CRC": Reply(200, b'{"UnprocessedItems":{}}', crc=1),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_request_in_trouble_is_never_counted_and_is_sent_again(name: str) -> None:
    ledger = Ledger([always(TROUBLES[name]), None, always(TROUBLES[name]), always(TROUBLES[name])])
    batches = [batch(n * 25) for n in range(6)]
    with loading(ledger) as loader:
        done = load(loader, *batches)
    assert done == windows(batches)
    assert set(ledger.stored) == items_of(*batches)
    assert ledger.requests == 6 + 3 or loader.figures.throttles == 3
    assert not ledger.resent


@pytest.mark.parametrize("name", ["500", "cut before", "cut in the middle", "empty"])
def test_applied_but_not_acknowledged_is_put_again(name: str) -> None:
    """The write happened, the answer did not arrive: unknown means again, and a put is idempotent."""
    ledger = Ledger()
    ledger.faults = [lambda items: ledger.store(items) or TROUBLES[name]]
    with loading(ledger) as loader:
        assert load(loader, one := batch(0)) == [one.window]
    assert set(ledger.stored) == items_of(one)
    assert set(ledger.sent.values()) == {2}


@pytest.mark.parametrize("name", ["500", "cut before", "empty", "null"])
def test_endless_trouble_stops_resumably_and_rejects_nothing(name: str) -> None:
    ledger, one = Ledger(always=always(TROUBLES[name])), batch(0)
    with loading(ledger) as loader, pytest.raises(Stopped):
        load(loader, one)
    assert one.window.open == 25
    assert not one.window.rejects
    assert not list(loader.done())
    alone = 25 if name == "500" else 0
    assert QUICK.max_attempts <= ledger.requests <= (1 + alone) * QUICK.max_attempts


def test_a_row_that_always_gives_500_is_found_although_no_request_got_through() -> None:
    """Every batch has one. Its rows are tried alone, for nothing else tells this from a broken service."""
    ledger, batches = Ledger(), [batch(n * 25) for n in range(4)]
    ledger.always = ledger.refusing({"1", "26", "51", "76"}, fault("InternalServerError", 500))
    with loading(ledger) as loader:
        assert load(loader, *batches) == windows(batches)
    rejects = [reject.source_key for one in batches for reject in one.window.rejects]
    assert rejects == [(1,), (26,), (51,), (76,)]
    assert len(ledger.stored) == 96
    assert ledger.requests < 4 * (25 + 12 * QUICK.max_attempts)


def test_a_row_that_always_gives_500_waits_for_what_is_still_to_be_answered() -> None:
    """Alone, it uses up its sends before a slow engine has taken one of the others: the run goes on."""
    ledger, enough, batches = Ledger(), threading.Event(), [batch(n * 25) for n in range(60)]
    poison = {str(n * 25 + 1) for n in range(60)}
    ledger.always = ledger.refusing(poison, fault("InternalServerError", 500))

    def slow(seen: Seen) -> Reply:
        (puts,) = seen.json["RequestItems"].values()
        keys = {put["PutRequest"]["Item"]["SK"]["S"] for put in puts}
        if not keys & poison:
            assert enough.wait(4)
        elif len(keys) == 1 and max(ledger.sent.values()) > 2 * QUICK.max_attempts:
            enough.set()
        return ledger(seen)

    with loading(slow, connections=512) as loader:
        assert load(loader, *batches) == windows(batches)
    rejects = [reject.source_key for one in batches for reject in one.window.rejects]
    assert rejects == [(n * 25 + 1,) for n in range(60)]


@pytest.mark.parametrize("refusal", [fault("ValidationException", message="bad item"), Reply(413, b"")])
def test_a_poison_row_is_found_by_bisection(refusal: Reply) -> None:
    ledger = Ledger()
    ledger.always = ledger.refusing({"7", "33"}, refusal)
    batches = [batch(0), batch(25)]
    with loading(ledger) as loader:
        done = load(loader, *batches)
    assert done == windows(batches)
    assert set(ledger.stored) == items_of(*batches) - {("P#7", "7"), ("P#33", "33")}
    rejects = [reject for one in batches for reject in one.window.rejects]
    assert [reject.source_key for reject in rejects] == [(7,), (33,)]
    assert not any(one.window.open for one in batches)
    assert ledger.requests <= 2 * 12
    assert rejects[0].row == {"TrackId": 7}


def test_a_poison_row_among_keys_that_are_set_aside_is_found() -> None:
    """What was halved is not put together again because its partition keys are being refused."""
    ledger, enough = Ledger([always(fault("ThrottlingException"))]), 500
    one = batch(0)
    one.texts = [text.replace(b'"P#%d"' % n, b'"P"') for n, text in enumerate(one.texts)]
    poisoned = ledger.refusing({"7"}, fault("ValidationException", message="bad item"))
    ledger.always = lambda items: poisoned(items) if ledger.requests < enough else None
    with loading(ledger) as loader:
        assert load(loader, one) == [one.window]
    assert [reject.source_key for reject in one.window.rejects] == [(7,)]
    assert ledger.requests < enough


def test_a_row_that_always_gives_500_is_rejected_when_the_others_get_through() -> None:
    ledger, one = Ledger(), batch(0)
    ledger.always = ledger.refusing({"11"}, fault("InternalServerError", 500))
    with loading(ledger) as loader:
        done: list[Window] = []
        loader.submit(one)
        number = 100
        while not loader.idle:
            loader.submit(batch(number, 1))
            number += 1
            loader.pump()
            done += loader.done()
    assert [reject.source_key for reject in one.window.rejects] == [(11,)]
    assert items_of(one) - set(ledger.stored) == {("P#11", "11")}
    assert ledger.sent["P#11", "11"] <= 7 * QUICK.max_attempts


STRANGER = {"PutRequest": {"Item": {"PK": {"S": "nobody"}, "SK": {"S": "nothing"}}}}
FOREIGN: dict[str, Any] = {
    "an item never sent": {LANE.table_name: [STRANGER]},
    "another table": {"t_Other": [STRANGER]},
    "two tables": {LANE.table_name: [], "t_Other": []},
    "no list": {LANE.table_name: {}},
    "nothing": {LANE.table_name: None},
    "no item": {LANE.table_name: ["PutRequest"]},
    "no key": {LANE.table_name: [{"PutRequest": {"Item": {"PK": {"S": "P#0"}}}}]},
    "a key of another type": {
        LANE.table_name: [{"PutRequest": {"Item": {"PK": {"S": []}, "SK": {"S": []}}}}]
    },
}


@pytest.mark.parametrize("name", FOREIGN)
def test_an_answer_about_another_request_proves_nothing(name: str) -> None:
    """Its items are sent again: where one came back under another key, it was not written."""
    ledger, one = Ledger(), batch(0)
    ledger.faults = [lambda items: answer({"UnprocessedItems": FOREIGN[name]})]
    with loading(ledger) as loader:
        assert load(loader, one) == [one.window]
    assert set(ledger.stored) == items_of(one)
    assert set(ledger.sent.values()) == {2}


@pytest.mark.parametrize(
    ("consumed", "counted"),
    [
        (5, 0.0),
        ([], 0.0),
        ([5], 0.0),
        ([{"CapacityUnits": "5"}], 0.0),
        ([{"CapacityUnits": -5.0}], 0.0),
        ([{"CapacityUnits": 1e300}], 0.0),
        ([{"CapacityUnits": 5.0, "Table": 5, "GlobalSecondaryIndexes": [5]}], 5.0),
    ],
    ids=str,
)
def test_capacity_that_makes_no_sense_is_not_counted(consumed: object, counted: float) -> None:
    ledger, one = Ledger(), batch(0)

    def odd(items: list[dict[str, object]]) -> Reply:
        ledger.store(items)
        return answer({"UnprocessedItems": {}, "ConsumedCapacity": consumed})

    ledger.always = odd
    with loading(ledger) as loader:
        loader.keep_to(None, {LANE.table_name: Capacity(1000.0, {"GSI1": 1000.0})})
        assert load(loader, one) == [one.window]
    assert loader.figures.wcu == counted


UNREADABLE = {
    "no list": 5,
    "null": None,
    "no request": [7],
    "no put": [{"DeleteRequest": {"Key": {}}}],
    "no key": [{"PutRequest": {"Item": {"Name": {"S": "x"}}}}],
    "a key of another type": [{"PutRequest": {"Item": {"PK": {"N": "1"}, "SK": {"S": "1"}}}}],
    "a key that is a list": [{"PutRequest": {"Item": {"PK": {"S": []}, "SK": {"S": "1"}}}}],
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unprocessed_items_that_cannot_be_read_say_nothing(name: str) -> None:
    """Nobody knows which items were left, so all of them go again."""
    reply = answer({"UnprocessedItems": {LANE.table_name: UNREADABLE[name]}})
    ledger, one = Ledger([always(reply)]), batch(0)
    with loading(ledger) as loader:
        assert load(loader, one) == [one.window]
    assert set(ledger.stored) == items_of(one)
    assert set(ledger.sent.values()) == {2}


@pytest.mark.parametrize("capacity", [None, {}, [], [None], ["much"], [{}], [{"CapacityUnits": "much"}]])
def test_a_consumed_capacity_that_cannot_be_read_counts_as_none(capacity: object) -> None:
    ledger, one = Ledger(), batch(0)

    def strange(items: list[dict[str, object]]) -> Reply:
        ledger.store(items)
        return answer({"UnprocessedItems": {}, "ConsumedCapacity": capacity})

    ledger.always = strange
    with loading(ledger) as loader:
        assert load(loader, one) == [one.window]
    assert loader.figures.wcu == 0.0


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ResourceNotFoundException", "SerializationException"]
)
def test_configuration_faults_stop_at_once(code: str) -> None:
    ledger, one = Ledger(always=always(fault(code))), batch(0)
    with loading(ledger) as loader, pytest.raises(TargetError, match=code):
        load(loader, one)
    assert ledger.requests == 1
    assert one.window.open == 25


def test_expired_static_credentials_stop_resumably() -> None:
    ledger = Ledger([None], always=always(fault("ExpiredTokenException")))
    with loading(ledger, connections=1) as loader, pytest.raises(Stopped, match="ExpiredToken") as caught:
        load(loader, batch(0), batch(25))
    assert "resume" in caught.value.hint
    assert len(ledger.stored) == 25


def test_fresh_credentials_let_it_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, one = Ledger([always(fault("ExpiredTokenException"))]), batch(0)
    with loading(ledger) as loader:
        target = loader._wire.target
        fresh = replace(target.credentials(), token="fresh")

        def refresh() -> bool:
            monkeypatch.setattr(target, "credentials", lambda: fresh)
            return True

        monkeypatch.setattr(target, "refresh_credentials", refresh)
        assert load(loader, one) == [one.window]
    assert set(ledger.stored) == items_of(one)


@pytest.mark.parametrize("name", ["ThrottlingException", "503", "cut before"])
def test_trouble_shrinks_the_flight_and_good_answers_widen_it_again(name: str) -> None:
    ledger = Ledger([always(TROUBLES[name])])
    with loading(ledger, connections=8) as loader:
        load(loader, batch(0))
        shrunk = loader.flow().allowed
        assert shrunk < 8
        load(loader, *[batch(25 * n) for n in range(1, 60)])
        assert loader.flow().allowed > shrunk


def test_the_watermark_never_passes_an_open_batch() -> None:
    """The first batch hangs in retries while all later ones are done: none of them may be reported."""
    ledger = Ledger()
    ledger.always = ledger.refusing({"3"}, TROUBLES["ThrottlingException"])
    batches = [batch(n * 25) for n in range(6)]
    with loading(ledger) as loader:
        for one in batches:
            loader.submit(one)
        until = time.monotonic() + 60
        while len(ledger.acknowledged) < 125 and time.monotonic() < until:
            loader.pump()
            assert not list(loader.done())
        ledger.always = None
        while not loader.idle:
            loader.pump()
        assert list(loader.done()) == windows(batches)


def test_lanes_do_not_wait_for_each_other() -> None:
    other = replace(LANE, entity="Album")
    ledger = Ledger()
    ledger.always = ledger.refusing({"3"}, TROUBLES["ThrottlingException"])
    with loading(ledger) as loader:
        slow, quick = batch(0), batch(100, lane=other)
        loader.submit(slow)
        loader.submit(quick)
        until = time.monotonic() + 60
        done: list[Window] = []
        while not done and time.monotonic() < until:
            loader.pump()
            done = list(loader.done())
        assert done == [quick.window]
        assert loader.finished(other) and not loader.finished(LANE)
        ledger.always = None
        assert load(loader) == [slow.window]


def test_a_batch_of_rejects_only_needs_no_request() -> None:
    ledger = Ledger()
    empty = Batch(Window(LANE, Chunk([(5,)], [(5,)], 1)), [], [])
    empty.window.reject(0, "null_key", "no key")
    with loading(ledger) as loader:
        assert load(loader, empty) == [empty.window]
    assert ledger.requests == 0


def test_a_poison_row_beside_unprocessed_ones() -> None:
    """Bisection and partial answers at once: every row ends in exactly one place."""
    ledger = Ledger()
    partly = ledger.partly(0.4, 7)
    refuse = ledger.refusing({"12"}, fault("ValidationException"))
    ledger.always = lambda items: refuse(items) or partly(items)
    one = batch(0)
    with loading(ledger) as loader:
        assert load(loader, one) == [one.window]
    assert len(ledger.stored) == 24
    assert [reject.source_key for reject in one.window.rejects] == [(12,)]


def test_answers_without_consumed_capacity_are_good() -> None:
    ledger, one = Ledger(), batch(0)

    def bare(items: list[dict[str, object]]) -> Reply:
        ledger.store(items)
        return answer({"UnprocessedItems": {}})

    ledger.always = bare
    with loading(ledger) as loader:
        assert load(loader, one) == [one.window]
    assert loader.figures.wcu == 0.0


def test_the_log_says_which_batch_of_which_table_is_sent_again(caplog: pytest.LogCaptureFixture) -> None:
    reasons = [{"reason": "TableWriteKeyRangeThroughputExceeded", "resource": "t"}]
    ledger = Ledger([None, always(fault("ThrottlingException", ThrottlingReasons=reasons))])
    with loading(ledger, connections=1) as loader:
        load(loader, batch(0), batch(25))
    (record,) = [record for record in caplog.records if record.message == "sending again"]
    told = vars(record)
    assert (told["table"], told["batch"], told["items"], told["attempt"]) == ("music_catalog", 2, 25, 1)
    assert told["throttling_reasons"] == ["TableWriteKeyRangeThroughputExceeded"]
    assert "P#25" not in str(told)
