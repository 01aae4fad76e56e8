"""The two syntaxes of the configuration file: what is read, what is refused, and how it is written."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_tool import documents
from migration_tool.config import load_config, write_config
from migration_tool.errors import ConfigError


def load(path: Path, text: str | bytes) -> ConfigError:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigError) as raised:
        load_config(path, {}, {})
    assert str(path) in str(raised.value)
    return raised.value


@pytest.mark.parametrize("name", ["x.toml", "x", "x.json.bak", "json"])
def test_other_endings_are_refused(tmp_path: Path, name: str) -> None:
    assert ".json, .yaml, .yml" in load(tmp_path / name, "{}").cause
    with pytest.raises(ConfigError, match=r"must end in one of"):
        write_config(tmp_path / name, {"source_db": "x"})


def test_a_missing_file_names_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file") as raised:
        load_config(tmp_path / "x.json", {}, {})
    assert raised.value.hint == "migrate.py init --source-db PATH"


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_what_is_no_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.json"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match=r"regular file|directory"):
        load_config(path, {}, {})


@pytest.mark.parametrize("name", ["x.json", "x.yaml"])
@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"\x00",
        b"[" * 50_000,
        b'{"a":' * 50_000,
        b"a: " * 50_000,
        b" " * (documents.MAX_BYTES + 1),
        b'{"batch_size": ' + b"9" * 5000 + b"}",
        b'{"batch_size": 1',
    ],
    ids=lambda content: repr(content[:8]),
)
def test_hostile_files_are_refused_without_a_traceback(tmp_path: Path, name: str, content: bytes) -> None:
    error = load(tmp_path / name, content)
    assert error.cause
    assert len(str(error)) < 1000


def test_an_empty_file_lacks_the_source(tmp_path: Path) -> None:
    assert load(tmp_path / "x.yaml", "# nothing\n").faults[0].startswith("source_db: missing")
    load(tmp_path / "x.json", "")


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b'\xef\xbb\xbf{"source_db": "x"}')
    assert load_config(path, {}, {}).source_db == tmp_path / "x"


DUPLICATES = {
    "x.json": '{"source_db":"x", "batch_size": 5, "logging": {"level": "INFO", "level": 5}, "batch_size": 1}',
    "x.yaml": "source_db: x\nbatch_size: 5\nlogging:\n  level: INFO\n  level: INFO\nbatch_size: 5\n",
}


@pytest.mark.parametrize("name", DUPLICATES)
def test_every_key_that_stands_twice_is_named(tmp_path: Path, name: str) -> None:
    assert load(tmp_path / name, DUPLICATES[name]).faults == (
        "logging.level: stands twice",
        "batch_size: stands twice",
    )


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(tmp_path: Path, number: str) -> None:
    text = f'{{"source_db": "x", "batch_size": {number}, "migration_settings": {{"timeout": {number}}}}}'
    faults = load(tmp_path / "x.json", text).faults
    assert [fault.split(": must")[0] for fault in faults] == ["batch_size", "migration_settings.timeout"]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("aws_region: no", "aws_region"),
        ("batch_size: 0:25", "batch_size"),
        ("batch_size: 017", "batch_size"),
        ("batch_size: 0x10", "batch_size"),
        ("batch_size: 1_0", "batch_size"),
        ("batch_size: '10'", "batch_size"),
        ("batch_size: 2026-01-01", "batch_size"),
        ("migration_settings: {enable_validation: no}", "migration_settings.enable_validation"),
        ("migration_settings: {max_rejects: 12:30:45}", "migration_settings.max_rejects"),
        ("migration_settings: {timeout: .inf}", "migration_settings.timeout"),
        ("migration_settings: {timeout: 1:30}", "migration_settings.timeout"),
        ("table_prefix: ~", "table_prefix"),
        ("table_prefix:", "table_prefix"),
        ("table_prefix: 5", "table_prefix"),
        ("logging: {level: off}", "logging.level"),
    ],
)
def test_traps_of_yaml_do_not_bite_silently(tmp_path: Path, line: str, key: str) -> None:
    (fault,) = load(tmp_path / "x.yaml", f"source_db: x\n{line}\n").faults
    assert fault.startswith(f"{key}: must be ")


def test_words_of_yaml_are_text_where_text_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "source_db: 12:30:45\ntable_prefix: no\nmigration_settings: {timeout: 15, retry_delay: 5e-1}\n"
    )
    config = load_config(path, {}, {})
    assert (config.source_db.name, config.table_prefix) == ("12:30:45", "no")
    assert (config.settings.timeout, config.settings.retry_delay) == (15, 0.5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x 1\nb: *x", ":2:4: aliases are not used here: *x"),
        ("a: &x [*x]", "aliases"),
        ("<<: *base", "aliases"),
        ("a: !!python/object/apply:os.system [x]", "the tag tag:yaml.org,2002:python/object/apply:os.system"),
        ("a: !!binary aGk=", ":1:4: the tag tag:yaml.org,2002:binary is not used here"),
        ("a: !!int x", "int is not used"),
        ("a: !mine x", "!mine is not used"),
        ("a: 1\n--- \nb: 2", "single document"),
        ("a: [", "expected"),
        ("\ta: 1", ":1:1: found character"),
    ],
)
def test_yaml_that_is_more_than_values_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (fault,) = load(tmp_path / "x.yaml", text).faults
    assert words in fault


@pytest.mark.parametrize("text", ["5: x", "? [a]\n: x", "? {a: b}\n: x", "~: x", "true: x"])
def test_keys_must_be_text(tmp_path: Path, text: str) -> None:
    assert "a key must be text" in load(tmp_path / "x.yaml", f"source_db: x\n{text}\n").faults[0]


@settings(max_examples=80)
@given(st.text(max_size=60), st.sampled_from(["x.json", "x.yaml"]))
def test_arbitrary_text_is_a_configuration_error(tmp_path: Path, text: str, name: str) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigError):
        load_config(tmp_path / name, {}, {})


def test_the_written_structure_has_the_documented_order(tmp_path: Path) -> None:
    write_config(tmp_path / "x.json", {"source_db": "/data/x.sqlite"})
    text = (tmp_path / "x.json").read_text()
    document = json.loads(text)
    assert list(document) == [
        "source_db",
        "aws_region",
        "batch_size",
        "table_prefix",
        "dynamodb_tables",
        "migration_settings",
        "logging",
        "endpoint",
        "prices",
    ]
    assert next(iter(document["dynamodb_tables"].items())) == ("music_catalog", "MusicCatalog")
    assert list(document["migration_settings"].items())[:6] == [
        ("max_retries", 3),
        ("retry_delay", 1.0),
        ("timeout", 30),
        ("enable_validation", True),
        ("create_tables", True),
        ("delete_existing_tables", False),
    ]
    assert document["logging"] == {
        "level": "INFO",
        "file": "logs/migration.log",
        "max_size": "10MB",
        "backup_count": 5,
    }
    assert document["source_db"] == "/data/x.sqlite"
    assert text.endswith("}\n")
    write_config(tmp_path / "x.yaml", {"source_db": "/data/x.sqlite"})
    assert yaml.safe_load((tmp_path / "x.yaml").read_text()) == document


def test_writing_replaces_the_file_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "config" / "x.json"
    old_mask = os.umask(0o022)
    try:
        write_config(path, {"source_db": "a"})
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    before = path.read_bytes()

    def fail(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(ConfigError, match=r"x\.json.*No space left"):
        write_config(path, {"source_db": "b"})
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["x.json"]


def test_a_link_is_replaced_and_what_it_names_is_not(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("theirs")
    (tmp_path / "x.json").symlink_to("victim")
    write_config(tmp_path / "x.json", {"source_db": "a"})
    assert (tmp_path / "victim").read_text() == "theirs"
    assert not (tmp_path / "x.json").is_symlink()


@pytest.mark.parametrize("obstacle", ["folder in its place", "file in place of the folder"])
def test_an_obstacle_is_named(tmp_path: Path, obstacle: str) -> None:
    path = tmp_path / "config" / "x.json"
    if obstacle == "folder in its place":
        path.mkdir(parents=True)
    else:
        path.parent.touch()
    with pytest.raises(ConfigError, match=r"x\.json"):
        write_config(path, {"source_db": "a"})
