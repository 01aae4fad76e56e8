"""`init`: which value wins, what is kept, what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell

DEFAULTS = {
    "source_db": "",
    "aws_region": "us-east-1",
    "batch_size": 25,
    "table_prefix": "chinook_",
    "endpoint": "aws",
}


def written(shell: Shell, name: str = "config/migration.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shell.folder / name).read_text())
    return found


def test_the_defaults_are_those_of_the_documentation(shell: Shell, tiny_db: Path) -> None:
    shell.ok("init", "-s", tiny_db)
    found = written(shell)
    assert {name: found[name] for name in DEFAULTS} == {**DEFAULTS, "source_db": str(tiny_db)}
    assert found["dynamodb_tables"] == {
        "music_catalog": "MusicCatalog", "customer_data": "CustomerData",
        "playlist_data": "PlaylistData", "employee_data": "EmployeeData",
    }  # fmt: skip


def test_a_flag_beats_the_environment_and_that_beats_the_default(shell: Shell, tiny_db: Path) -> None:
    environment = {
        "MIGRATION_SOURCE_DB": str(tiny_db), "AWS_DEFAULT_REGION": "eu-west-1", "MIGRATION_BATCH_SIZE": "5",
        "MIGRATION_TABLE_PREFIX": "env_",
    }  # fmt: skip
    shell.ok("init", "-b", 9, **environment)
    found = written(shell)
    assert found["source_db"] == str(tiny_db)
    assert [found[n] for n in ("aws_region", "batch_size", "table_prefix")] == ["eu-west-1", 9, "env_"]


def test_an_empty_variable_is_not_set_but_an_empty_prefix_is_one(shell: Shell, tiny_db: Path) -> None:
    shell.ok("init", "-s", tiny_db, AWS_DEFAULT_REGION="", MIGRATION_BATCH_SIZE="", MIGRATION_TABLE_PREFIX="")
    found = written(shell)
    assert [found[n] for n in ("aws_region", "batch_size", "table_prefix")] == ["us-east-1", 25, ""]


def test_short_and_long_options_and_the_endpoint_are_written(shell: Shell, tiny_db: Path) -> None:
    shell.ok("--endpoint", "embedded", "init", "-s", tiny_db, "-r", "eu-north-1", "-b", 7, "-p", "x_")
    found = written(shell)
    assert [found[n] for n in ("aws_region", "batch_size", "table_prefix")] == ["eu-north-1", 7, "x_"]
    assert found["endpoint"] == "embedded"


def test_an_existing_file_keeps_what_is_not_named(shell: Shell, tiny_db: Path) -> None:
    shell.ok("init", "-s", tiny_db, "-p", "mine_")
    document = written(shell)
    document["migration_settings"]["max_rejects"] = 17
    document["dynamodb_tables"] = {"employee_data": "Staff"}
    (shell.folder / "config/migration.json").write_text(json.dumps(document))
    assert "Updated" in shell("init", "--batch-size", 15).stderr
    assert written(shell) == {**document, "batch_size": 15}
    assert "Wrote" in shell("init", "--force", "-s", tiny_db).stderr
    assert written(shell)["table_prefix"] == "chinook_"


def test_a_relative_source_of_the_file_stays_the_same_file(shell: Shell, tiny_db: Path) -> None:
    shutil.copyfile(tiny_db, shell.folder / "own.sqlite")
    shell.ok("init", "-s", "own.sqlite")
    path = shell.folder / "config/migration.json"
    path.write_text(path.read_text().replace(str(shell.folder / "own.sqlite"), "own.sqlite"))
    shell.ok("init", "-b", 3)
    assert written(shell)["source_db"] == str(shell.folder / "own.sqlite")


def test_yaml_by_the_ending_and_another_path(shell: Shell, tiny_db: Path) -> None:
    shell.ok("--config", "custom.yaml", "init", "-s", tiny_db, "--batch-size", 15)
    assert "batch_size: 15" in (shell.folder / "custom.yaml").read_text()
    assert "not_started" in shell.ok("-c", "custom.yaml", "status")


def test_no_source_at_all_is_a_usage_error(shell: Shell) -> None:
    done = shell("init")
    assert (done.returncode, "init --source-db PATH" in done.stderr) == (2, True)
    assert not (shell.folder / "config").exists()


@pytest.mark.parametrize("content", [b"", b"not a database at all", None])
def test_a_source_that_is_none_is_refused_and_nothing_is_written(shell: Shell, content: bytes | None) -> None:
    if content is not None:
        (shell.folder / "x.sqlite").write_bytes(content)
    assert shell("init", "-s", "x.sqlite").returncode == 4
    assert not (shell.folder / "config").exists()


def test_an_empty_database_and_a_damaged_one_are_refused(shell: Shell, sample_copy: Path) -> None:
    data = bytearray(sample_copy.read_bytes())
    data[4096 * 20 : 4096 * 30] = bytes(4096 * 10)
    (shell.folder / "damaged.sqlite").write_bytes(data)
    (shell.folder / "empty.sqlite").write_bytes(data[:4096])
    for name in ("damaged.sqlite", "empty.sqlite"):
        assert shell("init", "-s", name).returncode == 4


def test_a_broken_file_is_told_and_force_writes_it_anew(shell: Shell, tiny_db: Path) -> None:
    (shell.folder / "config").mkdir()
    (shell.folder / "config/migration.json").write_text('{"batch_sise": 3}')
    done = shell("init", "-s", tiny_db)
    assert done.returncode == 3
    assert "did you mean batch_size?" in done.stderr
    shell.ok("init", "--force", "-s", tiny_db)
    assert written(shell)["batch_size"] == 25


def test_a_batch_size_beyond_the_limit_is_a_usage_error(shell: Shell, tiny_db: Path) -> None:
    assert shell("init", "-s", tiny_db, "-b", 26).returncode == 2
