"""`migrate --via files`: the items of a load as files, whole or not there, whenever it is killed."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from migration_tool.design.definition import table_definition
from migration_tool.design.load import load_design
from tests.engines import ENGINES, ROOT, Engine, running, unavailable
from tests.files import exports
from tests.files.exports import NOWHERE, designed
from tests.resume.killer import POINTS
from tests.resume.world import TABLES, World

FILES = ("migrate", "--via", "files", "--out", "out")


@pytest.fixture
def world(tmp_path: Path, small_db: Path) -> World:
    return World(tmp_path, small_db, NOWHERE, "files_")


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_the_files_hold_the_items_of_the_source(world: World, compression: str) -> None:
    done = world.run(*FILES, "--compression", compression, "--part-size", "64KB")
    assert done.returncode == 0, done.stderr
    folder = world.folder / "out"
    found = exports.check(folder, world)
    assert (found["format"], found["compression"]) == ("DYNAMODB_JSON", compression.upper())
    for table in found["tables"]:
        *full, last = [part["bytes"] for part in table["parts"]]
        assert all(64 << 10 <= size < 96 << 10 for size in full) and last < 96 << 10
        design = load_design(ROOT / f"config/designs/{table['design']}.yaml")
        definition = json.loads((folder / table["definition"]).read_text())
        assert definition == table_definition(table["table"], design)
        assert table["fingerprint"] == design.fingerprint
    assert any(len(table["parts"]) > 3 for table in found["tables"])
    assert not (world.folder / "state").exists()


def test_neighbours_of_the_source_are_apart_in_a_file(tmp_path: Path, sample_db: Path) -> None:
    """Tracks come by album, so by artist, the partition key: in that order a file is a rolling hot key."""
    world = World(tmp_path, sample_db, NOWHERE, "files_")
    world.run(*FILES, "-t", "music_catalog")
    (table,) = exports.manifest(tmp_path / "out")["tables"]
    tracks = [i for i in exports.items(tmp_path / "out", table) if i["EntityType"]["S"] == "Track"]
    in_order = sorted(tracks, key=lambda item: int(item["TrackId"]["N"]))
    assert repeated(tracks) < repeated(in_order) / 10


def repeated(items: list[dict[str, Any]]) -> int:
    """How many items have the partition key of the one before."""
    return sum(one["PK"] == other["PK"] for one, other in pairwise(items))


def test_customer_data_is_closed_to_others(world: World) -> None:
    world.run(*FILES)
    for path in (world.folder / "out").rglob("*"):
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), path


@pytest.mark.parametrize("seed", range(8))
def test_kill_then_the_same_command(world: World, seed: int) -> None:
    """Parts that a checkpoint knew of stay as they are: all in the register but the last."""
    chance = random.Random(seed)
    folder, size = world.folder / "out", ("--part-size", "32KB")
    world.killed(sorted(POINTS)[seed], int(2 ** chance.uniform(1, 5.5)), *FILES, *size)
    register = folder / ".export/parts.jsonl"
    lines = register.read_bytes().splitlines() if register.exists() else []
    known = [json.loads(line)["file"] for line in lines[:-1]]
    before = [(folder / file).stat().st_ino for file in known]
    done = world.run(*FILES, *size)
    assert done.returncode == 0, done.stderr
    exports.check(folder, world)
    assert [(folder / file).stat().st_ino for file in known] == before


def test_again_changes_nothing_and_force_begins_anew(world: World) -> None:
    folder = world.folder / "out"
    assert world.run(*FILES).returncode == 0
    before = {path: path.stat().st_ino for path in folder.rglob("part-*")}
    assert world.run(*FILES).returncode == 0
    assert {path: path.stat().st_ino for path in folder.rglob("part-*")} == before
    other = world.run(*FILES, "--compression", "none")
    assert (other.returncode, "the compression" in other.stderr) == (6, True)
    asked = world.run(*FILES, "--compression", "none", "--force")
    assert (asked.returncode, "This deletes" in asked.stderr) == (2, True)
    assert world.run(*FILES, "--compression", "none", "--force", "--yes").returncode == 0
    exports.check(folder, world)
    assert not list(folder.rglob("*.gz"))


def test_a_whole_folder_is_looked_at_again(world: World) -> None:
    """The manifest is made anew, whatever has become of it; a file that is gone is no whole folder."""
    folder = world.folder / "out"
    assert world.run(*FILES).returncode == 0
    before = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(b"[]")
    assert world.run(*FILES).returncode == 0
    assert (folder / "manifest.json").read_bytes() == before
    lost = sorted(folder.rglob("part-*"))[0]
    lost.unlink()
    refused = world.run(*FILES)
    assert (refused.returncode, str(lost.relative_to(world.folder)) in refused.stderr) == (6, True), (
        refused.stderr
    )


def test_a_changed_source_is_refused(world: World) -> None:
    changing = world.folder / "changing.sqlite"
    shutil.copyfile(world.database, changing)
    changed = World(world.folder, changing, NOWHERE, "files_")
    assert not changed.run(*FILES).returncode
    with closing(sqlite3.connect(changing)) as connection:
        connection.execute("UPDATE Artist SET Name = 'x' WHERE ArtistId = 1")
        connection.commit()
    refused = changed.run(*FILES)
    assert (refused.returncode, "the content of the source" in refused.stderr) == (6, True)


@pytest.mark.parametrize("content", ["file", "folder", "state"])
def test_a_folder_that_is_not_ours_is_left_alone(world: World, content: str) -> None:
    folder = world.folder / "out"
    folder.mkdir()
    strange = folder / content
    strange.write_text("x") if content == "file" else strange.mkdir()
    for words in ((), ("--force", "--yes")):
        refused = world.run(*FILES, *words)
        assert (refused.returncode, "is not ours" in refused.stderr) == (2, True)
        assert list(folder.iterdir()) == [strange]


@pytest.mark.parametrize(
    "words",
    [("migrate", "--via", "files"), (*FILES, "--max-wcu", "5"), ("migrate", "--out", "out")],
    ids=["no folder", "a limit", "not files"],
)
def test_options_without_effect_are_refused(world: World, words: tuple[str, ...]) -> None:
    refused = world.run(*words)
    assert refused.returncode == 2 and ("--via s3-import" in refused.stderr) == ("--via" not in words)
    assert not (world.folder / "out").exists()


def test_rejected_rows_keep_to_the_budget(tmp_path: Path, sample_copy: Path) -> None:
    with closing(sqlite3.connect(sample_copy)) as connection:
        connection.execute("UPDATE Employee SET FirstName = x'00ff' WHERE EmployeeId = 3")
        connection.execute("UPDATE Employee SET HireDate = 'when?' WHERE EmployeeId = 3")
        connection.commit()
    world = World(tmp_path, sample_copy, NOWHERE, "files_")
    words = (*FILES, "-t", "employee_data")
    refused = world.run(*words)
    assert (refused.returncode, "--max-rejects N" in refused.stderr) == (8, True)
    assert not (tmp_path / "out/manifest.json").exists()
    done = world.run(*words, "--max-rejects", "1")
    assert done.returncode == 0, done.stderr
    (table,) = exports.manifest(tmp_path / "out")["tables"]
    assert (table["items"], sum(n["rejected"] for n in table["entities"].values())) == (7, 1)
    (rejects,) = (tmp_path / "out/.export").glob("*.rejects.jsonl")
    assert str(rejects.relative_to(tmp_path)) in done.stdout
    assert len(rejects.read_text().splitlines()) == 1


@contextmanager
def imported(world: World) -> Iterator[Engine]:
    """A dynoxide that has read its files, and that finds nothing wrong with them."""
    program = ENGINES / "dynoxide/dynoxide"
    if not program.is_file():
        unavailable("dynoxide is not in .engines: run scripts/engines")
    folder, schema = world.folder / "out", world.folder / "schema.json"
    tables = [json.loads((folder / t["definition"]).read_text()) for t in exports.manifest(folder)["tables"]]
    schema.write_text(json.dumps([{"Table": table} for table in tables]))
    load = [program, "import", "--source", folder, "--schema", schema, "--serve", "--port"]
    with running(lambda port: [*load, str(port)], world.folder, world.folder / "log") as url:
        done = world.run("--endpoint", url, "validate")
        assert done.returncode == 0, done.stderr
        yield Engine("dynoxide", url)


@pytest.mark.engine
def test_items_that_are_split_come_whole(tmp_path: Path) -> None:
    """A row counts once, however many items it gives; killed between two of its files, too."""
    database = tmp_path / "large.sqlite"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE Loose (Code INTEGER PRIMARY KEY, Text TEXT)")
        rows = [(n, "x" * (n % 4) * 300_000) for n in range(1, 13)]
        connection.executemany("INSERT INTO Loose VALUES (?, ?)", rows)
        connection.commit()
    world = designed(World(tmp_path, database, NOWHERE, "files_"), f"{exports.LOOSE}    oversize: split\n")
    assert world.killed("before_save", 4, *FILES, "--part-size", "1MB")
    assert not world.run(*FILES, "--part-size", "1MB").returncode
    (table,) = exports.manifest(tmp_path / "out")["tables"]
    assert table["items"] > table["entities"]["Loose"]["items"] == 12
    with imported(world):
        assert table["data"] == "files_Loose/data/"


@pytest.mark.engine
def test_dynoxide_imports_them_as_the_tables_of_a_migration(
    world: World, dynoxide: str, table_prefix: str, tmp_path: Path
) -> None:
    """The definitions make the tables, the files fill them: then `validate` finds what `migrate` had made."""
    world.run(*FILES, "--part-size", "128KB")
    (tmp_path / "other").mkdir()
    migrated = World(tmp_path / "other", world.database, Engine("dynoxide", dynoxide), table_prefix)
    assert migrated.run("migrate").returncode == 0
    with imported(world) as engine:
        found = replace(world, engine=engine)
        for design in TABLES:
            assert found.actual(design) == migrated.actual(design)
