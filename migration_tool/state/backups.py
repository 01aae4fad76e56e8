"""The backups of a state file: `<run>.json.1` to `.3`, the newest first."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from migration_tool.state import files

BACKUPS = 3


def backups(path: Path) -> list[Path]:
    """Where they are, if they are."""
    return [_backup(path, number) for number in range(1, BACKUPS + 1)]


def rotate(path: Path, data: bytes) -> None:
    """Makes a backup with this content; the oldest one goes. Durable when it returns. Raises OSError."""
    temporary = files.write_temporary(_backup(path, 1), data)
    try:
        for number in range(BACKUPS, 1, -1):
            with suppress(FileNotFoundError):
                _backup(path, number - 1).replace(_backup(path, number))
        files.put_in_place(temporary, _backup(path, 1))
    except OSError:
        files.discard(temporary)
        raise


def drop(path: Path) -> None:
    """Removes them, the oldest first. Raises OSError."""
    for backup in reversed(backups(path)):
        backup.unlink(missing_ok=True)


def _backup(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
