"""What a repair replaces: one JSON object a line, durable before the target is touched.

Nothing is ever taken out of the file: it is the only place where the old items still are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from migration_tool.state import files

_OPERATION = "write the repair journal"
_HINT = "free space there or make it writable, then repair again"


class RepairLog:
    """Appends to `path`; the file is made with its first line. Raises StateError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        files.require_regular(path, _OPERATION)

    def append(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Writes them durably, all or none."""
        lines = b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)
        if lines:
            files.make_folder(self.path.parent)
            with files.naming(_OPERATION, self.path, _HINT):
                files.append_lines(self.path, lines)
