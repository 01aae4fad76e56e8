"""How a run is shown: bars on a terminal, a plain line now and then elsewhere. Both are Observers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from migration_tool.cli.console import TALK, say
from migration_tool.cli.signals import StopSignals
from migration_tool.cli.text import count, duration, limit
from migration_tool.errors import Interrupted
from migration_tool.state.live import Tuning

if TYPE_CHECKING:
    from migration_tool.cli.options import Globals
    from migration_tool.state.checkpoint import Checkpoint

LINE_SECONDS = 3.0
"""The least time between two plain lines that are not phases or notices."""


@contextmanager
def watching(shared: Globals, stoppable: bool = True) -> Iterator[Watch]:
    """An observer for the time of a run.

    stoppable  a signal asks the run to stop and save; else it interrupts at once, with nothing to save
    """
    bars = _bars()
    signals = StopSignals(quiet=bars is not None)
    watch = bars or Watch()
    watch.prepare(signals, shared)
    with signals if stoppable else nullcontext():
        watch.begin()
        try:
            yield watch
        finally:
            watch.end()


class Watch:
    """Plain lines: phases and notices at once, progress at most every LINE_SECONDS."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, talk: Callable[[str], None] = say
    ) -> None:
        self._clock, self._talk = clock, talk
        self._said = float("-inf")
        self._tuning = Tuning()

    def prepare(self, signals: StopSignals, shared: Globals) -> None:
        self._signals, self._shared = signals, shared

    def begin(self) -> None:
        """Takes the terminal."""

    def end(self) -> None:
        """Leaves the terminal as it was found."""

    @contextmanager
    def paused(self) -> Iterator[None]:
        """For a question in the midst of it: the terminal is free, and Ctrl-C answers no."""
        self.end()
        with self._signals.paused():
            yield
        self.begin()

    def finished(self) -> None:
        """The run ended well: its last phase is done, too."""

    def phase(self, name: str) -> None:
        self._said = self._clock()
        self._talk(f"phase: {name}")

    def notice(self, text: str) -> None:
        from migration_tool.cli.console import named

        self._talk(named(text, self._shared))

    def stopping(self) -> bool:
        return self._signals.asked

    def copied(self, done: int, total: int) -> None:
        self._obey("copy the source")
        if self._due():
            self._talk(f"copying the source: {done * 100 // max(1, total)}%")

    def checked(self, table: str, done: int, total: int) -> None:
        self._obey("validate the tables")
        if self._due():
            self._talk(f"validating {table}: {done * 100 // max(1, total)}%")

    def step(self, name: str, done: int, total: int) -> None:
        if self._due():
            self._talk(f"{name}: {done * 100 // max(1, total)}%")

    def progress(self, checkpoint: Checkpoint) -> None:
        if not self._tuned(checkpoint) and not self._due():
            return
        written, total = checkpoint.items_written, checkpoint.items_total
        parts = [f"{written:,} of {count(total, 'item')}", f"{written * 100 // max(1, total)}%"]
        self._talk(f"loading: {', '.join([*parts, *pace_words(checkpoint)])}")

    def _tuned(self, checkpoint: Checkpoint) -> bool:
        """Whether a wish has come into force since the last look: that is told at once."""
        before, self._tuning = self._tuning, checkpoint.tuning
        return self._tuning != before

    def _due(self) -> bool:
        now = self._clock()
        if now - self._said < LINE_SECONDS:
            return False
        self._said = now
        return True

    def _obey(self, operation: str) -> None:
        """Ends a step that can be begun again, where the user asked to stop."""
        if self._signals.asked:
            raise Interrupted(
                operation, "this run", "you stopped it; its place is saved", "migrate.py resume"
            )


def pace_words(checkpoint: Checkpoint) -> list[str]:
    """How fast the loading is, how long it takes, and what was wished of it."""
    tuning, pace = checkpoint.tuning, checkpoint.pace
    words = ["limit " + limit(tuning.max_wcu, checkpoint.flow.limit_wcu)] if tuning.max_wcu != "off" else []
    if tuning.paused:
        return ["paused by tune", *words]
    if pace.seconds_left is not None and pace.trend:
        words.insert(0, f"{duration(pace.seconds_left)} left")
    if pace.trend:
        words.insert(0, f"{pace.items_per_second:,.0f} items/s, {pace.trend}")
    return words


def _bars() -> Watch | None:
    """The live display, where there is a terminal that can show one."""
    if not TALK.isatty():
        return None
    from migration_tool.cli.bars import Bars, terminal

    screen = terminal()
    return Bars(screen) if screen.is_terminal and not screen.is_dumb_terminal else None
