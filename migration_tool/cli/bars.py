"""The live display of a run on a terminal: finished phases, a bar per table, and what goes on now."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.spinner import Spinner
from rich.text import Text

from migration_tool.cli.console import TALK
from migration_tool.cli.progress import Watch, pace_words
from migration_tool.cli.text import clean, duration

if TYPE_CHECKING:
    from migration_tool.state.checkpoint import Checkpoint

REFRESHES_PER_SECOND = 8
_STOPPING = "stopping: what is on its way arrives, then the place is saved; Ctrl-C again leaves at once"


def terminal() -> Console:
    """Rich on stderr; a terminal that goes away makes it silent."""
    return Console(file=cast(Any, TALK), markup=False, emoji=False, highlight=False)


class Bars(Watch):
    """Bars for the copy of the source, for the loading and for the validation, each when it begins."""

    def __init__(self, screen: Console, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._screen = screen
        self._loading = _progress()
        self._others = _progress(_Left())
        self._pace = ""
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._phase = ("", 0.0)
        self._spinner = Spinner("dots")
        self._drawn = float("-inf")

    def begin(self) -> None:
        self._live = Live(
            console=self._screen, get_renderable=self._frame, refresh_per_second=REFRESHES_PER_SECOND,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip
        self._live.start()
        self._talk = TALK.above = self._above

    def end(self) -> None:
        TALK.above, self._phase = None, ("", 0.0)
        self._live.stop()

    def phase(self, name: str) -> None:
        self._finish_phase()
        for task in self._others.task_ids:
            self._others.remove_task(task)
        self._pace = ""
        self._phase = (name, self._clock())
        self._spinner = Spinner("dots", name)

    def finished(self) -> None:
        self._finish_phase()

    def copied(self, done: int, total: int) -> None:
        self._obey("copy the source")
        self._update(self._others, "copy of the source", done, total)

    def checked(self, table: str, done: int, total: int) -> None:
        self._obey("validate the tables")
        self._update(self._others, f"checking {table}", done, total)

    def step(self, name: str, done: int, total: int) -> None:
        self._update(self._others, name, done, total)

    def progress(self, checkpoint: Checkpoint) -> None:
        now, complete = self._clock(), all(e.done for e in checkpoint.entities)
        if not self._tuned(checkpoint) and now - self._drawn < 1 / REFRESHES_PER_SECOND and not complete:
            return
        self._drawn = now
        self._pace = ", ".join(pace_words(checkpoint))
        for name in checkpoint.tables:
            parts = [e for e in checkpoint.entities if e.table == name]
            done, total = sum(e.items_written for e in parts), sum(e.rows_total for e in parts)
            self._update(self._loading, name, done, total)
        if len(checkpoint.tables) > 1:
            self._update(self._loading, "together", checkpoint.items_written, checkpoint.items_total)

    def _update(self, bars: Progress, name: str, done: int, total: int) -> None:
        key = (str(id(bars)), name)
        if key not in self._tasks:
            self._tasks[key] = bars.add_task(name, total=total, completed=done)
        else:
            bars.update(self._tasks[key], completed=done, total=total)

    def _finish_phase(self) -> None:
        name, began = self._phase
        if name:
            self._screen.print(Text.assemble(("✓ ", "green"), f"{name:16}", duration(self._clock() - began)))
        self._phase = ("", 0.0)

    def _above(self, text: str) -> None:
        self._screen.print(clean(text), soft_wrap=True)

    def _frame(self) -> RenderableType:
        shown: list[RenderableType] = [bars for bars in (self._loading, self._others) if bars.tasks]
        if self._pace:
            shown.append(Text(self._pace, "cyan"))
        if self._phase[0]:
            shown.append(self._spinner)
        if self._signals.asked:
            shown.append(Text(_STOPPING, "yellow"))
        return Group(*shown)


class _Count(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{int(task.completed):,}/{int(task.total or 0):,}", justify="right")


class _Left(ProgressColumn):
    def render(self, task: Task) -> Text:
        left = task.time_remaining
        if task.finished or left is None:
            return Text("")
        return Text(f"{duration(left)} left", "cyan")


def _progress(*more: ProgressColumn) -> Progress:
    columns: list[ProgressColumn] = [
        TextColumn("{task.description:22}"),
        BarColumn(28),
        TextColumn("{task.percentage:>3.0f}%"),
        _Count(),
        *more,
    ]
    return Progress(*columns, auto_refresh=False)
