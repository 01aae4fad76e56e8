"""What is in a folder of `migrate --via files`, read without the code that wrote it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import zstandard

from migration_tool import attributes
from tests.engines import Engine
from tests.resume.world import World

NOWHERE = Engine("none", "http://127.0.0.1:9")
"""Of a world that needs no target."""


LOOSE = """
version: 1
table: Loose
entities:
  Loose:
    keys: {PK: "L#{Code}", SK: "L"}
    attributes: {"*": Loose}
"""


def designed(world: World, design: str) -> World:
    """With this design alone."""
    folder = world.folder / "config"
    (folder / "designs").mkdir()
    (folder / "designs/loose.yaml").write_text(design)
    path = folder / "migration.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dynamodb_tables": {"loose": "Loose"}}))
    return world


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def unpacked(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()
    return data


def lines(folder: Path, file: str) -> list[bytes]:
    return unpacked(folder / file).splitlines(keepends=True)


def items(folder: Path, table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for part in table["parts"]:
        for line in lines(folder, part["file"]):
            record = json.loads(line)
            assert list(record) == ["Item"]
            yield record["Item"]


def check(folder: Path, world: World) -> dict[str, Any]:
    """Holds the files to the source, and the manifest to the files; nothing else lies about."""
    found = manifest(folder)
    for table in found["tables"]:
        texts = Counter(attributes.canonical_item(item) for item in items(folder, table))
        assert texts == world.expected(table["design"]), table["design"]
        named = {folder / part["file"] for part in table["parts"]}
        assert set((folder / table["data"]).iterdir() if named else ()) == named
        counts = Counter(item["EntityType"]["S"] for item in items(folder, table))
        assert {name: n["items"] for name, n in table["entities"].items() if n["items"]} == counts
        for part in table["parts"]:
            data = (folder / part["file"]).read_bytes()
            text = unpacked(folder / part["file"])
            assert hashlib.sha256(data).hexdigest() == part["sha256"]
            assert (len(data), len(text), text.count(b"\n")) == (part["size"], part["bytes"], part["items"])
        for name in ("items", "bytes", "size"):
            assert table[name] == sum(part[name] for part in table["parts"])
    return found
