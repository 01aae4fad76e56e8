"""Every class of answer DynamoDB or the network can give, and what is to be done about it.

The rule that everything here serves: a request counts as done only by a positive signal, the key its
answer has to hold. An HTTP 200 that is empty, a login page, `{}` or damaged says nothing about what was
written, so the request is sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NamedTuple

import orjson

from migration_tool.target.faults import bare, stem


class Reaction(Enum):
    """What to do after an answer."""

    DONE = auto()
    """It is done: `Verdict.body` holds the key that says so."""
    THROTTLED = auto()
    """Too fast: back off, send again, shrink concurrency; bounded by age only."""
    TRANSIENT = auto()
    """Unknown whether done: send again, bounded by attempts and age."""
    CONFLICT = auto()
    """Someone else has the item in hand: send again."""
    WAIT = auto()
    """The table is changing: poll, then send again."""
    CREDENTIALS = auto()
    """Refresh the credentials if possible and send again; else stop, resumable."""
    CONFIGURATION = auto()
    """Sending again cannot help: stop now; the request stays unacknowledged."""
    ROW = auto()
    """One of the items is refused: bisect to it."""
    REFUSED = auto()
    """The condition of the write did not hold: nothing was written."""


class Answer(NamedTuple):
    """What came back for one request. A tuple: one is made in a fifth of the time of a frozen dataclass.

    tag          as given with the request
    status       HTTP status; 0 if there was no whole answer
    error        why there was none, "" otherwise
    crc_ok       the body agrees with x-amz-crc32, or there was no such header
    credentials  which credentials it was signed with: what `Wire.refresh_credentials` wants to know
    """

    tag: object
    status: int
    body: bytes
    error: str = ""
    crc_ok: bool = True
    credentials: int = 0


@dataclass(frozen=True, slots=True)
class Throttle:
    """Why a request was throttled, as DynamoDB gave it.

    reason    "TableWriteKeyRangeThroughputExceeded" and the like
    resource  ARN of the table or index, "" if none was given
    """

    reason: str
    resource: str = ""


class Verdict(NamedTuple):
    """What an answer means.

    code       DynamoDB's error code without namespace; "" when done; "unknown" when nothing can be concluded
    body       the parsed answer when done, else None
    throttles  of a throttle: its reasons
    """

    reaction: Reaction
    code: str = ""
    message: str = ""
    body: dict[str, Any] | None = None
    throttles: tuple[Throttle, ...] = ()

    @property
    def by_service(self) -> bool:
        """Of a failure: DynamoDB itself named its code; no network or gateway stood before it."""
        return self.code not in (_NO_ANSWER, _UNKNOWN)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons of a throttle without their resources."""
        return tuple(throttle.reason for throttle in self.throttles)


REQUIRED: Mapping[str, str] = {
    "BatchGetItem": "Responses",
    "BatchWriteItem": "UnprocessedItems",
    "DeleteItem": "ConsumedCapacity",
    "DescribeTable": "Table",
    "GetItem": "ConsumedCapacity",
    "ListTables": "TableNames",
    "PutItem": "ConsumedCapacity",
    "Query": "Items",
    "Scan": "Items",
    "UpdateItem": "ConsumedCapacity",
}
"""By operation, the key without which a 200 proves nothing.

ConsumedCapacity is there only if the request has `"ReturnConsumedCapacity": "TOTAL"`.
"""

_PROOFS: Mapping[str, tuple[tuple[str, type], ...]] = {
    **{key: ((key, dict),) for key in REQUIRED.values()},
    "Count": (("Count", int),),
    "Items": (("Items", list),),
    "Responses": (("Responses", dict), ("UnprocessedKeys", dict)),
    "TableNames": (("TableNames", list),),
}
"""What has to be there with a required key, and what it holds. What was not found is not what was not looked
for, so two keys prove something only together."""

_STEMS: Mapping[str, Reaction] = {
    name: reaction
    for reaction, names in {
        Reaction.THROTTLED: (
            "ProvisionedThroughputExceeded", "Throttling", "Throttled", "RequestLimitExceeded",
            "RequestThrottled", "TooManyRequests", "BandwidthLimitExceeded", "SlowDown",
        ),
        Reaction.TRANSIENT: (
            "InternalServerError", "InternalServer", "InternalFailure", "InternalError",
            "ServiceUnavailable", "RequestTimeout", "PriorRequestNotComplete",
        ),
        Reaction.CONFLICT: ("TransactionConflict", "TransactionInProgress", "ReplicatedWriteConflict"),
        Reaction.WAIT: ("ResourceInUse", "TableInUse", "LimitExceeded"),
        Reaction.CREDENTIALS: (
            "ExpiredToken", "RequestExpired", "UnrecognizedClient", "InvalidSignature",
            "SignatureDoesNotMatch", "InvalidClientTokenId", "IncompleteSignature",
            "MissingAuthenticationToken", "AuthFailure",
        ),
        Reaction.CONFIGURATION: (
            "AccessDenied", "ResourceNotFound", "TableNotFound", "Serialization", "UnknownOperation",
        ),
        Reaction.ROW: ("Validation", "ValidationError", "RequestEntityTooLarge"),
        Reaction.REFUSED: ("ConditionalCheckFailed",),
    }.items()
    for name in names
}  # fmt: skip

_STATUSES: Mapping[int, Reaction] = {
    408: Reaction.TRANSIENT,
    413: Reaction.ROW,
    429: Reaction.THROTTLED,
}

_FROM_SERVER_FAULT = frozenset({Reaction.THROTTLED, Reaction.CONFLICT})
_NO_ANSWER, _UNKNOWN = "no answer", "unknown"
_MOST_UNITS = 1_000_000
"""More than any request can consume: 10 MB of items, in a table and 20 indexes, are 215,000 units."""
_NUMBER = (int, float)
_OPTIONAL = ("LastEvaluatedKey", "Item")


def required_key(operation: str, body: Mapping[str, Any]) -> str:
    """The key without which a 200 to this request proves nothing; where items are counted, none come."""
    return "Count" if body.get("Select") == "COUNT" else REQUIRED[operation]


def classify(answer: Answer, required: str) -> Verdict:
    """What `answer` means for a request whose 200 has to hold the key `required` (see `required_key`)."""
    if answer.status == 0:
        return Verdict(Reaction.TRANSIENT, _NO_ANSWER, answer.error)
    if not answer.crc_ok:
        return unknown("the answer does not agree with its x-amz-crc32")
    body = _parsed(answer.body)
    if answer.status == 200:
        return _of_success(body, required)
    return _of_failure(answer.status, body)


def units(consumed: object) -> float:
    """CapacityUnits of an entry of ConsumedCapacity; 0.0 where it names none, or none that there can be."""
    found = consumed.get("CapacityUnits") if isinstance(consumed, dict) else None
    return found if isinstance(found, _NUMBER) and 0 <= found <= _MOST_UNITS else 0.0


def unknown(why: str) -> Verdict:
    """Of an answer that says nothing about what was done."""
    return Verdict(Reaction.TRANSIENT, _UNKNOWN, why)


def _of_success(body: dict[str, Any] | None, required: str) -> Verdict:
    if body is None:
        return unknown("HTTP 200 without a JSON object")
    for key, wanted in _PROOFS[required]:
        if type(body.get(key)) is not wanted:
            return unknown(f"HTTP 200 without {key}")
    for name in _OPTIONAL:
        if name in body and not isinstance(body[name], dict):
            return unknown(f"HTTP 200 whose {name} is no object")
    return Verdict(Reaction.DONE, "", "", body)


def _of_failure(status: int, body: dict[str, Any] | None) -> Verdict:
    fault = body or {}
    code = bare(str(fault.get("__type") or fault.get("code") or fault.get("Code") or ""))
    message = str(fault.get("message") or fault.get("Message") or "")
    reaction = _reaction(status, code)
    throttles = _throttles(fault) if reaction is Reaction.THROTTLED else ()
    return Verdict(reaction, code or _UNKNOWN, message or f"HTTP {status}", None, throttles)


def _reaction(status: int, code: str) -> Reaction:
    known = _STEMS.get(stem(code))
    if status >= 500:
        return known if known and known in _FROM_SERVER_FAULT else Reaction.TRANSIENT
    if status < 400:
        return Reaction.TRANSIENT
    return known or _STATUSES.get(status, Reaction.CONFIGURATION)


def _throttles(fault: Mapping[str, Any]) -> tuple[Throttle, ...]:
    listed = fault.get("ThrottlingReasons") or fault.get("throttlingReasons")
    if not isinstance(listed, list):
        return ()
    entries = [entry for entry in listed if isinstance(entry, dict) and entry.get("reason")]
    return tuple(Throttle(str(entry["reason"]), str(entry.get("resource") or "")) for entry in entries)


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
