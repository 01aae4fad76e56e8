"""A table with `oversize: s3`, its objects in moto's S3, as a user loads, asks, proves and mends it."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migration_tool.config import load_config
from migration_tool.oversize import ATTRIBUTE
from migration_tool.permissions import policy
from tests.cli.shell import ROOT, Shell
from tests.cli.test_oversize import KEYS, NOISE, WORDS, Library
from tests.files.s3 import Recorder, client, made_bucket


@pytest.fixture
def bucket(moto_server: str) -> Iterator[str]:
    yield from made_bucket(moto_server, f"l-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def other_bucket(moto_server: str) -> Iterator[str]:
    yield from made_bucket(moto_server, f"o-{uuid.uuid4().hex[:12]}")


class Objects:
    """The library with its objects beside it."""

    def __init__(self, library: Library, s3_url: str, bucket: str) -> None:
        self.library, self.s3, self.bucket = library, client(s3_url), bucket
        self.set(oversize_bucket=bucket, oversize_prefix="large/", s3_endpoint=s3_url)

    @property
    def path(self) -> Path:
        return self.library.shell.folder / "config/migration.json"

    def set(self, **settings: str) -> None:
        document = json.loads(self.path.read_text())
        document["migration_settings"] |= settings
        self.path.write_text(json.dumps(document))

    def allowed(self, command: str) -> set[str]:
        """What the policy allows on the objects of the table."""
        document = policy(load_config(self.path, {}, {}), command, "123456789012")
        own = f"arn:aws:s3:::{self.bucket}/large/{self.library.table}/*"
        return {action for s in document["Statement"] if s["Resource"] == [own] for action in s["Action"]}

    @property
    def names(self) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", ())
        return [each["Key"] for each in found]

    def content(self, name: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=name)["Body"].read()
        return body

    def pointers(self) -> dict[str, dict[str, Any]]:
        """By key, what the items say that point to objects."""
        return {i["PK"]["S"]: i[ATTRIBUTE]["M"] for i in self.library.items() if ATTRIBUTE in i}


@pytest.fixture
def objects(shell: Shell, dynoxide: str, moto_server: str, table_prefix: str, bucket: str) -> Objects:
    return Objects(Library(shell, dynoxide, table_prefix, "s3"), moto_server, bucket)


def test_long_articles_in_objects(objects: Objects, shell: Shell) -> None:
    account = shell.ok("migrate", "--yes")
    assert "4 rows = 4 items + 0 rejected" in account
    library = objects.library
    assert library.asked(2)["Body"] == WORDS and ATTRIBUTE not in library.asked(2)
    assert base64.b64decode(library.asked(3)["Body"]) == NOISE
    found = {name: objects.content(name) for name in objects.names}
    pointers = objects.pointers()
    assert pointers.keys() == {"A#2", "A#3"} and len(found) == 2
    for pointer in pointers.values():
        content = found[f"large/{library.table}/{pointer['Sha256']['S']}"]
        assert hashlib.sha256(content).hexdigest() == pointer["Sha256"]["S"]
        assert (pointer["Encoding"], pointer["Bytes"]) == ({"S": "s3"}, {"N": str(len(content))})
        assert json.loads(content).keys() == {"Body"}
    (stored,) = [item for item in library.items() if item["PK"] == {"S": "A#3"}]
    assert stored.keys() == {*KEYS, "EntityType", "ArticleId", "Kind", "Notes", ATTRIBUTE}


def test_wrong_objects_are_differences_and_put_again(objects: Objects, shell: Shell) -> None:
    shell.ok("migrate", "--yes")
    folder = f"large/{objects.library.table}"
    names = {key: f"{folder}/{pointer['Sha256']['S']}" for key, pointer in objects.pointers().items()}
    right = {name: objects.content(name) for name in objects.names}
    objects.s3.delete_object(Bucket=objects.bucket, Key=names["A#2"])
    objects.s3.put_object(Bucket=objects.bucket, Key=names["A#3"], Body=right[names["A#3"]].swapcase())
    done = shell("validate", "--json")
    assert done.returncode == 7, done.stderr
    report = json.loads(done.stdout)
    (table,) = report["tables"]
    told = {
        found["key"]["PK"]: {each["name"]: each["actual"] for each in found["attributes"]}
        for found in table["different"]
    }
    assert told.keys() == {"A#2", "A#3"} and all(found["Body"] is None for found in told.values())
    assert told["A#2"][ATTRIBUTE]["Object"] == "is missing"
    assert told["A#3"][ATTRIBUTE]["Object"].startswith("has SHA-256 ")
    assert any(pattern["passed"] < pattern["calls"] for pattern in report["access_patterns"])
    shell.ok("validate", "--repair", "--yes")
    assert {name: objects.content(name) for name in objects.names} == right
    shell.ok("validate")


def test_objects_that_no_item_points_to_are_named(objects: Objects, shell: Shell) -> None:
    shell.ok("migrate", "--yes")
    (table,) = json.loads(shell.ok("validate", "--items-only", "--json"))["tables"]
    assert (table["unused_objects"]["count"], table["unused_objects"]["reason"]) == (0, "")
    place = f"large/{objects.library.table}"
    left = hashlib.sha256(b"left").hexdigest()
    for name in (f"{place}/{left}", f"{place}/notes.txt", f"{place}2/{left}", f"{place}/more/{left}"):
        objects.s3.put_object(Bucket=objects.bucket, Key=name, Body=b"left")
    done = shell("validate", "--items-only", "--json")
    (table,) = json.loads(done.stdout)["tables"]
    assert done.returncode == 0 and table["ok"]
    folder = f"s3://{objects.bucket}/{place}/"
    wanted = {"place": folder, "count": 1, "bytes": 4, "names": [left], "reason": ""}
    assert table["unused_objects"] == wanted
    assert f"1 object of 4 bytes is in {folder} that no item points to" in " ".join(table["checked"])
    sampled = json.loads(shell.ok("validate", "--sample", "--json"))["tables"][0]
    assert sampled["unused_objects"] is None
    assert any("no item points to were not looked for" in told for told in sampled["not_checked"])
    assert f"objects of large items in s3://{objects.bucket}/large" in shell("reset", "--confirm").stderr


def test_a_bucket_that_may_not_be_listed_is_no_difference(
    shell: Shell, moto_server: str, table_prefix: str, bucket: str
) -> None:
    denied = b"<Error><Code>AccessDenied</Code><Message>not for you</Message></Error>"
    with Recorder(moto_server) as recorder:
        Objects(Library(shell, recorder.own, table_prefix, "s3"), recorder.own, bucket)
        shell.ok("migrate", "--yes")
        recorder.answer = lambda call: denied if call.action == "s3:ListBucket" else None
        (table,) = json.loads(shell.ok("validate", "--items-only", "--json"))["tables"]
    assert table["ok"] and "AccessDenied" in table["unused_objects"]["reason"]
    assert any("were not looked for: AccessDenied" in told for told in table["not_checked"])


@pytest.fixture
def killed(objects: Objects, shell: Shell) -> Objects:
    """The load was killed between its first object and the item of it."""
    words = [sys.executable, str(ROOT / "tests/files/killer.py"), "object_written", "1", "migrate", "--yes"]
    process = subprocess.run(words, cwd=shell.folder, capture_output=True, text=True, timeout=120)
    assert process.returncode == -9, process.stderr
    assert objects.names and not objects.pointers()
    return objects


def test_killed_between_object_and_item(killed: Objects, shell: Shell) -> None:
    shell.ok("resume")
    assert len(killed.names) == len(killed.pointers()) == 2
    shell.ok("validate")


@pytest.mark.row(18)
@pytest.mark.parametrize("setting", ["oversize_bucket", "oversize_prefix", "s3_endpoint"])
def test_a_run_keeps_its_objects_in_one_place(
    killed: Objects, shell: Shell, other_bucket: str, setting: str
) -> None:
    before = json.loads(killed.path.read_text())["migration_settings"]
    another = {
        "oversize_bucket": other_bucket, "oversize_prefix": "more",
        "s3_endpoint": before["s3_endpoint"].replace("127.0.0.1", "localhost"),
    }  # fmt: skip
    killed.set(**{setting: another[setting]})
    done = shell("resume")
    said = " ".join(done.stderr.split())
    assert (done.returncode, "--accept-changed target" in said) == (6, True), said
    assert f"s3://{killed.bucket}/large/{killed.library.table}/" in said and another[setting] in said
    assert not killed.pointers()
    killed.set(**before)
    shell.ok("resume")
    killed.set(**{setting: another[setting]})
    done = shell("validate", "--repair", "--yes")
    assert (done.returncode, another[setting] in done.stderr) == (6, True), done.stderr


def test_an_accepted_place_gets_all_objects(killed: Objects, shell: Shell, other_bucket: str) -> None:
    shell.ok("resume", "--accept-changed", "target", "--oversize-bucket", other_bucket)
    found = killed.s3.list_objects_v2(Bucket=other_bucket)["Contents"]
    assert len(found) == len(killed.pointers()) == 2
    shell.ok("validate", "--oversize-bucket", other_bucket)


def test_without_a_bucket_nothing_is_written(objects: Objects, shell: Shell) -> None:
    objects.set(oversize_bucket="")
    asked = ["query", "library", "article", "article_id=1"]
    for words in (["plan"], ["design", "check"], ["migrate", "--yes"], asked):
        done = shell(*words)
        assert (done.returncode, "library.Article" in done.stderr) == (3, True), done.stderr
        assert "--oversize-bucket" in done.stderr
    missing = shell("migrate", "--yes", "--oversize-bucket", f"not-{objects.bucket}")
    assert (missing.returncode, "cannot find the bucket" in missing.stderr) == (5, True), missing.stderr
    files = shell("migrate", "--via", "files", "--out", "out", "--oversize-bucket", objects.bucket)
    assert (files.returncode, "no place for the objects" in files.stderr) == (2, True), files.stderr
    assert not (shell.folder / "out").exists()
    assert "ResourceNotFound" in objects.library.call("Scan")["__type"]


def test_the_plan_says_what_goes_into_objects(objects: Objects, shell: Shell) -> None:
    found = json.loads(shell.ok("plan", "--json"))
    assert found["estimate"]["dollars"] == pytest.approx(found["write_units"] * 0.625e-6 + 2 * 0.005e-3)
    assert all(month["objects"] > 0 for month in found["monthly"]["costs"])
    (entity,) = found["tables"][0]["entities"]
    assert (entity["oversize"], entity["object_bytes"] > len(WORDS) + len(NOISE)) == (2, True)
    assert "2 items over 400 KB, stored with " in shell("design", "check").stdout
    shown = shell.ok("plan")
    assert "objects in S3" in shown and "2 items over 400 KB, stored with " in shown
    assert not objects.names


def test_an_import_leaves_them_to_batch_writing_and_policies_allow_all_calls(
    shell: Shell, moto_server: str, table_prefix: str, bucket: str
) -> None:
    """S3 asks for s3:ListBucket, too, before it says that an object is missing."""
    with Recorder(moto_server) as recorder:
        objects = Objects(Library(shell, recorder.own, table_prefix, "s3"), recorder.own, bucket)
        done = shell("migrate", "--yes", "--via", "s3-import", "--bucket", bucket)
        assert done.returncode == 0, done.stderr
        assert f"{objects.library.table} is loaded by batch writing" in done.stderr
        assert recorder.called == {"s3:ListBucket", *objects.allowed("migrate")}
        objects.s3.delete_object(Bucket=bucket, Key=objects.names[0])
        assert len(objects.pointers()) == 2
        for words, code, more in (
            (["query", "library", "article", "article_id=2"], 0, set()),
            (["validate", "--items-only"], 7, {"s3:ListBucket"}),
            (["validate", "--while-running"], 7, set()),
            (["validate", "--repair", "--yes"], 0, {"s3:ListBucket", "s3:PutObject"}),
        ):
            recorder.calls.clear()
            done = shell(*words)
            assert done.returncode == code, done.stderr
            command = " ".join(word for word in words if word == words[0] or word.startswith("--"))
            assert recorder.called - {"s3:ListBucket"} == objects.allowed(command.removesuffix(" --yes"))
            assert recorder.called == {"s3:GetObject"} | more


def test_tables_without_objects_need_no_bucket_in_their_policy(shell: Shell) -> None:
    library = Library(shell, "http://127.0.0.1:9", "x_", "split")
    assert Objects(library, "http://127.0.0.1:9", "a-bucket").allowed("migrate") == set()
