"""A design that may have faults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from migration_tool.design.faults import Faults
from migration_tool.design.model import Design
from migration_tool.documents import located
from migration_tool.errors import DesignError


@dataclass(frozen=True)
class Draft:
    """A design as far as it could be read, and the faults of its file; those against a source join them."""

    path: Path
    design: Design
    faults: Faults

    def require_sound(self, operation: str, hint: str) -> None:
        """Raises DesignError with all faults there are."""
        if self.faults:
            cause = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
            raise DesignError(operation, self.path, cause, hint, located(self.path, list(self.faults)))
