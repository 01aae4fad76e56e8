from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from migration_tool.config import LogSettings
from migration_tool.errors import ConfigError
from migration_tool.logs import CONTENT, LogFile, configure

log = logging.getLogger("migration_tool.somewhere")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "logs" / "migration.log"
    logger = logging.getLogger("migration_tool")
    for handler in list(logger.handlers):
        if isinstance(handler, LogFile):
            handler.close()
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


def settings(path: Path, level: str = "INFO", max_size: int = 10**6, backups: int = 2) -> LogSettings:
    return LogSettings(level, path, max_size, backups)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def test_a_line_holds_when_what_and_where(path: Path) -> None:
    handler = configure(settings(path), run_id="20261120T213000-a1b2c3")
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    log.info("stored %d items", 25, extra={"table": "music_catalog", "batch": 12, "seconds": 0.5})
    (line,) = lines(path)
    time = datetime.fromisoformat(line.pop("time"))
    assert before <= time <= datetime.now(UTC)
    assert line == {
        "level": "INFO",
        "event": "stored 25 items",
        "logger": "migration_tool.somewhere",
        "run_id": "20261120T213000-a1b2c3",
        "table": "music_catalog",
        "batch": 12,
        "seconds": 0.5,
    }
    handler.run_id = "another"
    log.info("x")
    assert lines(path)[1] | {"time": ""} == {
        "time": "",
        "level": "INFO",
        "event": "x",
        "logger": "migration_tool.somewhere",
        "run_id": "another",
        "table": None,
        "batch": None,
    }


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
@pytest.mark.parametrize("verbose", [False, True])
def test_the_level_counts_and_verbose_counts_more(path: Path, level: str, verbose: bool) -> None:
    configure(settings(path, level), verbose)
    names = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
    for name in names:
        log.log(getattr(logging, name), "x")
    assert [line["level"] for line in lines(path)] == (names if verbose else names[names.index(level) :])


def test_other_loggers_are_left_alone(path: Path) -> None:
    names = ("", "botocore", "botocore.auth", "urllib3", "moto", "boto3", "werkzeug")
    before = [(logging.getLogger(n).level, list(logging.getLogger(n).handlers)) for n in names]
    configure(settings(path, "DEBUG"), verbose=True)
    assert [(logging.getLogger(n).level, list(logging.getLogger(n).handlers)) for n in names] == before
    assert not logging.getLogger("botocore").isEnabledFor(logging.DEBUG)
    logging.getLogger("botocore").critical("a secret")
    assert path.read_bytes() == b""


def test_nothing_goes_up_to_the_root(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    configure(settings(path))
    log.error("x")
    assert caplog.records == []
    assert len(lines(path)) == 1


def test_the_library_is_silent_before_it_is_configured() -> None:
    code = "import logging, migration_tool.logs; logging.getLogger('migration_tool.x').error('loud')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


SECRETS = {
    "aws_secret_access_key": "wJalrXUtnFEMI",
    "token": "FwoGZXIvYXdz",
    "Authorization": "AWS4-HMAC-SHA256 Credential=x",
    "credentials": {"access_key": "AKIDEXAMPLE"},
    "nested": {"deep": [{"password": "hunter2"}], "X-Amz-Security-Token": "FwoGZXIvYXdz"},
    "accessKey": "AKIDEXAMPLE",
}


@pytest.mark.parametrize("level", [logging.DEBUG, logging.ERROR])
def test_credentials_are_never_written(path: Path, level: int) -> None:
    configure(settings(path), verbose=True)
    log.log(level, "key AKIAIOSFODNN7EXAMPLE", extra=SECRETS)
    log.log(level, "X-Amz-Security-Token: FwoGZXIvYXdz")
    log.log(level, "Authorization: AWS4-HMAC-SHA256 Credential=wJalrXUtnFEMI")
    text = path.read_text()
    for secret in ("wJalr", "FwoGZ", "AKID", "AKIA", "hunter2"):
        assert secret not in text
    assert lines(path)[0]["event"] == "key ***"


@pytest.mark.parametrize("name", sorted(CONTENT))
def test_content_is_written_at_debug_only(path: Path, name: str) -> None:
    configure(settings(path), verbose=True)
    log.info("x", extra={name: "Jane Doe"})
    log.info("x", extra={"about": [{name: "Jane Doe"}]})
    assert "Jane Doe" not in path.read_text()
    log.debug("x", extra={name: "Jane Doe"})
    assert lines(path)[2][name] == "Jane Doe"


def test_bytes_are_only_counted(path: Path) -> None:
    configure(settings(path), verbose=True)
    log.debug("x", extra={"body": b"Jane Doe"})
    assert lines(path)[0]["body"] == "<8 bytes>"


def test_an_exception_has_its_place_and_its_text_only_at_debug(path: Path) -> None:
    configure(settings(path), verbose=True)
    try:
        raise ValueError("Jane Doe")
    except ValueError:
        log.exception("failed")
        log.debug("failed", exc_info=True)
    first, second = lines(path)
    assert first["exception"] == "ValueError"
    assert first["frames"][0].startswith("test_logs.py:")
    assert "Jane" not in json.dumps(first)
    assert second["exception_text"] == "Jane Doe"


def test_every_value_makes_one_line(path: Path) -> None:
    configure(settings(path))
    deep: list[Any] = []
    deep.append(deep)
    extra = {
        "text": "a\r\nb\u2028\x1b[2J\ud800\0",
        "nan": float("nan"),
        "inf": float("-inf"),
        "path": Path("x"),
        "object": object,
        "deep": deep,
        "big": 10**30,
        "run_id": "mine",
        "pair": (1, {2}),
        "map": {1: None},
    }
    log.info("line\nbreak", extra=extra)
    assert path.read_bytes().count(b"\n") == 1
    assert all(32 <= byte < 127 for byte in path.read_bytes()[:-1])
    (line,) = lines(path)
    assert (line["event"], line["text"], line["nan"]) == ("line\nbreak", extra["text"], "nan")
    assert (line["pair"], line["map"], line["big"], line["path"]) == ([1, [2]], {"1": None}, 10**30, "x")
    assert (line["run_id"], line["extra_run_id"]) == ("", "mine")


def test_files_rotate_by_size(path: Path) -> None:
    configure(settings(path, max_size=1024, backups=2))
    for number in range(60):
        log.info("x" * 100, extra={"number": number})
    names = sorted(p.name for p in path.parent.iterdir())
    assert names == ["migration.log", "migration.log.1", "migration.log.2"]
    files = [path.with_name(f"migration.log{end}") for end in (".2", ".1", "")]
    assert all(file.stat().st_size <= 1024 for file in files)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    numbers = [line["number"] for file in files for line in lines(file)]
    assert numbers == list(range(numbers[0], 60))


def test_without_backups_the_file_begins_anew(path: Path) -> None:
    configure(settings(path, max_size=1024, backups=0))
    for _ in range(60):
        log.info("x" * 100)
    assert [p.name for p in path.parent.iterdir()] == ["migration.log"]
    assert 0 < path.stat().st_size <= 1024


def test_a_line_longer_than_the_limit_is_kept_whole(path: Path) -> None:
    configure(settings(path, max_size=1024))
    log.info("x" * 5000)
    log.info("y")
    assert len(lines(path.with_name("migration.log.1"))) == len(lines(path)) == 1


def test_a_log_goes_on_where_it_ended(path: Path) -> None:
    configure(settings(path)).close()
    path.chmod(0o644)
    path.write_text("{}\n")
    configure(settings(path))
    log.info("x")
    assert len(lines(path)) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_another_process_rotated_is_followed(path: Path) -> None:
    configure(settings(path))
    log.info("one")
    path.rename(path.with_name("migration.log.1"))
    log.info("two")
    assert [line["event"] for line in lines(path)] == ["two"]


def test_a_second_configuration_replaces_the_first(path: Path) -> None:
    first = configure(settings(path))
    configure(settings(path.with_name("other.log"), "ERROR"))
    log.error("x")
    log.info("y")
    assert path.read_bytes() == b""
    assert len(lines(path.with_name("other.log"))) == 1
    first.emit(logging.makeLogRecord({"msg": "late"}))
    assert path.read_bytes() == b""


def test_close_is_harmless_twice(path: Path) -> None:
    handler = configure(settings(path))
    handler.close()
    handler.close()
    assert handler not in logging.getLogger("migration_tool").handlers


@pytest.mark.parametrize("kind", ["folder", "link", "pipe", "device", "no folder"])
def test_a_log_that_cannot_be_opened_is_a_configuration_error(path: Path, kind: str) -> None:
    if kind == "no folder":
        path.parent.write_text("a file")
    else:
        path.parent.mkdir()
    if kind == "folder":
        path.mkdir()
    elif kind == "link":
        path.symlink_to("elsewhere")
    elif kind == "pipe":
        os.mkfifo(path)
    where = Path("/dev/full") if kind == "device" else path
    with pytest.raises(ConfigError) as raised:
        configure(settings(where))
    assert str(where) in str(raised.value)
    assert "logging.file" in raised.value.hint
    assert not (path.parent / "elsewhere").exists()


@pytest.mark.row(11)
def test_a_full_disk_stops_nothing_and_is_remembered(path: Path) -> None:
    code = """
import logging, resource, sys
from pathlib import Path
from migration_tool.config import LogSettings
from migration_tool.logs import configure
handler = configure(LogSettings("INFO", Path(sys.argv[1]), 10**6, 2))
log = logging.getLogger("migration_tool.x")
log.info("before")
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, hard))
log.info("x" * 500)
log.info("lost")
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
log.info("after")
print(handler.lost, handler.fault)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"2 {path}: File too large\n"
    assert done.stderr == ""
    first, torn, last = path.read_text().splitlines()
    assert (json.loads(first)["event"], json.loads(last)["event"]) == ("before", "after")
    assert len(first) + 1 + len(torn) == 200


def test_a_record_that_cannot_be_formatted_stops_nothing(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = configure(settings(path))
    log.info("%d", "not a number")
    assert handler.lost == 1
    assert str(path) in handler.fault
    assert capsys.readouterr() == ("", "")
