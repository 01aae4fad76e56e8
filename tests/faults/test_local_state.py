"""Rows 1, 11, 12 and 13: what happens to the state when its file system, or the process, fails."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from migration_tool.state.envelope import VERSION
from tests.engines import ROOT, Engine, request
from tests.faults.local import CALLS, NOTE, Children, Things, children
from tests.state.samples import RUN, put


def test_row_01_killed_at_every_call_of_the_state_path(
    quick: Path, real_engine: Engine, table_prefix: str
) -> None:
    """Before every write, fsync and rename that a migration makes, from the first one to the last."""
    with children(real_engine, "signal=SIGKILL") as killed, children(real_engine) as forked:
        first = Things(quick / "first", real_engine, table_prefix)
        assert forked.run(first.folder, "migrate")[0] == 0
        first.check_complete()
        for call in CALLS:
            number, code = 0, -9
            while code == -9:
                number += 1
                things = Things(quick / f"{call}{number}", real_engine, table_prefix)
                things.clear()
                code, said = killed.run(things.folder, "migrate", call=call, number=number)
                assert code in (0, -9), said
                begun = things.check_durable()
                assert forked.run(things.folder, "resume" if begun else "migrate")[0] == 0
                things.check_complete()
            assert number > 17


FAULTS = [
    ("write", "error=EIO", False, range(1, 18, 2)),
    ("write", "error=ENOSPC", True, range(2, 18, 3)),
    ("write", "retval=1", False, range(1, 18)),
    ("fsync", "error=EIO", False, range(1, 39, 4)),
    ("fsync", "error=EIO", True, range(3, 39, 8)),
    ("rename", "error=EIO", False, range(1, 23, 3)),
    ("rename", "error=ENOSPC", True, range(2, 23, 5)),
]
"""`retval=1` is a disk that keeps one byte of what it was given, and says nothing."""


@pytest.mark.parametrize(("call", "fault", "lasting", "numbers"), FAULTS)
def test_row_11_a_call_of_the_state_path_fails(
    quick: Path, moto: Engine, table_prefix: str, call: str, fault: str, lasting: bool, numbers: range
) -> None:
    errors = []
    with children(moto, fault, lasting) as forked:
        for number in numbers:
            things = Things(quick / str(number), moto, table_prefix)
            things.clear()
            code, said = forked.run(things.folder, "migrate", call=call, number=number)
            assert code in (0, 4, 6), said
            if code:
                assert f"object: {things.folder}/state" in said and "next: " in said
                assert "Traceback" not in said
                errors.append(said)
            begun = things.check_durable()
            assert forked.run(things.folder, "resume" if begun else "migrate")[0] == 0
            things.check_complete()
    assert len(errors) > len(numbers) / 2


def test_row_11_a_reject_file_that_alone_grows_too_large(
    tmp_path: Path, moto: Engine, commands: Children, table_prefix: str
) -> None:
    """What the state then says must not go beyond the row that could not be kept."""
    things = Things(tmp_path / "things", moto, table_prefix, {"migration_settings.source_snapshot": "live"})
    size = len(NOTE)
    done = subprocess.run(
        [sys.executable, ROOT / "migrate.py", "migrate"], cwd=things.folder, capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )  # fmt: skip
    assert (done.returncode, ".rejects.jsonl\n  cause:  File too large" in done.stderr) == (6, True), (
        done.stderr
    )
    assert things.check_durable()
    assert commands.run(things.folder, "resume")[0] == 0
    things.check_complete()


def test_row_11_a_full_disk(small_disk: Path, moto: Engine, commands: Children, table_prefix: str) -> None:
    """State, rejects and log on a file system of 64 KB, with less and less left of it."""
    codes = []
    for free in range(11):
        things = Things(
            small_disk / str(free), moto, f"{table_prefix}{free}_",
            {"migration_settings.source_snapshot": "live", "logging.level": "INFO"},
        )  # fmt: skip
        ballast, room = small_disk / "ballast", os.statvfs(small_disk)
        ballast.write_bytes(b"x" * ((room.f_bavail - free) * room.f_bsize))
        code, said = commands.run(things.folder, "migrate")
        codes.append(code)
        assert "Traceback" not in said
        if free == 0:
            assert (
                f"the log is incomplete, 2 lines are lost ({things.folder}/logs/migration.log: No space"
                in said
            )
        if code:
            assert f"object: {things.folder}/state/" in said and "No space left on device" in said
        ballast.unlink()
        begun = things.check_durable()
        assert commands.run(things.folder, "resume" if begun else "migrate")[0] == 0
        things.check_complete()
        shutil.rmtree(things.folder)
    assert codes == sorted(codes, reverse=True)
    assert (codes[0], codes[-1]) == (6, 0)


def has_table(things: Things) -> bool:
    return request(things.engine.url, "DescribeTable", {"TableName": things.table})[0] == 200


KINDS = ("link", "broken link", "pipe", "folder")
IN_THE_WAY = [("state", kind) for kind in KINDS[:-1]]
IN_THE_WAY += [(f"state/{name}", kind) for name in (f"{RUN}.json", ".lock") for kind in KINDS]


@pytest.mark.parametrize(("name", "kind"), IN_THE_WAY)
def test_row_12_a_state_path_that_is_no_file_is_refused_before_the_target_is_touched(
    tmp_path: Path, moto: Engine, commands: Children, table_prefix: str, name: str, kind: str
) -> None:
    things = Things(tmp_path / "things", moto, table_prefix)
    path = things.folder / name
    path.parent.mkdir(exist_ok=True)
    put(path, kind, tmp_path / "elsewhere")
    for command in ("migrate", "resume"):
        code, said = commands.run(things.folder, command)
        assert (code, str(path) in said, "Traceback" in said) == (6, True, False), said
    assert not has_table(things)
    if kind == "link":
        assert (tmp_path / "elsewhere").read_bytes() == b"theirs"


def test_row_12_a_read_only_disk_is_refused_before_the_target_is_touched(
    small_disk: Path, tmp_path: Path, moto: Engine, commands: Children, table_prefix: str
) -> None:
    things = Things(small_disk / "things", moto, table_prefix, {"logging.file": str(tmp_path / "log")})
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for command in ("migrate", "resume"):
        code, said = commands.run(things.folder, command)
        assert (code, "Read-only file system" in said, str(things.folder) in said) == (6, True, True), said
    assert not has_table(things)


def damages(data: bytes) -> Iterator[tuple[str, bytes]]:
    for length in (0, 1, len(data) // 2, len(data) - 1):
        yield f"cut off at {length}", data[:length]
    for place in range(0, len(data), len(data) // 8):
        yield f"byte {place} flipped", data[:place] + bytes([data[place] ^ 0x01]) + data[place + 1 :]
    for version in (VERSION - 1, VERSION + 1):
        ending = f'"version":{version}}}\n'.encode()
        yield f"version {version}", data[: data.rindex(b'"version":')] + ending
    yield "another run", data.replace(data[data.index(b'"run_id":"') + 10 :][:22], RUN.encode())
    yield "nested deep", b'{"payload":' * 100_000
    yield "no text", b"\xff" * 5000


def test_row_13_a_damaged_state_is_never_a_complete_one(
    tmp_path: Path, moto: Engine, commands: Children, table_prefix: str
) -> None:
    things = Things(tmp_path / "things", moto, table_prefix)
    assert commands.run(things.folder, "migrate")[0] == 0
    (path,) = things.folder.glob("state/2*.json")
    sound = path.read_bytes()
    for backup in things.folder.glob("state/*.json.*"):
        backup.unlink()
    for what, damaged in [*damages(sound), ("1 GB", b"")]:
        assert damaged != sound, what
        path.write_bytes(damaged)
        if what == "1 GB":
            os.truncate(path, 1 << 30)
        for command in ("status", "resume", "migrate"):
            code, said = commands.run(things.folder, command)
            assert (code, str(path) in said) == (6, True), (what, command, said)
            assert "Traceback" not in said and "is complete" not in said, (what, command, said)
    path.write_bytes(sound)
    things.check_complete()
