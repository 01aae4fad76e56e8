"""What `info` shows: everything that decides what a run would do, and nothing secret.

A missing part (no file, no source, no credentials) is told, not raised: this is where one looks when
something is missing. Only a configuration that is there and broken is an error.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from migration_tool import __version__
from migration_tool.config import Config
from migration_tool.errors import MigrationError
from migration_tool.job import design_path, find_design, open_target
from migration_tool.source.sqlite import SqliteSource
from migration_tool.source.versions import sqlite
from migration_tool.target.versions import libcurl

LIBRARIES = ("boto3", "botocore", "moto", "pycurl", "click", "rich", "orjson", "tenacity", "PyYAML")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Setting:
    """One leaf of the configuration and where its value came from."""

    name: str
    value: Any
    origin: str


@dataclass(frozen=True)
class DesignFile:
    """`packaged`: the one that ships with the tool. `problem`: why it cannot be used, else ""."""

    name: str
    table: str
    path: str
    packaged: bool
    entities: int
    access_patterns: int
    problem: str


@dataclass(frozen=True)
class SourceInfo:
    path: str
    size: int
    encoding: str
    journal_mode: str
    rows: Mapping[str, int]


@dataclass(frozen=True)
class TargetInfo:
    """`access_key` shows its last four characters; `identity` is asked of STS for AWS alone."""

    endpoint: str
    url: str
    region: str
    access_key: str | None
    session_token: bool
    identity: str | None


@dataclass(frozen=True)
class About:
    """All of it; `problems` says of each part that is missing why it is."""

    config: str
    settings: tuple[Setting, ...]
    source: SourceInfo | None
    target: TargetInfo | None
    designs: tuple[DesignFile, ...]
    versions: Mapping[str, str]
    problems: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def about(config: Config) -> About:
    """Looks at everything the configuration names."""
    problems: dict[str, str] = {}
    return About(
        config=str(config.path),
        settings=settings(config),
        source=_tried(lambda: _source(config.source_db), "source", problems),
        target=_tried(lambda: _target(config, problems), "target", problems),
        designs=tuple(_design(config, name) for name in config.dynamodb_tables),
        versions=versions(),
        problems=problems,
    )


def about_nothing(path: Path, problem: str) -> About:
    """What is left to say without a configuration."""
    return About(str(path), (), None, None, (), versions(), {"config": problem})


def settings(config: Config) -> tuple[Setting, ...]:
    """Every leaf of the configuration in the order of the file."""
    return tuple(
        Setting(name, value, config.origins.get(name, "default")) for name, value in config.leaves.items()
    )


def versions() -> dict[str, str]:
    """Of the tool, of Python, and of the libraries it stands on."""
    found = {
        "sqlite-to-dynamodb-migration": __version__,
        "Python": platform.python_version(),
        "SQLite": sqlite(),
        "libcurl": libcurl(),
        "platform": platform.platform(terse=True),
    }
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _tried(part: Callable[[], _T], name: str, problems: dict[str, str]) -> _T | None:
    try:
        return part()
    except MigrationError as error:
        problems[name] = f"{error} — {error.hint}" if error.hint else str(error)
        return None


def _source(path: Path) -> SourceInfo:
    with SqliteSource(path) as source:
        facts = source.facts()
    return SourceInfo(str(facts.path), facts.size, facts.encoding, facts.journal_mode, facts.rows)


def _target(config: Config, problems: dict[str, str]) -> TargetInfo:
    """Never starts the embedded server; asks who we are only where the answer is an AWS identity."""
    endpoint = open_target(config, start=False)
    target = endpoint.target
    credentials = _tried(target.credentials, "credentials", problems)
    identity = None
    if credentials and config.endpoint == "aws":
        identity = _tried(target.identity, "identity", problems)
    return TargetInfo(
        endpoint=endpoint.label,
        url=target.url,
        region=config.aws_region,
        access_key=f"…{credentials.access_key[-4:]}" if credentials else None,
        session_token=bool(credentials and credentials.token),
        identity=identity,
    )


def _design(config: Config, name: str) -> DesignFile:
    problems: dict[str, str] = {}
    path = _tried(lambda: design_path(config, name), "design", problems)
    design = _tried(lambda: find_design(config, name), "design", problems) if path else None
    return DesignFile(
        name=name,
        table=config.table_name(name),
        path=str(path or ""),
        packaged=path is not None and name not in config.design_files and path.parent != config.designs_dir,
        entities=len(design.entities) if design else 0,
        access_patterns=len(design.patterns) if design else 0,
        problem=problems.get("design", ""),
    )
