"""The log of the runs: one JSON object a line, in files that rotate.

Only the loggers below "migration_tool" are touched: those of the cloud libraries write credentials and items
when they are told to be verbose, so they are left alone. Use:

    log = logging.getLogger(__name__)
    log.info("batch stored", extra={"table": "music_catalog", "batch": 12, "items": 25})

Items, rows and request bodies pass under the names of `CONTENT`, and only at DEBUG; credentials never do.
A log that can no longer be written does not stop a run: the handler remembers the first fault.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import stat
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from migration_tool.config import LogSettings
from migration_tool.errors import ConfigError
from migration_tool.redaction import HIDDEN, redacted

ROOT = "migration_tool"
CONTENT = frozenset({"item", "items_content", "row", "key", "body", "request", "response", "value"})
"""Extra fields that hold customer data: left out above DEBUG."""

_SECRET_NAME = re.compile(r"secret|password|token|credential|authorization|signature|access_?key", re.I)
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_OWN = ("time", "level", "event", "logger", "run_id", "table", "batch")
_DEPTH = 4
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK

logging.getLogger(ROOT).addHandler(logging.NullHandler())


def configure(log: LogSettings, verbose: bool = False, run_id: str = "") -> LogFile:
    """Sends the project's log to `log.file`, replacing what an earlier call set up.

    verbose  everything from DEBUG up, whatever `log.level` says
    Raises ConfigError where the file cannot be opened. Close the handler when the command ends.
    """
    logger = logging.getLogger(ROOT)
    handler = LogFile(log, run_id)
    for old in [h for h in logger.handlers if isinstance(h, LogFile)]:
        old.close()
    logger.setLevel(logging.DEBUG if verbose else log.level)
    logger.propagate = False
    logger.addHandler(handler)
    return handler


def name_run(run_id: str) -> None:
    """From now on every line of the log names that run."""
    for handler in logging.getLogger(ROOT).handlers:
        if isinstance(handler, LogFile):
            handler.run_id = run_id


class LogFile(logging.Handler):
    """Appends JSON lines to a file for the owner alone, and rotates it: `.1` is the newest old file.

    run_id  written in every line; set it when the run is known
    fault   why lines were lost, the first reason; "" while none was
    lost    how many lines were lost
    """

    def __init__(self, log: LogSettings, run_id: str = "") -> None:
        super().__init__()
        self.run_id = run_id
        self.fault = ""
        self.lost = 0
        self._path, self._max_size, self._backups = log.file, log.max_size, log.backup_count
        self._torn = False
        self._ended = False
        self._fd = -1
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._open()
        except OSError as error:
            cause = error.strerror or error
            raise ConfigError(
                "open the log", self._path, cause, "set logging.file to another path"
            ) from error

    def emit(self, record: logging.LogRecord) -> None:
        if self._ended:
            return
        try:
            self._write(line(record, self.run_id))
        except Exception as error:
            self.lost += 1
            self.fault = self.fault or f"{self._path}: {getattr(error, 'strerror', None) or error}"

    def close(self) -> None:
        """Ends the log; the logger no longer writes to it."""
        self.acquire()
        try:
            self._ended = True
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
        finally:
            self.release()
        logging.getLogger(ROOT).removeHandler(self)
        super().close()

    def _write(self, data: bytes) -> None:
        if not self._is_ours():
            self._open()
        if self._torn:
            data = b"\n" + data
        size = os.fstat(self._fd).st_size
        if size and size + len(data) > self._max_size:
            self._rotate()
        while data:
            written = os.write(self._fd, data)
            data = data[written:]
            self._torn = bool(data)

    def _is_ours(self) -> bool:
        """Whether the path still names the open file: another process may have rotated it."""
        if self._fd < 0:
            return False
        try:
            there = self._path.lstat()
        except FileNotFoundError:
            return False
        here = os.fstat(self._fd)
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def _open(self) -> None:
        fd = os.open(self._path, _FLAGS, 0o600)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError("it is not a regular file")
        os.fchmod(fd, 0o600)
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd

    def _rotate(self) -> None:
        if self._backups == 0:
            os.ftruncate(self._fd, 0)
            return
        for number in range(self._backups - 1, 0, -1):
            if (old := self._old(number)).exists():
                old.replace(self._old(number + 1))
        self._path.replace(self._old(1))
        self._open()

    def _old(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")


def line(record: logging.LogRecord, run_id: str = "") -> bytes:
    """One record as a JSON line, without credentials; without customer data above DEBUG."""
    verbose = record.levelno <= logging.DEBUG
    fields: dict[str, Any] = dict.fromkeys(_OWN)
    fields |= {
        "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z",
        "level": record.levelname,
        "event": record.getMessage(),
        "logger": record.name,
        "run_id": run_id,
    }
    for name, value in record.__dict__.items():
        if name not in _STANDARD:
            fields[f"extra_{name}" if name in _OWN[:5] else name] = value
    if record.exc_info and record.exc_info[0]:
        fields |= _exception(record.exc_info[0], record.exc_info[1], verbose)
    return (json.dumps(_plain(fields, verbose), separators=(",", ":")) + "\n").encode("ascii")


def _exception(kind: type[BaseException], error: BaseException | None, verbose: bool) -> dict[str, Any]:
    """Its class and its frames; its text can quote data, so only when verbose."""
    frames = traceback.extract_tb(error.__traceback__ if error else None)
    places = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
    return {"exception": kind.__name__, "frames": places} | (
        {"exception_text": str(error)} if verbose else {}
    )


def _plain(value: Any, verbose: bool, depth: int = 0) -> Any:
    """What JSON can hold of a value; bytes only as their number, secrets masked, content only if verbose."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if isinstance(value, Mapping) and depth < _DEPTH:
        return {
            str(name): HIDDEN if _SECRET_NAME.search(str(name)) else _plain(v, verbose, depth + 1)
            for name, v in value.items()
            if verbose or name not in CONTENT
        }
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEPTH:
        return [_plain(element, verbose, depth + 1) for element in value]
    return redacted(value)
