"""What a run remembers of its import, and the register of its files: read as written, damage found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migration_tool.errors import StateError
from migration_tool.state.imports import Import, read_import, write_import
from migration_tool.state.parts import (
    COMPRESSIONS,
    Part,
    PartWriter,
    forget_others,
    register,
    registered,
    require_there,
)

PLAN = Import("same", "bucket", "p/run/", "gzip", 1 << 30)
PARTS = [
    Part("shop", f"t/data/part-{n:05}.json.gz", 9, 50, 20, "ab" * 32, {"a": 2, "b": n}) for n in (1, 2, 3)
]


@pytest.mark.parametrize("plan", [PLAN, replace(PLAN, tables=("shop",), arns={"shop": "arn:aws:x"})])
def test_an_import_comes_back(tmp_path: Path, plan: Import) -> None:
    assert read_import(tmp_path / "x.import.json") is None
    write_import(tmp_path / "x.import.json", plan)
    assert read_import(tmp_path / "x.import.json") == plan


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"arns":{}}'])
def test_a_damaged_import_is_named(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "x.import.json"
    path.write_bytes(damage)
    with pytest.raises(StateError, match=r"x\.import\.json") as caught:
        read_import(path)
    assert "migrate --force" in caught.value.hint


@pytest.mark.parametrize("changed", [(b"gzip", b"lzma"), (b"1073741824", b"0")])
def test_no_files_are_made_in_a_form_that_there_is_not(tmp_path: Path, changed: tuple[bytes, bytes]) -> None:
    path = tmp_path / "x.import.json"
    write_import(path, PLAN)
    path.write_bytes(path.read_bytes().replace(*changed))
    with pytest.raises(StateError, match="a form that no files have"):
        read_import(path)


def test_tables_are_names(tmp_path: Path) -> None:
    path = tmp_path / "x.import.json"
    write_import(path, replace(PLAN, tables=("shop",)))
    path.write_bytes(path.read_bytes().replace(b'["shop"]', b"[5]"))
    with pytest.raises(StateError, match="not a list of names"):
        read_import(path)


def test_only_the_parts_that_the_state_knows_of_count(tmp_path: Path) -> None:
    path = tmp_path / "parts.jsonl"
    assert registered(path, 0) == []
    for part in PARTS:
        register(path, part)
    assert registered(path, 12) == PARTS
    assert registered(path, 7) == PARTS[:2]
    with path.open("ab") as file:
        file.write(b'{"cut')
    assert registered(path, 12) == PARTS
    forget_others(path, PARTS[:1])
    assert registered(path, 3) == PARTS[:1]


@pytest.mark.parametrize("items", [1, 4, 13])
def test_a_register_that_does_not_fit_the_state_is_refused(tmp_path: Path, items: int) -> None:
    for part in PARTS:
        register(tmp_path / "parts.jsonl", part)
    with pytest.raises(StateError, match="the saved state knows of"):
        registered(tmp_path / "parts.jsonl", items)


def test_a_line_of_the_register_that_was_changed_or_doubled_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "parts.jsonl"
    for part in PARTS:
        register(path, part)
    first, *others = path.read_bytes().splitlines(keepends=True)
    for changed in (first.replace(b'"items":9', b'"items":8'), first.replace(b"t/data", b"../data")):
        path.write_bytes(changed + b"".join(others))
        with pytest.raises(StateError, match=r"parts\.jsonl.*line 1 .*checksum"):
            registered(path, 12)
    path.write_bytes(first + first)
    with pytest.raises(StateError, match=r"line 2 is of t/data/part-00001\.json\.gz once more"):
        registered(path, 6)


def test_the_file_of_a_part_has_to_be_there_whole(tmp_path: Path) -> None:
    (tmp_path / "t/data").mkdir(parents=True)
    for part in PARTS:
        (tmp_path / part.file).write_bytes(bytes(part.size))
    require_there(tmp_path, PARTS)
    (tmp_path / PARTS[1].file).write_bytes(bytes(19))
    with pytest.raises(StateError, match=r"part-00002\.json\.gz.*it has 19 bytes"):
        require_there(tmp_path, PARTS)
    (tmp_path / PARTS[1].file).unlink()
    with pytest.raises(StateError, match=r"part-00002\.json\.gz.*No such file"):
        require_there(tmp_path, PARTS)


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_a_part_is_whole_or_not_there(tmp_path: Path, name: str) -> None:
    file = f"t/data/part-00000{COMPRESSIONS[name].suffix}"
    writer = PartWriter(tmp_path, "shop", file, COMPRESSIONS[name])
    writer.add([b'{"PK":{"S":"1"}}\n', b'{"PK":{"S":"2"}}'])
    writer.add([])
    assert not (tmp_path / file).exists()
    part = writer.close({"a": 2})
    assert part and (part.items, part.rows, part.bytes, part.size) == (
        2,
        2,
        52,
        (tmp_path / file).stat().st_size,
    )
    assert list((tmp_path / "t/data").iterdir()) == [tmp_path / file]


def test_a_part_without_items_leaves_nothing(tmp_path: Path) -> None:
    writer = PartWriter(tmp_path, "shop", "t/data/part-00000.json", COMPRESSIONS["none"])
    assert writer.close({}) is None
    assert not list((tmp_path / "t/data").iterdir())


def test_a_disk_that_is_full_names_the_file(small_disk: Path) -> None:
    writer = PartWriter(small_disk, "shop", "t/data/part-00000.json", COMPRESSIONS["none"])
    with pytest.raises(StateError, match=r"part-00000\.json.*No space left"):
        for _ in range(200):
            writer.add([b"x" * 1000])
        writer.close({"a": 200})
    writer.discard()
    assert not list((small_disk / "t/data").iterdir())
