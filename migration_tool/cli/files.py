"""Files that a command writes because somebody asked for them."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from migration_tool.errors import UsageError


def require_folder(operation: str, path: Path) -> None:
    """Refuses a file that could not be written, before the work begins. Raises UsageError."""
    if not path.parent.is_dir():
        raise UsageError(operation, path, "there is no such folder", f"mkdir -p {path.parent}")


def write_whole(operation: str, path: Path, text: str, option: str) -> None:
    """The whole file or none, for its owner alone: it may hold customer data.

    option  what names the file
    Raises UsageError.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        hint = f"Name a file that can be written with {option}."
        raise UsageError(operation, path, error.strerror or error, hint) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
