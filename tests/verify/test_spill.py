from __future__ import annotations

import errno
import os
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.errors import StateError
from migration_tool.verify import spill as room
from migration_tool.verify.spill import RECORD_BYTES, Spill, digest, key_hash

HASHES = st.binary(min_size=2, max_size=2).map(lambda start: start[:1] * 3 + start[1:] + b"\0" * 12)
RECORDS = st.lists(st.tuples(HASHES, st.binary(min_size=24, max_size=24)).map(b"".join), max_size=200)


@given(RECORDS, st.sampled_from([40, 120, 4_000, 10**6]), st.sampled_from([40, 80, 400, 10**6]))
def test_every_record_comes_back_once_and_those_of_one_key_together(
    records: list[bytes], memory: int, bucket: int
) -> None:
    with TemporaryDirectory() as folder, Spill(Path(folder) / "work", memory, bucket) as spill:
        for record in records[::2]:
            spill.add(record)
        spill.add_all(b"".join(records[1::2]))
        buckets = list(spill.buckets())
    assert Counter(record for found in buckets for record in found) == Counter(records)
    where = {(record[:16], n) for n, found in enumerate(buckets) for record in found}
    assert len(where) == len({record[:16] for record in records})


def test_buckets_stay_small(tmp_path: Path) -> None:
    with Spill(tmp_path, memory=4_000, bucket=4_000) as spill:
        for number in range(20_000):
            spill.add(key_hash("p", str(number)) + bytes(24))
        sizes = [len(found) * RECORD_BYTES for found in spill.buckets()]
    assert sum(sizes) == 20_000 * RECORD_BYTES
    assert max(sizes) <= 4_000


def test_small_amounts_never_touch_the_disk(tmp_path: Path) -> None:
    with Spill(tmp_path / "work") as spill:
        spill.add(bytes(RECORD_BYTES))
        assert list(spill.buckets()) == [[bytes(RECORD_BYTES)]]
    assert not (tmp_path / "work").exists()


def test_files_have_no_name_and_the_folder_is_private(tmp_path: Path) -> None:
    with Spill(tmp_path / "work", memory=RECORD_BYTES) as spill:
        spill.add(bytes(RECORD_BYTES))
        assert spill.on_disk
        assert list((tmp_path / "work").iterdir()) == []
        assert (tmp_path / "work").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_a_state_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        Spill(tmp_path / "file" / "work", memory=RECORD_BYTES) as spill,
        pytest.raises(StateError, match="write"),
    ):
        spill.add(bytes(RECORD_BYTES))


def test_a_full_disk_is_a_state_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def close(self) -> None:
            return

    def full(**_: Any) -> Full:
        return Full()

    monkeypatch.setattr(room, "TemporaryFile", full)
    with Spill(tmp_path, memory=RECORD_BYTES) as spill, pytest.raises(StateError, match="No space left"):
        spill.add(bytes(RECORD_BYTES))


def test_a_file_that_lost_its_end_is_a_state_error(tmp_path: Path) -> None:
    with Spill(tmp_path, memory=RECORD_BYTES) as spill:
        spill.add(bytes(RECORD_BYTES))
        (file,) = spill._files.values()
        file.flush()
        os.truncate(file.fileno(), RECORD_BYTES - 1)
        with pytest.raises(StateError, match="1 bytes of it are missing"):
            list(spill.buckets())


@given(st.text(), st.text(), st.text(), st.text())
def test_only_equal_keys_have_equal_hashes(a: str, b: str, c: str, d: str) -> None:
    assert (key_hash(a, b) == key_hash(c, d)) == ((a, b) == (c, d))


def test_the_border_between_the_keys_counts() -> None:
    assert key_hash("a", "bc") != key_hash("ab", "c")
    assert len(key_hash("", "")) == len(digest(b"")) == 16
