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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

from migration_tool.budget import NO_REJECTS, Budget
from migration_tool.config_file import as_pairs, flatten, read_document, write_document
from migration_tool.config_layers import TABLES_KEY, Resolver, absolute, together
from migration_tool.config_values import KEYS, SECTIONS, nearest
from migration_tool.errors import ConfigError
from migration_tool.rates import OFF, MaxWcu

_INIT = "correct these places, or write the file anew with: migrate.py init --force --source-db PATH"
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
    allow_code              designs may run functions of your own
    lease                   seconds without a sign of life after which another host may take the tables over;
                            None: tables are loaded without a lease
    s3_bucket, s3_prefix    where the files of an import go; the names of objects begin with the prefix
    oversize_bucket, oversize_prefix  where objects go for designs that say `oversize: s3`; their names begin
                            with the prefix and the name of their table
    s3_endpoint             the S3: aws, a URL, or same: of AWS where endpoint is, else the server of endpoint
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
    in_flight: int = 2048
    max_wcu: MaxWcu = OFF
    allow_http: bool = False
    allow_code: bool = False
    lease: float | None = 60.0
    s3_bucket: str = ""
    s3_prefix: str = ""
    s3_endpoint: str = "same"
    oversize_bucket: str = ""
    oversize_prefix: str = ""


@dataclass(frozen=True)
class LogSettings:
    """The section logging. `max_size` in bytes; `backup_count` old files are kept, 0 keeps none."""

    level: str
    file: Path
    max_size: int
    backup_count: int


class Named(Protocol):
    """What a configuration has to know of a design: its name, its table's name, its file."""

    @property
    def name(self) -> str: ...

    @property
    def table(self) -> str: ...

    @property
    def path(self) -> str: ...


@dataclass(frozen=True)
class Config:
    """The effective configuration.

    origins       of every leaf key where its value came from
    design_files  the files of designs that are not looked for by their name
    """

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
    design_files: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Config:
        """That of a file, under what the environment says. Raises ConfigError with every fault found."""
        return load_config(Path(path), {}, os.environ)

    @classmethod
    def of(
        cls,
        source_db: str | os.PathLike[str],
        designs: Iterable[Named],
        *,
        folder: str | os.PathLike[str] = ".",
        endpoint: str = "aws",
        table_prefix: str = "",
        **settings: Any,
    ) -> Config:
        """One without a file: these arguments, else the defaults; the environment says nothing here.

        folder    the state of runs is kept in `state` below it
        endpoint  "aws", "embedded" or the URL of a DynamoDB
        settings  other keys of the configuration without their section: `aws_region`, `max_rejects`, ...
        Raises ConfigError with every fault found.
        """
        given = {"source_db": absolute(Path(source_db), Path.cwd()), "endpoint": endpoint}
        return _from_arguments(
            {**given, "table_prefix": table_prefix, **settings},
            list(designs),
            absolute(Path(folder), Path.cwd()),
        )

    def table_name(self, design: str) -> str:
        """The physical name of a design's table. Raises ConfigError for a design without a table."""
        if design not in self.dynamodb_tables:
            cause = f"{TABLES_KEY} has no {design}; {nearest(design, self.dynamodb_tables)}"
            raise ConfigError("name the table of a design", self.path, cause, f"add it under {TABLES_KEY}")
        return self.table_prefix + self.dynamodb_tables[design]

    def save(self, replace: bool = False) -> Path:
        """Writes it as config/migration.json of its folder, where `load` and the commands take it from.

        What is the default here is the default there.
        Raises ConfigError where the file exists, unless it is to be replaced, and where a design of
        `Config.of` is not in config/designs of the folder, where its name would not find it.
        """
        path = self.base / "config" / "migration.json"
        faults = [
            f"{file}: a file finds it as {self.designs_dir / name}.yaml alone"
            for name, file in self.design_files.items()
            if file != self.designs_dir / f"{name}.yaml"
        ]
        faults += [f"{path}: exists"] if path.exists() and not replace else []
        if faults:
            hint = "Save the designs there, or pass replace=True."
            raise ConfigError("save the configuration", path, "something is in the way", hint, faults)
        given = {name: value for name, value in self.leaves.items() if self.origins.get(name) != "default"}
        write_config(path, given)
        return path

    @property
    def leaves(self) -> dict[str, Any]:
        """Every key of a file in its order, with the value as a file says it."""
        values = {key.name: getattr(self, key.name) for key in KEYS if "." not in key.name}
        values |= {f"{TABLES_KEY}.{name}": table for name, table in self.dynamodb_tables.items()}
        for section, part in (("migration_settings", self.settings), ("logging", self.logging)):
            values |= {f"{section}.{f.name}": getattr(part, f.name) for f in fields(part)}
        return {name: _as_written(name, value) for name, value in values.items()}

    @property
    def state_dir(self) -> Path:
        return self.base / "state"

    @property
    def designs_dir(self) -> Path:
        return self.base / "config" / "designs"


def base_folder(path: Path) -> Path:
    """Where relative paths of the configuration at `path` start, whether or not it is there."""
    folder = absolute(path, Path.cwd()).parent
    return folder.parent if folder.name == "config" else folder


def load_config(path: Path, flags: Mapping[str, Any], environ: Mapping[str, str]) -> Config:
    """The configuration of the file at `path`, under what `environ` and `flags` say.

    flags    by dotted key name; None is a flag that was not given
    Raises ConfigError: for a file that cannot be read, else with every fault found in `faults`.
    """
    path = absolute(path, Path.cwd())
    base = base_folder(path)
    faults: list[str] = []
    found = flatten(read_document(path), faults)
    resolver = Resolver(base, found, flags, environ, faults)
    values = resolver.resolve()
    tables = resolver.tables()
    faults += together(values, tables)
    if faults:
        raise ConfigError("use the configuration", path, "it has faults", _INIT, faults)
    return _config(path, base, values, tables, resolver.origins, {})


def _from_arguments(given: Mapping[str, Any], designs: Sequence[Named], base: Path) -> Config:
    names = {key.name.rpartition(".")[2]: key.name for key in KEYS}
    faults = [f"{name}: unknown; {nearest(name, names)}" for name in given if name not in names]
    found = {names[name]: value for name, value in given.items() if name in names and value is not None}
    found |= {f"{TABLES_KEY}.{design.name}": design.table for design in designs}
    if len({design.name for design in designs}) < max(1, len(designs)):
        faults.append("designs: needs at least one, and no two files of one name")
    resolver = Resolver(base, found, {}, {}, faults)
    values, tables = resolver.resolve(), resolver.tables()
    faults += together(values, tables)
    if faults:
        raise ConfigError("use the configuration", "Config.of", "it has faults", "Correct these.", faults)
    origins = {name: "argument" if found == "file" else found for name, found in resolver.origins.items()}
    files = {design.name: absolute(Path(design.path), Path.cwd()) for design in designs}
    return _config(base, base, values, tables, origins, files)


def _config(
    path: Path,
    base: Path,
    values: Mapping[str, Any],
    tables: Mapping[str, str],
    origins: Mapping[str, str],
    files: Mapping[str, Path],
) -> Config:
    return Config(
        path=path,
        base=base,
        **{key.name: values[key.name] for key in KEYS if "." not in key.name},
        dynamodb_tables=tables,
        settings=_section(Settings, "migration_settings", values),
        logging=_section(LogSettings, "logging", values),
        origins=origins,
        design_files=files,
    )


def write_config(path: Path, values: Mapping[str, Any]) -> None:
    """Writes the whole documented structure: `values` by dotted key name, or by section, else the defaults.

    None stands for the default; `source_db` becomes absolute. Raises ConfigError, with every fault found.
    """
    faults: list[str] = []
    given = {k: v for k, v in flatten(as_pairs(values), faults).items() if v is not None}
    resolver = Resolver(Path.cwd(), given, {}, {}, faults)
    checked, tables = resolver.resolve(), resolver.tables()
    faults += together(checked, tables)
    if faults:
        raise ConfigError("write the configuration", path, "these values are wrong", "", faults)
    document: dict[str, Any] = {name: {} for name in SECTIONS}
    document[TABLES_KEY] = tables
    for key in KEYS:
        value = given.get(key.name, key.default)
        section, _, name = key.name.rpartition(".")
        (document[section] if section else document)[name] = os.fspath(value) if key.is_path else value
    document["source_db"] = os.fspath(checked["source_db"])
    write_document(path, document)


def _as_written(name: str, value: Any) -> Any:
    if value is None:
        return "" if name == "prices" else "off"
    return str(value) if isinstance(value, Path | Budget | MaxWcu) else value


def _section(kind: type[_T], name: str, values: Mapping[str, Any]) -> _T:
    return kind(**{f.name: values[f"{name}.{f.name}"] for f in fields(kind)})  # type: ignore[arg-type]  # a dataclass
