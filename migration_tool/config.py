"""The configuration: flag over environment over file over default, every fault told at once.

    source_db            the SQLite database
    aws_region           region of the tables
    batch_size           items per BatchWriteItem request, 1 to 25
    table_prefix         put before every table name
    dynamodb_tables      design name: table name
    migration_settings   see Settings
    logging              see LogSettings
    endpoint             aws, embedded, or the URL of a DynamoDB
    prices               what AWS charges, a file in the form of config/prices.yaml; empty: the one that ships

Relative paths in the file start at the folder of the file, or at its parent where that folder is called
`config`; relative paths in flags and in the environment start at the current folder. An environment variable
that is empty counts as not set, save MIGRATION_TABLE_PREFIX: no prefix is a prefix.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from migration_tool.budget import NO_REJECTS, Budget
from migration_tool.config_file import as_pairs, flatten, read_document, write_document
from migration_tool.config_values import KEYS, NAMES, SECTIONS, TABLES, Key, nearest, table_part
from migration_tool.documents import described
from migration_tool.errors import ConfigError
from migration_tool.rates import OFF, MaxWcu

_INIT = "correct these places, or write the file anew with: migrate.py init --force --source-db PATH"
_TABLES = "dynamodb_tables"
_T = TypeVar("_T")


@dataclass(frozen=True)
class Settings:
    """The section migration_settings.

    max_retries             sends of one batch after transient faults before the run stops, resumable
    retry_delay             seconds: base of the exponential back-off with full jitter
    timeout                 seconds, per request
    enable_validation       compare everything when the load is done
    create_tables           create missing tables
    delete_existing_tables  drop and create again the tables that are there when a run begins
    max_rejects             rejected rows with which a run still goes on; see budget
    max_retry_seconds       seconds: age at which a throttled batch stops the run, resumable
    source_snapshot         copy: read a private copy; live: read the source in place
    connections             requests at a time; each holds one batch (at most 16 MB) in memory
    in_flight               batches sent or waiting that no checkpoint covers yet: bounds memory, and what
                            a resume sends again; not less than connections
    max_wcu                 write units per second; see rates
    allow_http              plain http:// to another machine, unencrypted
    lease                   seconds without a sign of life after which another host may take the tables over;
                            None: tables are loaded without a lease
    """

    max_retries: int = 3
    retry_delay: float = 1.0
    timeout: float = 30
    enable_validation: bool = True
    create_tables: bool = True
    delete_existing_tables: bool = False
    max_rejects: Budget = NO_REJECTS
    max_retry_seconds: int = 900
    source_snapshot: str = "copy"
    connections: int = 64
    in_flight: int = 1024
    max_wcu: MaxWcu = OFF
    allow_http: bool = False
    lease: float | None = 60.0


@dataclass(frozen=True)
class LogSettings:
    """The section logging. `max_size` in bytes; `backup_count` old files are kept, 0 keeps none."""

    level: str
    file: Path
    max_size: int
    backup_count: int


@dataclass(frozen=True)
class Config:
    """The effective configuration; `origins` says of every leaf key where its value came from."""

    path: Path
    base: Path
    source_db: Path
    aws_region: str
    batch_size: int
    table_prefix: str
    dynamodb_tables: Mapping[str, str]
    endpoint: str
    prices: Path | None
    settings: Settings
    logging: LogSettings
    origins: Mapping[str, str]

    def table_name(self, design: str) -> str:
        """The physical name of a design's table. Raises ConfigError for a design without a table."""
        if design not in self.dynamodb_tables:
            cause = f"{_TABLES} has no {design}; {nearest(design, self.dynamodb_tables)}"
            raise ConfigError("name the table of a design", self.path, cause, f"add it under {_TABLES}")
        return self.table_prefix + self.dynamodb_tables[design]

    @property
    def state_dir(self) -> Path:
        return self.base / "state"

    @property
    def designs_dir(self) -> Path:
        return self.base / "config" / "designs"


def base_folder(path: Path) -> Path:
    """Where relative paths of the configuration at `path` start, whether or not it is there."""
    folder = _absolute(path, Path.cwd()).parent
    return folder.parent if folder.name == "config" else folder


def load_config(path: Path, flags: Mapping[str, Any], environ: Mapping[str, str]) -> Config:
    """The configuration of the file at `path`, under what `environ` and `flags` say.

    flags    by dotted key name; None is a flag that was not given
    Raises ConfigError: for a file that cannot be read, else with every fault found in `faults`.
    """
    path = _absolute(path, Path.cwd())
    base = base_folder(path)
    faults: list[str] = []
    found = flatten(read_document(path), faults)
    resolver = _Resolver(base, found, flags, environ, faults)
    values = resolver.resolve()
    tables = resolver.tables()
    faults += _together(values, tables)
    if faults:
        raise ConfigError("use the configuration", path, "it has faults", _INIT, faults)
    return Config(
        path=path,
        base=base,
        **{key.name: values[key.name] for key in KEYS if "." not in key.name},
        dynamodb_tables=tables,
        settings=_section(Settings, "migration_settings", values),
        logging=_section(LogSettings, "logging", values),
        origins=resolver.origins,
    )


def write_config(path: Path, values: Mapping[str, Any]) -> None:
    """Writes the whole documented structure: `values` by dotted key name, or by section, else the defaults.

    None stands for the default; `source_db` becomes absolute. Raises ConfigError, with every fault found.
    """
    faults: list[str] = []
    given = {k: v for k, v in flatten(as_pairs(values), faults).items() if v is not None}
    resolver = _Resolver(Path.cwd(), given, {}, {}, faults)
    checked, tables = resolver.resolve(), resolver.tables()
    faults += _together(checked, tables)
    if faults:
        raise ConfigError("write the configuration", path, "these values are wrong", "", faults)
    document: dict[str, Any] = {name: {} for name in SECTIONS}
    document[_TABLES] = tables
    for key in KEYS:
        value = given.get(key.name, key.default)
        section, _, name = key.name.rpartition(".")
        (document[section] if section else document)[name] = os.fspath(value) if key.is_path else value
    document["source_db"] = os.fspath(checked["source_db"])
    write_document(path, document)


class _Resolver:
    """Picks every key's value from the strongest layer that has it; faults of the file are always told."""

    def __init__(
        self,
        base: Path,
        found: Mapping[str, Any],
        flags: Mapping[str, Any],
        environ: Mapping[str, str],
        faults: list[str],
    ) -> None:
        self.origins: dict[str, str] = {}
        self._base, self._found, self._environ, self._faults = base, found, environ, faults
        self._flags = {name: value for name, value in flags.items() if value is not None}
        faults += [f"flag {n}: unknown; {nearest(n, NAMES)}" for n in self._flags if n not in NAMES]

    def resolve(self) -> dict[str, Any]:
        return {key.name: self._value(key) for key in KEYS}

    def tables(self) -> dict[str, str]:
        own = {n: v for n, v in self._found.items() if n.startswith(f"{_TABLES}.")}
        origin = "file" if own else "default"
        tables: dict[str, str] = {}
        for name, value in (own or {f"{_TABLES}.{n}": t for n, t in TABLES.items()}).items():
            self.origins[name] = origin
            design = name.partition(".")[2]
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", design):
                self._faults.append(f"{name}: the name of a design has only letters, digits, _ and -")
            tables[design] = self._checked(Key(name, table_part), value, name)
        return tables

    def _value(self, key: Key) -> Any:
        filed = self._checked(key, self._found[key.name], key.name) if key.name in self._found else None
        variable = next((v for v in key.environment if self._is_set(v)), None)
        if key.name in self._flags:
            self.origins[key.name] = "flag"
            given = self._flags[key.name]
            value = key.from_text(given) if isinstance(given, str) else given
            return self._located(key, self._checked(key, value, f"flag {key.name}"), Path.cwd())
        if variable is not None:
            self.origins[key.name] = f"environment {variable}"
            value = key.from_text(self._environ[variable])
            return self._located(key, self._checked(key, value, f"environment {variable}"), Path.cwd())
        if key.name in self._found:
            self.origins[key.name] = "file"
            return self._located(key, filed, self._base)
        self.origins[key.name] = "default"
        if key.default is None:
            hint = "give it in the file, by flag, or as " + " or ".join(key.environment)
            self._faults.append(f"{key.name}: missing; {hint}")
            return None
        return self._located(key, key.kind(key.default), self._base)

    def _is_set(self, variable: str) -> bool:
        empty_counts = variable == "MIGRATION_TABLE_PREFIX"
        return variable in self._environ and (empty_counts or self._environ[variable] != "")

    def _checked(self, key: Key, value: Any, where: str) -> Any:
        value = os.fspath(value) if key.is_path and isinstance(value, Path) else value
        try:
            return key.kind(value)
        except ValueError as error:
            self._faults.append(f"{where}: must be {error}; found {described(value)}")
            return None

    def _located(self, key: Key, value: Any, base: Path) -> Any:
        return _absolute(Path(value), base) if key.is_path and value is not None else value


def _together(values: Mapping[str, Any], tables: Mapping[str, str]) -> list[str]:
    """What is wrong between keys that are right alone."""
    faults = []
    connections, in_flight = (values[f"migration_settings.{n}"] for n in ("connections", "in_flight"))
    if None not in (connections, in_flight) and in_flight < connections:
        faults.append(
            f"migration_settings.in_flight: must not be less than connections; {in_flight} < {connections}"
        )
    prefix, owners = values["table_prefix"], dict[str, str]()
    for design, name in tables.items():
        if prefix is None or name is None:
            continue
        if not 3 <= len(prefix + name) <= 255:
            faults.append(
                f"{_TABLES}.{design}: with its prefix the name must have 3 to 255 characters; "
                f"{described(prefix + name)} has {len(prefix + name)}"
            )
        if (other := owners.setdefault(name, design)) != design:
            faults.append(f"{_TABLES}.{design}: {name} is already the table of {other}")
    return faults


def _section(kind: type[_T], name: str, values: Mapping[str, Any]) -> _T:
    return kind(**{f.name: values[f"{name}.{f.name}"] for f in fields(kind)})  # type: ignore[arg-type]  # a dataclass


def _absolute(path: Path, base: Path) -> Path:
    return Path(os.path.normpath(base / os.path.expanduser(path)))  # noqa: PTH111 (never raises)
