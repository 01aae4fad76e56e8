"""The faults that a request can meet, and scripts of them. Every choice comes from a seed or a number."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Timer

from tests.faults.proxy import Fault, Item, Key, Passage, key_of
from tests.target.fake import Reply, fault

GOOD_BODY = b'{"UnprocessedItems":{}}'


def answering(reply: Reply) -> Fault:
    """Never reaches the engine."""
    return lambda passage: reply


def after(cut: Callable[[Reply], Reply]) -> Fault:
    """The engine has taken it; only the answer suffers."""
    return lambda passage: cut(passage.deliver())


def throttle(code: str, *reasons: str) -> Fault:
    """A refusal as DynamoDB gives it, with its reasons and the resource that each of them names."""

    def refused(passage: Passage) -> Reply:
        table = passage.puts[0][0] if passage.puts else "T"
        listed = [{"reason": reason, "resource": _arn(table, reason)} for reason in reasons]
        name = "throttlingReasons" if code == "ThrottlingException" else "ThrottlingReasons"
        return fault(code, 400, "slow down", **({name: listed} if listed else {}))

    return refused


def _arn(table: str, reason: str) -> str:
    index = "/index/GSI1" if reason.startswith("Index") else ""
    return f"arn:aws:dynamodb:us-east-1:123456789012:table/{table}{index}"


THROTTLES: Mapping[str, Fault] = {
    **{
        f"{where}{reason}": throttle("ProvisionedThroughputExceededException", f"{where}{reason}")
        for where in ("TableWrite", "IndexWrite")
        for reason in (
            "ProvisionedThroughputExceeded",
            "KeyRangeThroughputExceeded",
            "AccountLimitExceeded",
            "MaxOnDemandThroughputExceeded",
        )
    },
    "two reasons": throttle(
        "ThrottlingException",
        "TableWriteKeyRangeThroughputExceeded",
        "IndexWriteProvisionedThroughputExceeded",
    ),
    "ProvisionedThroughputExceeded": throttle("ProvisionedThroughputExceededException"),
    "ThrottlingException": throttle("ThrottlingException"),
    "RequestLimitExceeded": throttle("RequestLimitExceeded"),
    "429": answering(Reply(429, b"")),
}

SERVER_FAULTS: Mapping[str, Fault] = {
    "500": answering(fault("InternalServerError", 500)),
    "500 after apply": after(lambda good: fault("InternalServerError", 500)),
    "502": answering(Reply(502, b"<html>bad gateway</html>")),
    "503": answering(Reply(503, b"")),
    "504 after apply": after(lambda good: Reply(504, b"gateway timeout")),
    "conflict": answering(fault("TransactionConflictException")),
}

CUTS: Mapping[str, Fault] = {
    "before send": answering(Reply(cut="before")),
    "after apply": after(lambda good: replace(good, cut="before")),
    "mid-body": after(lambda good: replace(good, cut="middle")),
    "mid-body, not applied": answering(Reply(cut="middle")),
}

FALSE_ANSWERS: Mapping[str, Fault] = {
    "empty": answering(Reply(200, b"")),
    "HTML": answering(Reply(200, b"<html><body>Please log in</body></html>")),
    "{}": answering(Reply(200, b"{}")),
    "null": answering(Reply(200, b"null")),
    "UnprocessedItems null": answering(Reply(200, b'{"UnprocessedItems":null}')),
    "UnprocessedItems a list": answering(Reply(200, b'{"UnprocessedItems":[]}')),
    "wrong CRC": answering(Reply(200, GOOD_BODY, crc=1)),
    "CRC that is no number": answering(Reply(200, GOOD_BODY, crc="x")),
    "204": answering(Reply(204, b"")),
    "302": answering(Reply(302, GOOD_BODY)),
    "cut text": answering(Reply(200, b'{"UnprocessedItems":{')),
}
"""A 200, or nearly one, of a request that the engine never saw."""

SLOW: Mapping[str, Fault] = {
    "silence": answering(Reply(cut="silent")),
    "slow-loris": after(lambda good: replace(good, drip=0.2)),
}
"""Ends by the loader's own timeout."""


def late(passage: Passage) -> Reply:
    """Delivered when its successor has been acknowledged, long after the loader gave it up."""
    passage.proxy.ledger.wait_until_told(passage.puts)
    passage.deliver()
    return Reply(cut="before")


def held(passage: Passage) -> Reply:
    """Never answered; the test delivers it when it likes."""
    passage.proxy.held.append(passage)
    return Reply(cut="silent")


def twice(passage: Passage) -> Reply:
    """The network delivers it two times."""
    passage.deliver()
    return passage.deliver()


def _returning(*strangers: Item) -> Fault:
    """All is taken, and what was not sent comes back."""
    return lambda passage: passage.deliver_part(
        passage.puts, [(passage.puts[0][0], item) for item in strangers]
    )


DOUBLED: Mapping[str, Fault] = {
    "delivered twice": twice,
    "returns an item not sent": _returning({"PK": {"S": "nobody"}, "SK": {"S": "nothing"}}),
    "returns an item without keys": _returning({"Name": {"S": "nobody"}}),
    "returns keys that are numbers": _returning({"PK": {"N": "1"}, "SK": {"N": "2"}}),
}


def deliver(passage: Passage) -> Reply:
    """No fault."""
    return passage.deliver()


def partly(share: float, seed: int) -> Fault:
    """Leaves each item unprocessed with this chance."""

    def taken(passage: Passage) -> Reply:
        chance = random.Random(f"{seed} {passage.number}")
        return passage.deliver_part([put for put in passage.puts if chance.random() >= share])

    return taken


def none_taken(passage: Passage) -> Reply:
    """Leaves all of it unprocessed."""
    return passage.deliver_part([])


@dataclass
class Poison:
    """Refuses a request as a whole for the sake of one item, as DynamoDB does.

    size  of a full request: in each that has no poison yet, one item becomes it
    keys  of the poison
    """

    refusal: Reply
    size: int
    keys: set[Key] = field(default_factory=set)

    def __call__(self, passage: Passage) -> Reply:
        keys = [key_of(put) for put in passage.puts]
        if len(keys) == self.size and not self.keys.intersection(keys):
            self.keys.add(random.Random(passage.number).choice(keys))
        return self.refusal if self.keys.intersection(keys) else passage.deliver()


SURVIVED: Mapping[str, Fault] = {
    **THROTTLES, **SERVER_FAULTS, **CUTS, **FALSE_ANSWERS, **SLOW, **DOUBLED,
    "late": late, "none taken": none_taken, "partly": partly(0.3, 0),
}  # fmt: skip
"""All that passes, however often it comes, without anything to be done by a user."""


def slowly(seconds: float, script: Fault) -> Fault:
    """Each request takes at least so long."""

    def script_later(passage: Passage) -> Reply:
        time.sleep(seconds)
        return script(passage)

    return script_later


def burst(fault: Fault, first: int, count: int) -> Fault:
    """So many requests, from the `first` on, meet the fault."""
    return lambda passage: (fault if first <= passage.number < first + count else deliver)(passage)


def in_threes(faults: Mapping[str, Fault]) -> list[tuple[str, ...]]:
    """Their names, three for each test."""
    names = list(faults)
    return [tuple(names[first : first + 3]) for first in range(0, len(names), 3)]


def in_turn(faults: Mapping[str, Fault], names: Sequence[str]) -> Fault:
    """The faults of these names one after another, and again."""
    return lambda passage: faults[names[passage.number % len(names)]](passage)


def sometimes(faults: Sequence[Fault], share: float, seed: int) -> Fault:
    """Each request meets, with this chance, one of the faults."""

    def script(passage: Passage) -> Reply:
        chance = random.Random(f"{seed} {passage.number}")
        return (chance.choice(faults) if chance.random() < share else deliver)(passage)

    return script


def refused(passage: Passage) -> Reply:
    """From now on nobody listens on the port."""
    passage.proxy.refuse()
    return Reply(cut="before")


def refused_for(seconds: float) -> Fault:
    """Nobody listens on the port for so long."""

    def refused_for_now(passage: Passage) -> Reply:
        Timer(seconds, passage.proxy.accept).start()
        return refused(passage)

    return refused_for_now


def spoiled(keys: Collection[Key], script: Fault) -> Fault:
    """A request that holds one of these items is refused as a whole; all others meet the `script`."""
    refusal = fault("ValidationException", message="bad item")
    return lambda passage: refusal if any(key_of(put) in keys for put in passage.puts) else script(passage)
