"""The names of own code in a design."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from migration_tool.design.own_code import parse_name, source_hash
from migration_tool.design.reading import Reader


class CodeReader(Reader):
    """A reader that notes which own code the document names.

    folder  where that code is
    code    name of each function → hash of its source
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.code: dict[str, str] = {}

    def transform(self, place: str, body: Mapping[str, Any]) -> str | None:
        """The name of a function of own code, if the body has one."""
        return self.parsed(place, body["transform"], self._function, None) if "transform" in body else None

    def _function(self, text: str) -> str:
        """Raises ValueError where there is no such code."""
        name = parse_name(text)
        self.code[name] = source_hash(self.folder, name)
        return name
