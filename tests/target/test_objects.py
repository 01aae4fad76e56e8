"""Objects beside items, in moto's S3."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from migration_tool import oversize
from migration_tool.errors import RowRejected, TargetError
from migration_tool.oversize import ATTRIBUTE, content_of, pointed
from migration_tool.target import objects as objects_module
from migration_tool.target.objects import Objects
from migration_tool.target.pointers import marked, pointer_of, unmarked
from migration_tool.target.s3 import Bucket
from migration_tool.target.session import Target
from tests.files.s3 import Recorder, client, made_bucket

KEEP = ("PK", "SK", "EntityType")
WHOLE = {
    "PK": {"S": "A#1"}, "SK": {"S": "x"}, "EntityType": {"S": "Article"}, "Body": {"S": "ä" * 300_000},
}  # fmt: skip


@pytest.fixture
def bucket(moto_server: str) -> Iterator[str]:
    yield from made_bucket(moto_server, f"o-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def objects(moto_server: str, bucket: str) -> Iterator[Objects]:
    found = Objects(Bucket(Target(moto_server, "us-east-1", 30, 4), bucket), "some/where")
    yield found
    found.close()


def text_of(item: Any) -> str:
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS).decode()


STORED = pointed(text_of(WHOLE), KEEP)
ITEM: dict[str, Any] = json.loads(str(STORED))
OTHER = content_of(STORED).swapcase()
NAME = f"some/where/Library/{ITEM[ATTRIBUTE]['M']['Sha256']['S']}"


def test_what_left_the_item_is_the_object_and_comes_back(objects: Objects, moto_server: str) -> None:
    assert ITEM.keys() == {*KEEP, ATTRIBUTE}
    for _ in range(2):
        objects.put("Library", content_of(STORED)).result()
    s3 = client(moto_server)
    (found,) = s3.list_objects_v2(Bucket=objects.bucket.name)["Contents"]
    assert (found["Key"], objects.place("Library")) == (
        NAME,
        f"s3://{objects.bucket.name}/some/where/Library/",
    )
    content = s3.get_object(Bucket=objects.bucket.name, Key=NAME)["Body"].read()
    assert json.loads(content) == {"Body": WHOLE["Body"]}
    others = [{"PK": {"S": "B"}}, {ATTRIBUTE: {"S": "?"}}]
    assert objects.whole("Library", [*others, ITEM]) == [*others, WHOLE]
    assert objects.as_found("Library", [ITEM, *others]) == [ITEM, *others]
    assert objects.as_found("Other", [ITEM]) != [ITEM]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "is missing"),
        (b"{}", "has 2 bytes"),
        (OTHER, f"has SHA-256 {hashlib.sha256(OTHER).hexdigest()}"),
    ],
)  # fmt: skip
def test_a_wrong_object_is_told(objects: Objects, moto_server: str, content: bytes | None, said: str) -> None:
    if content is not None:
        client(moto_server).put_object(Bucket=objects.bucket.name, Key=NAME, Body=content)
    (told,) = objects.as_found("Library", [ITEM])
    assert told[ATTRIBUTE]["M"] == ITEM[ATTRIBUTE]["M"] | {"Object": {"S": said}}
    assert objects.whole("Library", [ITEM]) == [told]
    assert unmarked(told) == ITEM and unmarked(WHOLE) is WHOLE


@pytest.mark.parametrize(
    "packed",
    [
        None, {}, {"S": "x"}, {"M": {"Encoding": {"S": "gzip"}}},
        {"M": {**ITEM[ATTRIBUTE]["M"], "Sha256": {"S": "../../../another"}}},
        {"M": {**ITEM[ATTRIBUTE]["M"], "Bytes": {"N": "-1"}}},
        {"M": {**ITEM[ATTRIBUTE]["M"], "Bytes": {"N": "1E3"}}},
        {"M": {**ITEM[ATTRIBUTE]["M"], "Sha256": {"N": 5}}},
    ],
)  # fmt: skip
def test_what_we_have_not_written_points_nowhere(objects: Objects, packed: Any) -> None:
    item = {"PK": {"S": "A"}, ATTRIBUTE: packed}
    assert pointer_of(item) is None
    assert objects.as_found("Library", [item]) == objects.whole("Library", [item]) == [item]


def test_more_than_fits_into_memory_is_not_read(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects_module, "MOST_BYTES", 1_000)
    assert objects.whole("Library", [ITEM]) == [ITEM]
    monkeypatch.setattr(oversize, "MOST_BYTES", 1_000)
    with pytest.raises(RowRejected, match="600,017 bytes of JSON; an object takes 1,000") as raised:
        pointed(text_of(WHOLE), KEEP)
    assert raised.value.rule == "item_too_large"


def test_an_item_of_400_kb_needs_no_object() -> None:
    text = text_of(marked(ITEM, "x"))
    assert pointed(text, KEEP) == text and content_of(pointed(text, KEEP)) == b""


def test_what_s3_does_not_confirm_is_not_stored(moto_server: str) -> None:
    with Recorder(moto_server, lambda call: b"" if call.action == "s3:PutObject" else None) as recorder:
        found = Objects(Bucket(Target(recorder.own, "us-east-1", 30, 4), "bucket"), "")
        with pytest.raises(TargetError, match="does not confirm its SHA-256"):
            found.put("Library", b"{}").result()
        found.close()
