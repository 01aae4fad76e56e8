"""Moves a relational database into DynamoDB single-table designs, and proves that it did.

The names in `__all__` are for programs of your own; docs/python.md describes them. They are imported when
they are first asked for, so that `import migration_tool` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from migration_tool.api import Design as Design
    from migration_tool.api import Item as Item
    from migration_tool.api import Observer as Observer
    from migration_tool.api import Source as Source
    from migration_tool.api import resume as resume
    from migration_tool.api import run as run
    from migration_tool.api import validate as validate
    from migration_tool.config import Config as Config
    from migration_tool.errors import MigrationError as MigrationError
    from migration_tool.migrating import Summary as Summary
    from migration_tool.model import Question as Question
    from migration_tool.model import Reject as Reject
    from migration_tool.verify.report import Report as Report

__version__ = "0.1.0"

_ROOMS = {
    "Config": "config",
    "Design": "api",
    "Item": "api",
    "MigrationError": "errors",
    "Observer": "api",
    "Question": "model",
    "Reject": "model",
    "Report": "verify.report",
    "Source": "api",
    "Summary": "migrating",
    "resume": "api",
    "run": "api",
    "validate": "api",
}
__all__ = [*_ROOMS, "__version__"]  # all of them are text


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
