"""Every fault of a configuration has a name and a place, and all are told at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migration_tool.config import load_config
from migration_tool.config_values import NAMES
from migration_tool.errors import ConfigError


def write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")


def nested(values: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for name, value in values.items():
        section, _, leaf = name.rpartition(".")
        (document.setdefault(section, {}) if section else document)[leaf] = value
    return document


def minimal(**changes: Any) -> dict[str, Any]:
    return {"source_db": "x.sqlite"} | changes


def faults(path: Path, document: Any, **flags: Any) -> list[str]:
    write(path, document)
    with pytest.raises(ConfigError) as raised:
        load_config(path, flags, {})
    return list(raised.value.faults)


WRONG: list[tuple[str, Any]] = [
    *[(n, v) for n in ("source_db", "logging.file") for v in (5, "", " ", None, "a\0b", ["x"], {"x": 1})],
    *[("prices", v) for v in (5, " ", None, "a\0b", ["x"])],
    *[("aws_region", v) for v in (5, "", "US-EAST-1", "us-east", "us_east_1", "us-east-1 ", False)],
    *[("batch_size", v) for v in (0, 26, -1, "25", 25.0, True, None, [25], 10**30)],
    *[("table_prefix", v) for v in (5, None, "a b", "é", "a/b", "x" * 256, "a\n")],
    *[("endpoint", v) for v in (5, "", "AWS", "localhost:8000", "ftp://x", "http://", "http://u:p@x")],
    *[
        ("endpoint", f"http://{v}")
        for v in ("x/y", "x?y", "x#y", "x:99999", "x:0", "a b", "a\nb", "-x", "[::z]")
    ],
    *[("migration_settings.max_retries", v) for v in (-1, 1001, "3", 3.0, True)],
    *[("migration_settings.retry_delay", v) for v in (0, -1, 301, "1", True, None)],
    *[("migration_settings.timeout", v) for v in (0, 3601, "30", True, None)],
    *[
        (f"migration_settings.{n}", v)
        for n in ("enable_validation", "create_tables", "delete_existing_tables", "allow_http", "allow_code")
        for v in (0, 1, "true", "yes", None)
    ],
    *[
        ("migration_settings.max_rejects", v)
        for v in (-1, "0", False, 10**10, 1.5, "-1%", "101%", "%", "", None)
    ],
    *[("migration_settings.max_retry_seconds", v) for v in (0, 86401, 1.5)],
    *[("migration_settings.source_snapshot", v) for v in ("Copy", "cop", 1, None)],
    *[("migration_settings.connections", v) for v in (0, 257, "16")],
    *[("migration_settings.in_flight", v) for v in (0, 4097, "256")],
    *[
        ("migration_settings.max_wcu", v)
        for v in (0, -1, 10**10, "500", "", "on", "Auto", "auto:0%", "auto:101%", "auto:80", None, True, [1])
    ],
    *[("migration_settings.lease", v) for v in (0, 0.5, 3601, -1, "on", "60", "Off", "", None, True, False)],
    *[("migration_settings.s3_bucket", v) for v in ("ab", "A-bucket", "a_b_c", "-abc", "a" * 64, None, 5)],
    *[("migration_settings.oversize_bucket", v) for v in ("ab", "A-bucket", "a/b", None, 5)],
    *[("migration_settings.oversize_prefix", v) for v in ("a b", "ä", "a" * 513, None, 5)],
    *[("migration_settings.s3_prefix", v) for v in ("a b", "ä", "a\n", "a" * 513, None, 5)],
    *[("migration_settings.s3_endpoint", v) for v in ("embedded", "s3", "ftp://x", "http://u@x", None, 5)],
    *[("logging.level", v) for v in ("LOUD", "warn", 10, None)],
    *[("logging.max_size", v) for v in (0, 1023, "10", "10XB", "-1MB", "1.5MB", 10.0, True, "2000GB", "MB")],
    *[("logging.backup_count", v) for v in (-1, 1001, "5", True)],
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_named_with_its_path(tmp_path: Path, name: str, value: Any) -> None:
    (fault,) = faults(tmp_path / "x.json", nested({"source_db": "x", name: value}))
    assert fault.startswith(f"{name}: must be ")
    assert "found " in fault


def test_every_key_has_a_wrong_value_in_the_cases() -> None:
    assert {name for name, _ in WRONG} == set(NAMES)


def test_unknown_keys_name_the_nearest_known_one(tmp_path: Path) -> None:
    document = minimal(
        batchsize=5, migration_settings={"time_out": 5, "x": 1}, logging={"LEVEL": "INFO"}, zzzzzz=1
    )
    found = faults(tmp_path / "x.json", document)
    assert found[:3] == [
        "batchsize: unknown key; did you mean batch_size?",
        "migration_settings.time_out: unknown key; did you mean timeout?",
        next(
            f for f in found if f.startswith("migration_settings.x: unknown key; known here: max_retries, ")
        ),
    ]
    assert "logging.LEVEL: unknown key; did you mean level?" in found
    assert any(f.startswith("zzzzzz: unknown key; known here: source_db, ") for f in found)


@pytest.mark.parametrize("section", ["migration_settings", "logging", "dynamodb_tables"])
@pytest.mark.parametrize("value", [5, None, [], "x", [{}]])
def test_a_section_must_be_one(tmp_path: Path, section: str, value: Any) -> None:
    (fault,) = faults(tmp_path / "x.json", minimal(**{section: value}))
    assert fault.startswith(f"{section}: must be a section of keys and values; found ")


@pytest.mark.parametrize("document", [5, None, [], "x", [{"source_db": "x"}]])
def test_a_file_must_hold_keys(tmp_path: Path, document: Any) -> None:
    assert faults(tmp_path / "x.json", document)[0].startswith("the file: must hold keys and values; found ")


def test_a_source_must_be_given_somewhere(tmp_path: Path) -> None:
    assert faults(tmp_path / "x.json", {}) == [
        "source_db: missing; give it in the file, by flag, or as MIGRATION_SOURCE_DB"
    ]


def test_tables_are_checked_with_their_prefix(tmp_path: Path) -> None:
    tables = {"a": "x" * 250, "b": "B", "c": "B", "d e": "D", "f": 5, "g": "", "h": "a b"}
    found = faults(tmp_path / "x.json", minimal(dynamodb_tables=tables, table_prefix="123456"))
    assert [fault.split(":")[0] for fault in found] == [
        "dynamodb_tables.d e",
        "dynamodb_tables.f",
        "dynamodb_tables.g",
        "dynamodb_tables.h",
        "dynamodb_tables.a",
        "dynamodb_tables.c",
    ]
    assert "3 to 255 characters" in found[4]
    assert "already the table of b" in found[5]
    (fault,) = faults(tmp_path / "x.json", minimal(dynamodb_tables={"a": "AB"}, table_prefix=""))
    assert "has 2" in fault
    (fault,) = faults(tmp_path / "x.json", minimal(dynamodb_tables={}))
    assert fault.startswith("dynamodb_tables: must be a section")


def test_in_flight_covers_the_connections(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path / "x.json", minimal(migration_settings={"connections": 32, "in_flight": 31}))
    assert fault == "migration_settings.in_flight: must not be less than connections; 31 < 32"


def test_all_faults_of_all_layers_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path / "x.json", {"batch_size": 99, "oops": 1, "logging": {"level": "LOUD"}})
    environment = {"AWS_DEFAULT_REGION": "mars", "MIGRATION_BATCH_SIZE": "1e1"}
    with pytest.raises(ConfigError) as raised:
        load_config(tmp_path / "x.json", {"endpoint": "nowhere", "batch": 1}, environment)
    assert sorted(fault.split(":")[0] for fault in raised.value.faults) == [
        "batch_size",
        "environment AWS_DEFAULT_REGION",
        "environment MIGRATION_BATCH_SIZE",
        "flag batch",
        "flag endpoint",
        "logging.level",
        "oops",
        "source_db",
    ]
    assert raised.value.exit_code == 3
    assert "migrate.py init" in raised.value.hint
    assert str(tmp_path / "x.json") in str(raised.value)


@pytest.mark.parametrize("text", ["", "0", "26", "x", "1_0", "2.0", "٢", "true"])
def test_text_of_the_environment_is_parsed_strictly(tmp_path: Path, text: str) -> None:
    write(tmp_path / "x.json", minimal())
    environment = {"MIGRATION_BATCH_SIZE": text}
    if text == "":
        assert load_config(tmp_path / "x.json", {}, environment).batch_size == 25
        return
    with pytest.raises(ConfigError, match="environment MIGRATION_BATCH_SIZE: must be a whole number"):
        load_config(tmp_path / "x.json", {}, environment)


def test_no_fault_of_the_environment_where_a_flag_decides(tmp_path: Path) -> None:
    write(tmp_path / "x.json", minimal())
    assert load_config(tmp_path / "x.json", {"batch_size": 5}, {"MIGRATION_BATCH_SIZE": "x"}).batch_size == 5
