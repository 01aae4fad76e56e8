"""ImportTable and S3 as they answer: what counts as imported, and as uploaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from migration_tool.errors import DifferencesFound, TargetError
from migration_tool.target.importing import ImportFacts, begin_import, describe_import, require_whole
from migration_tool.target.s3 import Bucket
from migration_tool.target.session import Target
from tests.fuzz.calls import answering, answering_of_s3
from tests.fuzz.scripted import line, replies

from .fake import FakeServer, Replies, answer

Serve = Callable[[Replies], FakeServer]

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/T/import/01700000000000-abcdef"
WHOLE = ImportFacts("COMPLETED", 8, 8, 0, "", "")
DEFINITION: dict[str, Any] = {
    "TableName": "Music",
    "AttributeDefinitions": [{"AttributeName": "PK", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
}


def test_an_import_is_whole_when_all_its_counts_are_those_of_what_was_sent() -> None:
    require_whole("T", WHOLE, 8)
    require_whole("T", ImportFacts("COMPLETED", 0, 0, 0, "", ""), 0)


@pytest.mark.parametrize(
    "facts",
    [replace(WHOLE, processed=7, imported=7), replace(WHOLE, imported=7), replace(WHOLE, errors=1)],
    ids=["fewer were sent", "fewer were imported", "errors"],
)
def test_other_counts_are_differences(facts: ImportFacts) -> None:
    with pytest.raises(DifferencesFound, match="8 items were sent"):
        require_whole("T", facts, 8)


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "", "completed"])
def test_what_did_not_complete_is_not_whole(status: str) -> None:
    with pytest.raises(TargetError, match=f"it is {status}"):
        require_whole("T", replace(WHOLE, status=status), 8)


@pytest.mark.parametrize(
    "changed",
    [
        {"ImportedItemCount": "8"},
        {"ErrorCount": 0.0},
        {"ImportStatus": ["COMPLETED"]},
        {"ImportStatus": None},
    ],
    ids=str,
)
def test_a_count_that_is_no_number_is_no_answer(changed: dict[str, object]) -> None:
    facts = {"ImportStatus": "COMPLETED", "ProcessedItemCount": 8, "ImportedItemCount": 8, "ErrorCount": 0}
    (reply,) = replies(line({"ImportTableDescription": {**facts, **changed}}))
    with answering(lambda operation: reply) as target, pytest.raises(TargetError, match=next(iter(changed))):
        describe_import(target, ARN)


@pytest.mark.parametrize(
    ("headers", "there"),
    [
        ({"Content-Length": "20", "x-amz-meta-sha256": "ab"}, True),
        ({"Content-Length": "20", "x-amz-meta-sha256": "cd"}, False),
        ({"Content-Length": "19", "x-amz-meta-sha256": "ab"}, False),
        ({"Content-Length": "20"}, False),
        ({"x-amz-meta-sha256": "ab"}, False),
    ],
    ids=str,
)
def test_an_object_is_known_again_by_its_size_and_its_checksum(headers: dict[str, str], there: bool) -> None:
    (reply,) = replies(line({"headers": headers}))
    with answering_of_s3(lambda: reply) as target:
        assert Bucket(target, "b").has("key", 20, "ab") is there


def test_only_what_was_uploaded_is_imported() -> None:
    listed = "".join(f"<Contents><Key>p/{n}</Key><Size>{n}</Size></Contents>" for n in (1, 2))
    (reply,) = replies(line({"body": f"<ListBucketResult>{listed}</ListBucketResult>"}))
    with answering_of_s3(lambda: reply) as target:
        Bucket(target, "b").require_only("p/", {"p/1": 1, "p/2": 2})
        for expected in ({"p/1": 1}, {"p/1": 1, "p/2": 3}, {"p/1": 1, "p/2": 2, "p/3": 3}):
            with pytest.raises(TargetError, match="not those that were uploaded"):
                Bucket(target, "b").require_only("p/", expected)


def test_the_token_makes_it_one_import(serve: Serve) -> None:
    server = serve(lambda seen: answer({"ImportTableDescription": {"ImportArn": ARN}}))
    for _ in range(2):
        assert (
            begin_import(Target(server.url, "us-east-1", 5, 2), "7" * 32, "b", "p/", "gzip", DEFINITION)
            == ARN
        )
    assert [seen.json["ClientToken"] for seen in server.seen] == ["7" * 32] * 2


def test_an_import_without_its_name_has_not_begun() -> None:
    (reply,) = replies(line({"ImportTableDescription": {"ImportArn": [ARN]}}))
    with answering(lambda operation: reply) as target, pytest.raises(TargetError, match="ImportArn is"):
        begin_import(target, "0" * 32, "b", "p/", "gzip", DEFINITION)
