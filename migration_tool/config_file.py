"""What stands in a configuration file: flattened to dotted keys with every fault, and the atomic write.

Sections arrive as lists of pairs, so that a key that stands twice can still be named.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from migration_tool.config_values import NAMES, SECTIONS, nearest
from migration_tool.documents import SUFFIXES, Dumper, Faulty, Pairs, described, located, read_pairs
from migration_tool.errors import ConfigError


def read_document(path: Path) -> Any:
    """The content of the file: Pairs, lists and plain values. Raises ConfigError."""
    require_suffix(path)
    try:
        return read_pairs(path)
    except FileNotFoundError:
        cause, hint = "there is no such file", "migrate.py init --source-db PATH"
    except OSError as error:
        cause, hint = str(error.strerror or error), "make it a readable file, or give another --config PATH"
    except Faulty as error:
        faults = [str(fault) for fault in located(path, error.faults)]
        hint = "correct the file at that place"
        raise ConfigError("read the configuration", path, "it cannot be understood", hint, faults) from None
    except ValueError as error:
        cause, hint = str(error), "correct the file"
    raise ConfigError("read the configuration", path, cause, hint)


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Replaces the file as a whole, readable by others (it holds no secret). Raises ConfigError."""
    require_suffix(path)
    if path.suffix.lower() == ".json":
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    else:
        text = yaml.dump(dict(document), Dumper=Dumper, sort_keys=False, allow_unicode=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text.encode())
    except OSError as error:
        cause = error.strerror or error
        raise ConfigError("write the configuration", path, cause, "choose another --config PATH") from error


def flatten(document: Any, faults: list[str]) -> dict[str, Any]:
    """Dotted key -> value; unknown keys, keys that stand twice and sections of a wrong type are faults."""
    found: dict[str, Any] = {}
    if not isinstance(document, Pairs):
        faults.append(f"the file: must hold keys and values; found {described(document)}")
        return found
    for name, value in _unique(document, "", SECTIONS, faults):
        known = [n.partition(".")[2] for n in NAMES if n.startswith(f"{name}.")]
        if not known and name != "dynamodb_tables":
            found[name] = value
        elif not isinstance(value, Pairs) or (name == "dynamodb_tables" and not value):
            faults.append(f"{name}: must be a section of keys and values; found {described(value)}")
        else:
            found |= {f"{name}.{n}": v for n, v in _unique(value, f"{name}.", known, faults)}
    return found


def _unique(pairs: Pairs, prefix: str, known: Sequence[str], faults: list[str]) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for name, value in pairs:
        if not isinstance(name, str):
            faults.append(f"{prefix}{described(name)}: a key must be text")
        elif name in seen:
            faults.append(f"{prefix}{name[:80]}: stands twice")
        elif known and name not in known:
            faults.append(f"{prefix}{name[:80]}: unknown key; {nearest(name, known)}")
        else:
            yield name, value
        seen.add(name if isinstance(name, str) else "")


def as_pairs(values: Mapping[str, Any]) -> Pairs:
    """Values by dotted name or by section, as a file would hold them."""
    sections: dict[str, Any] = {}
    for name, value in values.items():
        section, dot, leaf = name.partition(".")
        if isinstance(value, Mapping):
            sections.setdefault(section, Pairs()).extend(value.items())
        elif dot:
            sections.setdefault(section, Pairs()).append((leaf, value))
        else:
            sections[name] = value
    return Pairs(sections.items())


def require_suffix(path: Path) -> None:
    """Raises ConfigError for a file that is neither JSON nor YAML by its name."""
    if path.suffix.lower() not in SUFFIXES:
        cause = f"the name must end in one of {', '.join(SUFFIXES)}"
        raise ConfigError("use the configuration", path, cause, "rename it, or give another --config PATH")


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(temporary, flags, 0o644), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
