"""Answers to what goes through boto3: descriptions of tables, and the lease that one of them holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders

from migration_tool.claims import Claims, Clock
from migration_tool.design.model import Settings
from migration_tool.errors import StateError, TargetError
from migration_tool.model import LONGEST_LEASE
from migration_tool.state.store import StateStore
from migration_tool.target import lease, settings, table
from migration_tool.target.facts import TableFacts
from migration_tool.target.lease import ATTRIBUTE, Place
from migration_tool.target.session import Target as Endpoint
from tests.fuzz.scripted import Reply, cycled, error, line, replies
from tests.fuzz.target import Target, scratch
from tests.state.samples import RUN
from tests.target.test_lease import MINE, THEIRS
from tests.target.test_table import DESIGN, described

_PLACE = Place("t", ("PK", "SK"))
_UNITS = {"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 1.0}}
_SCRIPTED = 24


_DESIGN = replace(DESIGN, settings=Settings(ttl="Until", point_in_time_recovery=7, tags={"Team": "music"}))


def _new_endpoint() -> Endpoint:
    return Endpoint("http://127.0.0.1:1", "us-east-1", 1, 1)


_endpoint = cache(_new_endpoint)


@cache
def _s3() -> Any:
    return _new_endpoint().s3_client()


class _Raw:
    """A body as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        return [self._body]


@contextmanager
def answering_of_s3(reply: Callable[[], Reply]) -> Iterator[Endpoint]:
    """The same for S3: a reply's body is JSON with the `headers` of the answer and its `body`."""

    def answer(request: AWSRequest, **_: object) -> AWSResponse:
        found = reply()
        said = found.success or {}
        headers, body = HTTPHeaders(), str(said.get("body", "")).encode("utf-8", "replace")
        for name, value in dict(said.get("headers") or {}).items():
            headers[name] = str(value)
        status = 200 if found.status == 200 else 404
        return AWSResponse(str(request.url), status, headers, cast(Any, _Raw(body)))

    client = _s3()
    client.meta.events.register("before-send.s3", answer)
    try:
        yield cast(Endpoint, SimpleNamespace(s3_client=lambda: client))
    finally:
        client.meta.events.unregister("before-send.s3", answer)


@contextmanager
def answering(reply: Callable[[str], Reply]) -> Iterator[Endpoint]:
    """botocore's own client, with these answers in place of a network; `reply` is told the operation.

    All faults come as 400: botocore would wait before it asks again after a 500.
    """

    def answer(request: AWSRequest, **_: object) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        found = reply((target if isinstance(target, str) else target.decode()).partition(".")[2])
        status = 200 if found.status == 200 else 400
        return AWSResponse(str(request.url), status, HTTPHeaders(), cast(Any, _Raw(found.body)))

    events = _endpoint().client.meta.events
    events.register("before-send.dynamodb", answer)
    try:
        yield _endpoint()
    finally:
        events.unregister("before-send.dynamodb", answer)


def _descriptions() -> list[bytes]:
    units = {"WriteCapacityUnits": 5}
    answer = described(ItemCount=5, TableSizeBytes=99, TableId="5a0e", ProvisionedThroughput=units)
    answer["Table"]["CreationDateTime"] = 1767323045.678
    return [line(answer), error("ResourceNotFoundException")]


def _check_description(data: bytes) -> None:
    """What is said of a table stands in the answer; its faults against a design can be told."""
    (reply, *_) = replies(data)
    with answering(lambda operation: reply) as endpoint:
        try:
            facts = table.describe(endpoint, "t")
        except TargetError:
            return
    if facts is None:
        return
    said = json.loads(reply.body)["Table"]
    assert (facts.name, facts.status) == (said["TableName"], said["TableStatus"])
    assert all(isinstance(fault, str) for fault in table.schema_faults(facts, DESIGN))
    facts.capacity.share(0.5)


def _settings() -> list[bytes]:
    on = {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 7}
    to_live = {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "Until"}}
    recovery = {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": on}}
    tags = {"Tags": [{"Key": "Team", "Value": "music"}]}
    return [
        b"\n".join([line(to_live), line(recovery), line({**tags, "NextToken": "x"}), line({"Tags": []})]),
        b"\n".join([line({"TimeToLiveDescription": {}}), error("UnknownOperationException"), line(tags)]),
    ]


def _check_settings(data: bytes) -> None:
    """A setting is as designed only where an answer says so, or where none can be had."""
    following, given, facts = cycled(replies(data), _SCRIPTED), list[Reply](), _facts()

    def reply(operation: str) -> Reply:
        given.append(following() or Reply(200, True, b'{"Tags":[]}'))
        return given[-1]

    with answering(reply) as endpoint:
        try:
            told = list(settings.differences(endpoint, facts, _DESIGN))
        except TargetError:
            return
    assert all(isinstance(fault, str) for fault in told)
    for setting, word in (("ttl", b"Until"), ("point_in_time_recovery", b"ENABLED"), ("tags", b"music")):
        as_designed = not any(fault.startswith(f"{setting}:") for fault in told)
        unknown = any(b"UnknownOperation" in each.body for each in given)
        assert not as_designed or unknown or any(word in _said(each) for each in given)


def _said(reply: Reply) -> bytes:
    """With its escapes read."""
    return json.dumps(reply.success, ensure_ascii=False).encode("utf-8", "replace")


@cache
def _facts() -> TableFacts:
    (reply,) = replies(_descriptions()[0])
    with answering(lambda operation: reply) as endpoint:
        found = table.describe(endpoint, "t")
    assert found
    return found


def _leases() -> list[bytes]:
    ours, theirs, idle = (_item(record) for record in (MINE, THEIRS, replace(THEIRS, seconds=0.0)))
    refused = error("ConditionalCheckFailedException")
    return [
        line(_UNITS),
        b"\n".join([refused, line({"Item": theirs, **_UNITS})]),
        b"\n".join([refused, line({"Item": idle, **_UNITS}), line(_UNITS)]),
        b"\n".join([line({"Item": ours, **_UNITS}), refused, line(_UNITS)]),
    ]


def _item(record: lease.Record) -> dict[str, Any]:
    values = {name: lease._value(value) for name, value in vars(record).items()}
    return {**_PLACE.key, ATTRIBUTE: {"M": values}}


class _Quiet:
    def notice(self, text: str) -> None:
        return

    def stopping(self) -> bool:
        return False


def _check_lease(data: bytes) -> None:
    """A lease is ours only by a put that was answered; one that is read has sense."""
    following, last = cycled(replies(data), _SCRIPTED), [("", Reply(0, False, b""))]

    def reply(operation: str) -> Reply:
        last.append((operation, following() or Reply(200, True, json.dumps(_UNITS).encode())))
        return last[-1][1]

    now = [0.0]
    clock = Clock(lambda: now[0], lambda seconds: now.append(now.pop() + seconds))
    with scratch() as folder, answering(reply) as endpoint, suppress(TargetError, StateError):
        if record := lease.read(endpoint, _PLACE):
            assert 0 <= record.seconds <= LONGEST_LEASE
        claims = Claims(endpoint, StateStore(folder), RUN, 60.0, False, _Quiet(), clock)
        assert claims.is_mine(claims.claim(_PLACE))
        operation, answer = last[-1]
        assert operation == "PutItem" and "ConsumedCapacity" in json.loads(answer.body)
        assert now[0] <= _SCRIPTED * 2 * LONGEST_LEASE


_WORDS = (b'"Table"', b'"ConsumedCapacity"', b'"Item"', b"{}", b"[]", b"null", b"1e400")

TARGETS: Sequence[Target] = (
    Target("table-description", _descriptions, _check_description, _WORDS),
    Target("settings-answers", _settings, _check_settings, (*_WORDS, b'"NextToken":"x",', b"\n200 ")),
    Target("lease-answers", _leases, _check_lease, (*_WORDS, b"\n200 ", b'{"N":"1e300"}', b'{"N":"nan"}')),
)
