from __future__ import annotations

import os
import stat
from pathlib import Path

import orjson
import pytest

from migration_tool.errors import StateError
from migration_tool.state import files
from migration_tool.state.repairs import RepairLog
from migration_tool.state.store import StateStore

from .samples import RUN, put


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return StateStore(tmp_path / "state").repairs_path(RUN)


def lines(path: Path) -> list[object]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines() if line]


def test_records_are_added_and_none_is_ever_lost(path: Path) -> None:
    log = RepairLog(path)
    log.append([])
    assert not path.exists()
    log.append([{"n": 1}, {"n": "\u2028ü"}])
    RepairLog(path).append([{"n": 3}])
    assert lines(path) == [{"n": 1}, {"n": "\u2028ü"}, {"n": 3}]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.name == f"{RUN}.repairs.jsonl"


def test_it_is_durable_when_it_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        synced.append(Path(f"/proc/self/fd/{fd}").resolve().name)
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    log = RepairLog(path)
    log.append([{"n": 1}])
    assert synced[-2:] == [path.name, "state"]
    log.append([{"n": 2}])
    assert synced[-1] == path.name


@pytest.mark.parametrize("failing", ["write", "fsync"])
def test_what_cannot_be_written_whole_is_not_written_at_all(
    path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    log = RepairLog(path)
    log.append([{"n": 1}])
    before, real = path.read_bytes(), os.write

    def fail(fd: int, data: bytes = b"") -> int:
        if failing == "write" and len(data) > 5:
            return real(fd, data[:5])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(StateError, match=r"repairs\.jsonl.*No space left"):
        patch.setattr(os, failing, fail)
        log.append([{"n": 2}, {"n": 3}])
    assert path.read_bytes() == before
    log.append([{"n": 2}])
    assert lines(path) == [{"n": 1}, {"n": 2}]


def test_a_line_that_a_crash_has_cut_stays_alone(path: Path) -> None:
    RepairLog(path).append([{"n": 1}, {"n": 2}])
    os.truncate(path, path.stat().st_size - 3)
    RepairLog(path).append([{"n": 3}])
    assert path.read_bytes().splitlines() == [b'{"n":1}', b'{"n":', b'{"n":3}']


@pytest.mark.parametrize("kind", ["link", "broken link", "folder", "pipe"])
def test_what_is_no_regular_file_is_refused(path: Path, kind: str, tmp_path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    elsewhere = tmp_path / "elsewhere"
    put(path, kind, elsewhere)
    with pytest.raises(StateError, match=r"repairs\.jsonl"):
        RepairLog(path)
    with pytest.raises(OSError):
        files.append_lines(path, b"x\n")
    assert not elsewhere.exists() or elsewhere.read_bytes() == b"theirs"


def test_it_belongs_to_its_run(path: Path) -> None:
    RepairLog(path).append([{"n": 1}])
    assert path in StateStore(path.parent).files(RUN)
