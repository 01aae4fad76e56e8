"""Signals: what ends a command, and how a run is asked to stop instead.

Python ends at SIGTERM and SIGHUP without a word, skipping every `finally`. Here both are an interruption like
Ctrl-C, unless the parent ignores them (nohup).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

EXIT_CODE = 130
_SHOW_CURSOR = b"\x1b[?25h"
_FIRST = b"\nstopping: what is on its way arrives, then the place is saved; once more leaves at once\n"
_SECOND = b"\nleft at once; what was acknowledged since the last save is sent again by: migrate.py resume\n"


def interrupt_on_termination() -> None:
    """SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class StopSignals:
    """While entered: the first signal sets `asked`, the second ends the process at once with 130.

    quiet  a live display tells of the first one itself
    """

    def __init__(self, quiet: bool) -> None:
        self.asked = False
        self._quiet = quiet
        self._before: dict[int, Any] = {}

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Signals do meanwhile what they did before; one that came already does it now."""
        entered = bool(self._before)
        self._restore()
        try:
            if self.asked:
                raise KeyboardInterrupt
            yield
        finally:
            if entered:
                self._install()

    def __enter__(self) -> StopSignals:
        self._install()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Writes past Python's buffers: the interrupted code may be inside them."""
        if self.asked:
            _write((_SHOW_CURSOR if os.isatty(2) else b"") + _SECOND)
            os._exit(EXIT_CODE)
        self.asked = True
        if not self._quiet:
            _write(_FIRST)


def _write(message: bytes) -> None:
    try:
        os.write(2, message)
    except OSError:
        return
