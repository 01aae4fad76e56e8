"""From configuration to things: which designs, which database, which DynamoDB."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from migration_tool import embedded
from migration_tool.config import Config
from migration_tool.design.compile import CompiledDesign, compile_draft, look_up
from migration_tool.design.draft import each
from migration_tool.design.load import load_design, read_design
from migration_tool.design.model import Design
from migration_tool.documents import SUFFIXES
from migration_tool.errors import ConfigError, DesignError, TargetError, UsageError
from migration_tool.model import Schema
from migration_tool.target.backoff import Backoff
from migration_tool.target.objects import Objects, place_of
from migration_tool.target.s3 import Bucket
from migration_tool.target.session import Target
from migration_tool.target.wire import Wire

EMBEDDED = "embedded"
_PACKAGE = Path(__file__).parent
_SHIPPED = (_PACKAGE / "designs", _PACKAGE.parent / "config" / "designs")
"""The designs that come along: inside an installed package, or beside the package in a checkout."""


@dataclass(frozen=True)
class Bound:
    """A design bound to the source's schema and to a physical table name."""

    compiled: CompiledDesign
    table_name: str

    @property
    def name(self) -> str:
        return self.compiled.name


@dataclass(frozen=True)
class Endpoint:
    """A DynamoDB, and the name a run remembers it by: "aws", a URL, or "embedded:<instance>"."""

    target: Target
    label: str


def selected(config: Config, names: Sequence[str]) -> tuple[str, ...]:
    """Design names for what the user asked for; all that are configured when nothing was asked.

    A table may be named by its design, by its name, or by its name with the prefix. Raises UsageError.
    """
    known: dict[str, str] = {}
    for design, table in config.dynamodb_tables.items():
        known |= {design: design, table: design, config.table_prefix + table: design}
    unknown = [name for name in names if name not in known]
    if unknown:
        near = get_close_matches(unknown[0], known, 1)
        raise UsageError(
            "choose the tables", ", ".join(unknown), "no such table is configured",
            f"Did you mean {near[0]}?" if near else f"Choose from: {', '.join(config.dynamodb_tables)}.",
        )  # fmt: skip
    return tuple(dict.fromkeys(known[name] for name in names)) or tuple(config.dynamodb_tables)


def design_path(config: Config, name: str) -> Path:
    """The design's file: the one given, else your own in config/designs, else the one that ships.

    Raises DesignError.
    """
    if name in config.design_files:
        return config.design_files[name]
    for folder in (config.designs_dir, *_SHIPPED):
        path = folder / f"{name}.yaml"
        if path.exists():
            return path
    wanted = config.designs_dir / f"{name}.yaml"
    raise DesignError(
        "find the design", name, f"there is no {wanted}", "Write it; docs/designs.md shows how."
    )


def find_design(config: Config, name: str) -> Design:
    """Raises DesignError."""
    return load_design(design_path(config, name))


def find_designs(config: Config, names: Iterable[str]) -> list[Design]:
    """Raises DesignError with the faults of all of them."""
    return each(list(names), lambda name: find_design(config, name))


@dataclass(frozen=True)
class Chosen:
    """A design that somebody named, and the physical name of its table."""

    design: Design
    table_name: str


def chosen_files(config: Config | None, words: Sequence[str]) -> list[Path]:
    """The files of these designs, by file or by name; those of the configuration where nothing was named.

    config  None: there is none, so that only files can be named
    Raises UsageError, DesignError where a design has no file.
    """
    if config is None and not all(map(_is_file, words or [""])):
        cause, hint = (
            "there is no configuration that knows designs",
            "Name the files of designs, or run init.",
        )
        raise UsageError("choose the designs", ", ".join(words) or "none named", cause, hint)
    files = [Path(word) for word in words if _is_file(word)]
    names = [word for word in words if not _is_file(word)]
    if config and (names or not words):
        files += [design_path(config, name) for name in selected(config, names)]
    return files


def with_tables(
    config: Config | None, designs: Sequence[Design], prefix: str | None = None
) -> tuple[Chosen, ...]:
    """A table gets the name that the configuration has for it, else its design's own behind the prefix.

    prefix  goes before every name, in place of the configured one
    Raises UsageError where two have the same.
    """
    before = prefix if prefix is not None else config.table_prefix if config else ""
    tables: Mapping[str, str] = config.dynamodb_tables if config else {}
    found = tuple(Chosen(design, before + tables.get(design.name, design.table)) for design in designs)
    _require_distinct(found)
    return found


def _is_file(word: str) -> bool:
    """A path, or a name with the ending of a design's file."""
    return os.sep in word or Path(word).suffix.lower() in SUFFIXES


def _require_distinct(found: Sequence[Chosen]) -> None:
    for name, times in Counter(one.table_name for one in found).items():
        if times > 1:
            hint = "Name each once, or give the tables other names."
            raise UsageError("choose the designs", name, f"{times} of them have this table", hint)


def bind(config: Config, names: Sequence[str], schema: Schema) -> tuple[Bound, ...]:
    """The named designs, compiled for this schema.

    Raises DesignError with the faults of all of them, ConfigError where they need a bucket.
    """

    def bound(name: str) -> Bound:
        draft = read_design(design_path(config, name))
        compiled = compile_draft(draft, look_up(draft, schema), config.settings.allow_code)
        return Bound(compiled, config.table_name(name))

    found = each(names, bound)
    require_bucket(config, [one.compiled.design for one in found])
    return tuple(found)


def open_target(config: Config, start: bool) -> Endpoint:
    """The configured DynamoDB. `start`: the embedded one is started when it is not running.

    Raises TargetError.
    """
    if config.endpoint != EMBEDDED:
        return Endpoint(_target(config, config.endpoint), config.endpoint)
    server = embedded.start(config.state_dir) if start else embedded.find(config.state_dir)
    if server is None:
        raise TargetError(
            "reach the embedded DynamoDB", config.state_dir, "it is not running, so its tables are gone",
            "Start again with `migrate.py migrate --force`.",
        )  # fmt: skip
    return Endpoint(_target(config, server.url), f"{EMBEDDED}:{server.instance}")


def open_bucket(config: Config, target: Target, s3_endpoint: str, name: str) -> Bucket:
    """A bucket at what migration_settings.s3_endpoint says. Raises TargetError for a URL not to be used."""
    if s3_endpoint == "same":
        s3_endpoint = "aws" if target.on_aws else target.url
    return Bucket(_target(config, s3_endpoint), name)


def open_objects(config: Config, target: Target) -> Objects | None:
    """Where what leaves items of over 400 KB goes; None where no bucket is configured. Raises TargetError."""
    settings = config.settings
    if not settings.oversize_bucket:
        return None
    bucket = open_bucket(config, target, settings.s3_endpoint, settings.oversize_bucket)
    return Objects(bucket, settings.oversize_prefix.strip("/"))


def pointing(designs: Iterable[Design]) -> list[str]:
    """The entities whose items may point to objects: "library.Article"."""
    return [f"{d.name}.{entity.name}" for d in designs for entity in d.entities if entity.oversize == "s3"]


def object_places(config: Config, designs: Iterable[Design]) -> dict[str, str]:
    """By name of the design, where objects of its items go; without those that have none, or no bucket."""
    settings = config.settings
    s3 = config.endpoint if settings.s3_endpoint == "same" else settings.s3_endpoint
    bucket, prefix = settings.oversize_bucket, settings.oversize_prefix.strip("/")
    return {
        design.name: f"{place_of(bucket, prefix, config.table_name(design.name))} at {s3}"
        for design in designs
        if bucket and pointing([design])
    }


def require_bucket(config: Config, designs: Iterable[Design]) -> None:
    """Raises ConfigError where items would point to objects and no bucket is configured for these."""
    named = pointing(designs)
    if named and not config.settings.oversize_bucket:
        raise ConfigError(
            "store large items", ", ".join(named), "`oversize: s3` needs a bucket, and none is configured",
            "Add --oversize-bucket NAME, or set migration_settings.oversize_bucket.",
        )  # fmt: skip


def require_objects(
    config: Config, target: Target, names: Iterable[str], notice: Callable[[str], None]
) -> None:
    """As `require_bucket`, by the names of designs; says where objects go.

    Raises TargetError where the bucket is not there.
    """
    designs = find_designs(config, names)
    require_bucket(config, designs)
    objects = open_objects(config, target)
    for design in designs if objects else ():
        if objects and pointing([design]):
            objects.bucket.require()
            place = objects.place(config.table_name(design.name))
            notice(f"Large values: {place}; what is there already is left")


def open_wire(config: Config, target: Target) -> Wire:
    """The data plane, with the retry policy of the configuration."""
    settings = config.settings
    backoff = Backoff(
        base_seconds=settings.retry_delay,
        max_attempts=settings.max_retries + 1,
        max_age_seconds=settings.max_retry_seconds,
    )
    return Wire(target, backoff, objects=open_objects(config, target))


def _target(config: Config, endpoint: str) -> Target:
    settings = config.settings
    return Target(
        endpoint,
        config.aws_region,
        settings.timeout,
        settings.connections,
        allow_http=settings.allow_http,
    )
