"""A design file → `Design`. Every fault of the file is reported at once, with its place in the document."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import orjson

from migration_tool.design.draft import Draft
from migration_tool.design.faults import around
from migration_tool.design.load_code import CodeReader
from migration_tool.design.load_entity import EntityLoader
from migration_tool.design.load_patterns import PatternLoader
from migration_tool.design.load_settings import SettingsLoader
from migration_tool.design.load_table import TableLoader
from migration_tool.design.model import Design
from migration_tool.design.patterns import check_patterns
from migration_tool.documents import Faulty, described, located, read_keys
from migration_tool.errors import DesignError, Fault

LANGUAGE_VERSION = 1
_MEANING = b"2"
"""Counts up when the same design comes to mean other items: a run begun with the old ones cannot go on."""


def load_design(path: Path) -> Design:
    """Raises DesignError listing all faults of the file."""
    draft = read_design(path)
    draft.require_sound("read the design", "Mend the file.")
    return draft.design


def read_design(path: Path) -> Draft:
    """Raises DesignError where the file holds no document."""
    document, doubtful = _document(path)
    loader = _Loader(path.parent)
    for fault in doubtful:
        loader.faults.extend([fault])
        loader.faults.lose_some(around(fault.place))
    design = loader.design(path.stem, document, str(path))
    check_patterns(design, loader.faults)
    return Draft(path, design, loader.faults)


def _document(path: Path) -> tuple[Any, list[Fault]]:
    try:
        return read_keys(path)
    except OSError as error:
        cause, hint = error.strerror or str(error), "Check the path and its permissions."
    except Faulty as error:
        faults = located(path, error.faults)
        raise DesignError("read the design", path, "1 fault", "Mend the file.", faults) from None
    except ValueError as error:
        cause, hint = str(error), "Mend the file."
    raise DesignError("read the design", path, cause, hint)


class _Loader(CodeReader):
    """A design, from the top of its document down."""

    def design(self, name: str, document: Any, path: str) -> Design:
        top = self.section("", document, "design")
        version = top.get("version")
        if type(version) is not int or version != LANGUAGE_VERSION:
            reason = f"expected {LANGUAGE_VERSION}, found {described(version)}"
            self.fault("version", reason, f"write `version: {LANGUAGE_VERSION}`")
        tables = TableLoader(self)
        table = tables.name("table", top.get("table"))
        indexes = tables.indexes(top.get("indexes", {}))
        entities = self.mapping("entities", top.get("entities", {}))
        if not entities:
            self.fault("entities", "a design needs at least one entity")
        keys = tables.keys("keys", top.get("keys", ["PK", "SK"]))
        settings = SettingsLoader(self).settings(top.get("settings", {}))
        tables.check(keys, indexes)
        loader, patterns = EntityLoader(self, keys, indexes), PatternLoader(self, keys, indexes)
        return Design(
            name=name,
            table=table,
            description=self.typed("description", top.get("description", ""), str, ""),
            keys=keys,
            indexes=indexes,
            entities=tuple(loader.entity(entity, body) for entity, body in entities.items()),
            patterns=tuple(
                patterns.pattern(pattern, body)
                for pattern, body in self.mapping("access_patterns", top.get("access_patterns", {})).items()
            ),
            fingerprint=self.fingerprint(document),
            path=path,
            code=self.code,
            settings=settings,
        )

    def fingerprint(self, document: Any) -> str:
        """Text that UTF-8 cannot hold, and numbers of more than 64 bits, have no place in a design."""
        try:
            content = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
            code = orjson.dumps(self.code, option=orjson.OPT_SORT_KEYS) if self.code else b""
            return hashlib.sha256(_MEANING + content + code).hexdigest()
        except TypeError as error:
            self.fault("document", str(error))
            return ""
