from __future__ import annotations

import json

import pytest

from migration_tool.target.answers import REQUIRED, Answer, Reaction, Throttle, classify, required_key

NAMESPACES = ["", "com.amazonaws.dynamodb.v20120810#", "com.amazon.coral.validate#"]

CODES = {
    Reaction.THROTTLED: [
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "Throttling",
        "ThrottlingException",
        "RequestLimitExceeded",
    ],
    Reaction.TRANSIENT: ["InternalServerError", "InternalFailure", "ServiceUnavailable"],
    Reaction.CONFLICT: [
        "TransactionConflictException",
        "TransactionInProgressException",
        "ReplicatedWriteConflictException",
    ],
    Reaction.WAIT: ["ResourceInUseException", "LimitExceededException"],
    Reaction.CREDENTIALS: [
        "ExpiredTokenException",
        "ExpiredToken",
        "RequestExpired",
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
    ],
    Reaction.CONFIGURATION: [
        "AccessDeniedException",
        "AccessDenied",
        "ResourceNotFoundException",
        "SerializationException",
        "SomethingNewException",
    ],
    Reaction.ROW: ["ValidationException"],
}


def failed(status: int, code: str, **more: object) -> Answer:
    return Answer(1, status, json.dumps({"__type": code, "message": "why", **more}).encode())


@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize(("reaction", "code"), [(r, c) for r, codes in CODES.items() for c in codes])
def test_every_code_has_its_reaction(reaction: Reaction, code: str, namespace: str) -> None:
    verdict = classify(failed(400, namespace + code), "UnprocessedItems")
    assert (verdict.reaction, verdict.code, verdict.message) == (reaction, code, "why")
    assert verdict.body is None


@pytest.mark.parametrize(
    ("status", "reaction"),
    [
        (301, Reaction.TRANSIENT),
        (400, Reaction.CONFIGURATION),
        (403, Reaction.CONFIGURATION),
        (404, Reaction.CONFIGURATION),
        (408, Reaction.TRANSIENT),
        (413, Reaction.ROW),
        (429, Reaction.THROTTLED),
        *((status, Reaction.TRANSIENT) for status in (500, 502, 503, 504)),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"{}", b"null", b"[1]"])
def test_a_status_alone_has_its_reaction(status: int, reaction: Reaction, body: bytes) -> None:
    verdict = classify(Answer(1, status, body), "UnprocessedItems")
    assert (verdict.reaction, verdict.code) == (reaction, "unknown")
    assert str(status) in verdict.message


def test_a_server_fault_is_never_the_rows_or_the_configurations() -> None:
    for code in ("ValidationException", "SerializationException", "AccessDeniedException"):
        assert classify(failed(500, code), "Items").reaction is Reaction.TRANSIENT
    assert classify(failed(503, "ThrottlingException"), "Items").reaction is Reaction.THROTTLED


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"<html>login</html>",
        b"{}",
        b"null",
        b"[]",
        b'{"UnprocessedItems":null}',
        b'{"UnprocessedItems":[]}',
        b'{"UnprocessedItems":{}',
        b'{"Items":[]}',
    ],
)
def test_a_200_without_its_key_proves_nothing(body: bytes) -> None:
    verdict = classify(Answer(1, 200, body), "UnprocessedItems")
    assert (verdict.reaction, verdict.code, verdict.body) == (Reaction.TRANSIENT, "unknown", None)


def test_a_200_with_its_key_is_done() -> None:
    verdict = classify(Answer(1, 200, b'{"UnprocessedItems":{"t":[]}}'), "UnprocessedItems")
    assert (verdict.reaction, verdict.body) == (Reaction.DONE, {"UnprocessedItems": {"t": []}})


def test_each_required_key_has_its_type() -> None:
    for key in {*REQUIRED.values()} - {"Responses"}:
        right, wrong = ("[]", "{}") if key in ("Items", "TableNames") else ("{}", "[]")
        assert classify(Answer(1, 200, f'{{"{key}":{right}}}'.encode()), key).reaction is Reaction.DONE
        assert classify(Answer(1, 200, f'{{"{key}":{wrong}}}'.encode()), key).reaction is Reaction.TRANSIENT


def test_a_count_is_proved_by_its_number() -> None:
    assert required_key("Scan", {"TableName": "t"}) == "Items"
    required = required_key("Scan", {"TableName": "t", "Select": "COUNT"})
    assert classify(Answer(1, 200, b'{"Count":0}'), required).reaction is Reaction.DONE
    for body in (b"{}", b'{"Items":[]}', b'{"Count":null}', b'{"Count":true}', b'{"Count":1.0}'):
        assert classify(Answer(1, 200, body), required).reaction is Reaction.TRANSIENT


def test_what_was_not_found_was_looked_for_only_if_the_answer_says_so() -> None:
    def reaction(body: bytes) -> Reaction:
        return classify(Answer(1, 200, body), "Responses").reaction

    for half in (b'{"Responses":{}}', b'{"UnprocessedKeys":{}}', b'{"Responses":{},"UnprocessedKeys":null}'):
        assert reaction(half) is Reaction.TRANSIENT
    assert reaction(b'{"Responses":{"t":[]},"UnprocessedKeys":{}}') is Reaction.DONE
    assert reaction(b'{"Responses":{"t":[]},"UnprocessedKeys":{"t":{}}}') is Reaction.DONE


@pytest.mark.parametrize("value", ["null", "[]", '"x"'])
def test_the_end_of_data_and_an_item_are_objects_or_absent(value: str) -> None:
    for key, required in (("LastEvaluatedKey", "Items"), ("Item", "ConsumedCapacity")):
        empty = "[]" if required == "Items" else "{}"
        body = f'{{"{required}":{empty},"{key}":{value}}}'.encode()
        assert classify(Answer(1, 200, body), required).reaction is Reaction.TRANSIENT


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_damaged_answer_proves_nothing(status: int) -> None:
    answer = Answer(1, status, b'{"UnprocessedItems":{},"__type":"ValidationException"}', crc_ok=False)
    verdict = classify(answer, "UnprocessedItems")
    assert (verdict.reaction, verdict.code) == (Reaction.TRANSIENT, "unknown")


def test_no_answer_is_transient_and_says_why() -> None:
    verdict = classify(Answer(1, 0, b"", "Connection refused"), "Items")
    assert (verdict.reaction, verdict.message) == (Reaction.TRANSIENT, "Connection refused")


@pytest.mark.parametrize("key", ["ThrottlingReasons", "throttlingReasons"])
def test_the_reasons_of_a_throttle_are_kept(key: str) -> None:
    listed = [
        {"reason": "TableWriteKeyRangeThroughputExceeded", "resource": "arn:aws:dynamodb:…"},
        {"resource": "x"},
        "odd",
        {"reason": "IndexWriteMaxOnDemandThroughputExceeded"},
    ]
    verdict = classify(failed(400, "ThrottlingException", **{key: listed}), "UnprocessedItems")
    assert verdict.reasons == (
        "TableWriteKeyRangeThroughputExceeded",
        "IndexWriteMaxOnDemandThroughputExceeded",
    )
    assert verdict.throttles[0] == Throttle("TableWriteKeyRangeThroughputExceeded", "arn:aws:dynamodb:…")
    assert verdict.throttles[1].resource == ""
    assert classify(failed(400, "ThrottlingException", **{key: "odd"}), "Items").reasons == ()
    assert classify(failed(400, "ValidationException", **{key: listed}), "Items").reasons == ()
