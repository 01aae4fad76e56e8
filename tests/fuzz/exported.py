"""What an import from S3 reads: its own notes and files, and the answers of DynamoDB and of S3."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import orjson

from migration_tool.errors import DifferencesFound, StateError, TargetError
from migration_tool.state.imports import OVER, read_import, write_import
from migration_tool.state.parts import (
    COMPRESSIONS,
    Part,
    PartWriter,
    forget_others,
    register,
    registered,
    require_there,
)
from migration_tool.target.importing import begin_import, describe_import, require_whole
from migration_tool.target.s3 import Bucket
from tests.fuzz.calls import answering, answering_of_s3
from tests.fuzz.scripted import Reply, cycled, error, line, replies
from tests.fuzz.target import Target, scratch
from tests.state.test_imports import PLAN

_ENTITIES: Sequence[dict[str, int]] = ({"Artist": 2, "Album": 1}, {"Artist": 3}, {"Album": 4})
_ROWS = 10
_PARTS = b"\n--\n"
"""Between the register and the files of its parts, in an input."""


def _written(folder: Path) -> list[Part]:
    parts = []
    for number, entities in enumerate(_ENTITIES):
        writer = PartWriter(folder, "music", f"Music/data/part-{number:05}.json", COMPRESSIONS["none"])
        writer.add([b'{"PK":{"S":"%d"}}' % n for n in range(sum(entities.values()))])
        part = writer.close(entities)
        assert part
        register(folder / "parts.jsonl", part)
        parts.append(part)
    return parts


def _registers() -> list[bytes]:
    with scratch() as folder:
        parts = _written(folder)
        whole = (folder / "parts.jsonl").read_bytes()
        register(folder / "parts.jsonl", replace(parts[-1], file="Music/data/part-00003.json"))
        return [whole, (folder / "parts.jsonl").read_bytes(), whole + b'{"cut']


def _check_register(data: bytes) -> None:
    """The parts that it gives are those that were written, and they are there: or it is refused."""
    with scratch() as folder:
        parts = _written(folder)
        path = folder / "parts.jsonl"
        path.write_bytes(data)
        try:
            found = registered(path, _ROWS)
            require_there(folder, found)
        except StateError as error:
            assert str(folder) in str(error)
            return
        assert sorted(found, key=str) == sorted(parts, key=str)
        forget_others(path, found)
        assert registered(path, _ROWS) == found
        for part in found:
            (folder / part.file).write_bytes(data[: part.size - 1])
            try:
                require_there(folder, found)
            except StateError:
                continue
            raise AssertionError(f"{part.file} is not what it was")


def _plans() -> list[bytes]:
    plans = [
        PLAN,
        replace(PLAN, tables=("shop", "b"), arns={"shop": "arn:aws:x", "b": OVER}, compression="zstd"),
    ]
    with scratch() as folder:
        path = folder / "x.import.json"
        return [write_import(path, plan) or path.read_bytes() for plan in plans]  # type: ignore[func-returns-value]


def _check_plan(data: bytes) -> None:
    """What a run remembers of its import is what the file says, and files can be made by it."""
    with scratch() as folder:
        path = folder / "x.import.json"
        path.write_bytes(data)
        try:
            plan = read_import(path)
        except StateError as error:
            assert str(path) in str(error)
            return
        assert plan is not None
        assert {**vars(plan), "tables": plan.tables and list(plan.tables)} == orjson.loads(data) | (
            {"tables": ()} if plan.tables == () else {}
        )
        assert plan.compression in COMPRESSIONS and plan.part_bytes > 0
        write_import(path, plan)
        assert read_import(path) == plan


def _imports() -> list[bytes]:
    facts = {
        "ImportArn": "arn:aws:dynamodb:x:1:table/T/import/1", "ImportStatus": "COMPLETED",
        "ProcessedItemCount": 8, "ImportedItemCount": 8, "ErrorCount": 0, "ProcessedSizeBytes": 99,
        "CloudWatchLogGroupArn": "arn:aws:logs:x", "StartTime": 1767323045.678,
    }  # fmt: skip
    failed = {**facts, "ImportStatus": "FAILED", "FailureCode": "S3", "FailureMessage": "no"}
    return [
        *(line({"ImportTableDescription": each}) for each in (facts, failed, {**facts, "ErrorCount": 1})),
        error("ImportNotFoundException"),
    ]


def _check_import(data: bytes) -> None:
    """An import is whole only where the answer says so, in each of its counts."""
    (reply, *_) = replies(data)
    with answering(lambda operation: reply) as endpoint:
        try:
            arn = begin_import(endpoint, "0" * 32, "bucket", "p/", "gzip", _DEFINITION)
            facts = describe_import(endpoint, "arn:aws:dynamodb:x:1:table/T/import/" + "1" * 20)
        except TargetError:
            return
        said = json.loads(reply.body)["ImportTableDescription"]
        assert arn == said["ImportArn"] and facts.status == said["ImportStatus"]
        try:
            require_whole("T", facts, 8)
        except (TargetError, DifferencesFound):
            return
        assert (said["ImportStatus"], said["ProcessedItemCount"], said["ImportedItemCount"]) == (
            "COMPLETED",
            8,
            8,
        )
        assert not said.get("ErrorCount")


_PREFIX, _SHA256 = "p/", "ab" * 32
_LISTING = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>false</IsTruncated>
<Contents><Key>p/1</Key><Size>20</Size><ETag>"x"</ETag></Contents>
<Contents><Key>p/2</Key><Size>7</Size></Contents></ListBucketResult>"""


def _objects() -> list[bytes]:
    head = {"headers": {"Content-Length": "20", "x-amz-meta-sha256": _SHA256, "ETag": '"x"'}}
    other = {"headers": {**head["headers"], "x-amz-meta-sha256": "cd" * 32}}
    listed = {"body": _LISTING, "headers": {"Content-Type": "application/xml"}}
    return [
        b"\n".join(line(each) for each in (head, listed)),
        b"\n".join(line(each) for each in (other, listed)),
        b"\n".join([line({}, 404), line({"body": _LISTING.replace("p/2", "p/3")})]),
    ]


def _check_objects(data: bytes) -> None:
    """An object counts as sent, and a folder as ours alone, only where the answers say just that."""
    following = cycled(replies(data), 24)
    given = [Reply(0, False, b"")]

    def reply() -> Reply:
        given.append(following() or Reply(404, True, b""))
        return given[-1]

    with answering_of_s3(reply) as endpoint:
        bucket = Bucket(endpoint, "b")
        with suppress(TargetError):
            if bucket.has(_PREFIX + "1", 20, _SHA256):
                said = (given[-1].success or {})["headers"]
                told = {name.lower(): str(value) for name, value in said.items()}
                assert (int(told["content-length"]), told["x-amz-meta-sha256"]) == (20, _SHA256)
        del given[1:]
        with suppress(TargetError):
            bucket.require_only(_PREFIX, {"p/1": 20, "p/2": 7})
            bodies = [str((each.success or {}).get("body")) for each in given]
            assert any("p/1" in body and "p/2" in body for body in ["".join(bodies)])


_DEFINITION = {
    "TableName": "Music",
    "AttributeDefinitions": [{"AttributeName": "PK", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
_COUNTS = (
    b'"ImportedItemCount":8',
    b'"ErrorCount":1',
    b"null",
    b"{}",
    b"[]",
    b"1e400",
    b'"COMPLETED"',
    b"8.5",
)

TARGETS: Sequence[Target] = (
    Target("parts-register", _registers, _check_register, (b'"entities":{}', b"\n", b"/../", b"0")),
    Target("import-plan", _plans, _check_plan, (b'"arns":{}', b"null", b'"tables":[]', b'"none"', b"0")),
    Target("import-answers", _imports, _check_import, _COUNTS),
    Target(
        "object-answers", _objects, _check_objects, (b"<Key>", b"</Contents>", b"<Size>", b'"headers"', b"<")
    ),
)
