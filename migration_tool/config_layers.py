"""Which layer a value of the configuration comes from: flag over environment over file over default."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from migration_tool.config_values import KEYS, NAMES, TABLES, Key, nearest, table_part
from migration_tool.documents import described

TABLES_KEY = "dynamodb_tables"


class Resolver:
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
        own = {n: v for n, v in self._found.items() if n.startswith(f"{TABLES_KEY}.")}
        origin = "file" if own else "default"
        tables: dict[str, str] = {}
        for name, value in (own or {f"{TABLES_KEY}.{n}": t for n, t in TABLES.items()}).items():
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
        return absolute(Path(value), base) if key.is_path and value is not None else value


def together(values: Mapping[str, Any], tables: Mapping[str, str]) -> list[str]:
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
                f"{TABLES_KEY}.{design}: with its prefix the name must have 3 to 255 characters; "
                f"{described(prefix + name)} has {len(prefix + name)}"
            )
        if (other := owners.setdefault(name, design)) != design:
            faults.append(f"{TABLES_KEY}.{design}: {name} is already the table of {other}")
    return faults


def absolute(path: Path, base: Path) -> Path:
    return Path(os.path.normpath(base / os.path.expanduser(path)))  # noqa: PTH111 (never raises)
