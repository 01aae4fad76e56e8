"""What a run remembers of its import, and the register of its files: read as written, damage found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from migration_tool.errors import StateError
from migration_tool.state.imports import Import, read_import, write_import
from migration_tool.state.parts import COMPRESSIONS, Part, PartWriter, forget_others, register, registered

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
