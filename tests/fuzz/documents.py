"""What people write: the configuration and the designs, as JSON and as YAML."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import orjson
import yaml

from migration_tool.about import settings
from migration_tool.attributes import canonical_item
from migration_tool.checking.fitting import fitted
from migration_tool.config import Config, load_config, write_config
from migration_tool.design.access import requests
from migration_tool.design.compile import CompiledDesign, compile_design
from migration_tool.design.load import load_design
from migration_tool.documents import Dumper, read_mapping
from migration_tool.errors import ConfigError, DesignError, SourceError, UsageError
from migration_tool.limits import MAX_ITEM_BYTES, MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES, item_size
from migration_tool.model import WireItem
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.cases import cases, check_sql
from tests.fuzz.target import Target, scratch
from tests.source.test_windows import by_function, of_windows
from tests.verify.shop import DESIGN, ROWS, SCHEMA

_DESIGN = f"""version: 1
table: Shop
{DESIGN}
  everything:
    get: {{PK: "MAKER#1", SK: "#MAKER"}}
    sql: SELECT MakerId FROM Maker WHERE MakerId = 1
"""
_MORE = """
version: 1
table: People
keys: [id, part]
entities:
  Person:
    lookup: {Boss: {table: Person, by: BossId, to: PersonId}}
    ancestry: {Path: BossId}
    where: Person.Name <> 'nobody'
    keys: {id: "P#{PersonId:8}", part: "{escape(Name)}#{upper(Boss.Name)}"}
    attributes:
      "*": {of: Person, omit: [Flags]}
      Kind: {value: 1.5}
      Flags: {column: Flags, as: boolean}
      Since: {column: Since, as: date}
      Notes: {column: Notes, as: json}
      Path: Path
      Line: "{{{Name}}} since {year(Since)}"
"""
_LATER = """
version: 1
table: Makers
indexes:
  Dear: {keys: [dear, SK], projection: {include: [Worth]}, capacity: {read: 1, write: 2}}
  Newest: {keys: [PK, born], local: true, projection: keys_only}
settings:
  billing: provisioned
  capacity: {read: 5, write: 6}
  stream: new_image
  table_class: infrequent_access
  point_in_time_recovery: 7
  deletion_protection: true
  ttl: Until
  tags: {Team: music}
entities:
  Maker:
    oversize: split
    embed:
      Things:
        from: Thing
        match: {MakerId: MakerId}
        order: [{Price: descending}, ThingId]
        limit: 2
        attributes: {Name: Name, Cents: {expr: "round(Price * 100)"}}
      ByName: {from: Thing, match: {MakerId: MakerId}, as: map, key: "{lower(Name)}", value: {column: Price}}
      Born: {from: Thing, match: {MakerId: MakerId}, as: set, value: {column: Born, as: timestamp}}
      Fellows:
        from: Maker
        match: {MakerId: MakerId}
        embed: {Made: {from: Thing, match: {MakerId: MakerId}, as: set, value: {expr: upper(Name)}}}
    keys: {PK: "M#{MakerId}", SK: "{trim(Name)}{literal(rowid)}"}
  Thing:
    oversize: compress
    lookup: {Maker: {by: [MakerId], to: [MakerId]}}
    keys:
      PK: "T#{MakerId}"
      SK: "{ThingId:6}"
      dear: {template: "D#{Level}", when: Price > 1 and not (Born is null or Worth = 0)}
      born: {template: "{Born}", when: "length(Name) >= 4"}
    attributes:
      "*": {of: Thing, include: [Name, Price], rename: {Name: Title}}
      Born: {column: Born, as: date}
      Until: {column: Born, as: timestamp}
      Worth: {expr: "coalesce(Price, 0) * 1.08 - 2 / 4"}
      Level: {expr: "case when Price > 10 then 'high' when Price is null then 'none' else Maker.Name end"}
"""
_MAYBE_NUMBERS = ("migration_settings.max_wcu", "migration_settings.max_rejects")
_PEOPLE = """
CREATE TABLE Person (PersonId INTEGER PRIMARY KEY, BossId INT, Name TEXT NOT NULL, Flags, Since, Notes TEXT);
INSERT INTO Person VALUES (1, NULL, 'Ann', 'yes', '2020-01-02', '{"a": [1, 2.5, null]}'),
  (2, 1, 'Bob#%', 0, 1577923200, '[]'), (3, 2, 'Æ', NULL, 2458850.5, NULL), (4, 4, '', 1, NULL, '{');
"""


def _as_file(data: bytes, folder: Path) -> Path:
    path = folder / ("x.json" if data.lstrip()[:1] in (b"{", b"[") else "x.yaml")
    path.write_bytes(data)
    return path


@contextmanager
def written(data: bytes) -> Iterator[Path]:
    with scratch() as folder:
        yield _as_file(data, folder)


def _configs() -> list[bytes]:
    found = []
    with scratch() as folder:
        for path in (folder / "c.json", folder / "c.yaml"):
            write_config(path, {"source_db": "/data/x.sqlite", "migration_settings.max_wcu": "auto:80%"})
            found.append(path.read_bytes())
    return [
        *found,
        b"source_db: x.sqlite\nendpoint: http://[::1]:8000\nlogging: {max_size: 1 KB, level: debug}\n",
    ]


def _check_config(data: bytes) -> None:
    """Refused by name, or understood: written out and read again it is the same."""
    with written(data) as path:
        try:
            config = load_config(path, {}, {})
        except ConfigError as error:
            assert error.obj == str(path)
            return
        assert _same(config, path.parent / "again.json")
        assert _same(config, path.parent / "again.yaml")
        read_mapping(path)


def _same(config: Config, path: Path) -> bool:
    values = {setting.name: setting.value for setting in settings(config)}
    texts = {name: _as_written(values[name]) for name in _MAYBE_NUMBERS}
    write_config(path, values | texts)
    again = load_config(path, {}, {})
    return replace(again, path=config.path, origins=config.origins) == config


def _as_written(text: str) -> Any:
    """500, not "500"."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _designs() -> list[bytes]:
    texts = [_DESIGN, _MORE, _LATER]
    return [text.encode() for text in texts] + [json.dumps(yaml.safe_load(text)).encode() for text in texts]


@cache
def _database() -> Path:
    path = Path(mkdtemp()) / "source.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA + ROWS + _PEOPLE)
    return path


def _check_design(data: bytes) -> None:
    """Refused by name, or understood in both forms alike; and then each row is rejected or a sound item."""
    with written(data) as path:
        try:
            design = load_design(path)
        except DesignError as error:
            assert error.obj == str(path)
            with SqliteSource(_database()) as source, suppress(DesignError):
                fitted(source, [path], allow_code=False)
            return
        other = path.parent / "other" / f"x{'.yaml' if path.suffix == '.json' else '.json'}"
        other.parent.mkdir()
        other.write_bytes(_dumped(read_mapping(path), other.suffix))
        assert replace(load_design(other), path=design.path) == design
    with SqliteSource(_database()) as source:
        with suppress(DesignError, SourceError):
            _check_items(source, compile_design(design, source.schema))
        with suppress(DesignError, SourceError, UsageError):
            check_sql(source, design)
            for pattern in design.patterns:
                for case in cases(source, pattern, 3):
                    orjson.dumps(requests(pattern, design.key_of(pattern.index), case).bodies)


def _dumped(document: object, suffix: str) -> bytes:
    if suffix == ".json":
        return json.dumps(document).encode()
    return yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True).encode()


def _check_items(source: SqliteSource, compiled: CompiledDesign) -> None:
    """Each row is rejected or a sound item, and SQLite writes the very items that the function makes."""
    limits = dict(zip(compiled.design.keys, (MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES), strict=True))
    for entity in compiled.entities:
        made = [by_function(entity, row) for _, row in source.rows(entity.read)]
        assert of_windows(source, entity, 3) == made
        for text in made:
            if isinstance(text, bytes):
                _check_item(orjson.loads(text), text.decode(), entity.name, limits)


def _check_item(item: WireItem, text: str, kind: str, limits: Mapping[str, int]) -> None:
    assert item["EntityType"] == {"S": kind}
    assert item_size(item) <= MAX_ITEM_BYTES
    assert all(0 < len(item[name]["S"].encode()) <= limit for name, limit in limits.items())
    assert canonical_item(item) == text


YAML_WORDS = b"- |: |{|}|&a |*a|<<: |!!python/object:x |\t|# |'|\"|? ".split(b"|")
_LANGUAGE = (
    b"{low}|{{|}}|shard(|shard(3)|:19|:0|lower(|escape(|`|``|{Maker.Name}|begins_with|between|embed|lookup|"
    b"ancestry|where|value: |as: json|omit: "
).split(b"|")

TARGETS: Sequence[Target] = (
    Target(
        "config", _configs, _check_config, (*YAML_WORDS, b"1e400", b"10MB", b"auto", b"\0", b"~", b"0x10")
    ),
    Target("design", _designs, _check_design, (*YAML_WORDS, *_LANGUAGE)),
)
