"""`tune`: says to a run how it should go on, and waits until it does so."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from migration_tool import logs
from migration_tool.errors import StateError
from migration_tool.rates import MaxWcu
from migration_tool.state.checkpoint import Checkpoint
from migration_tool.state.control import Wish, read_wish, write_wish
from migration_tool.state.lock import is_held
from migration_tool.state.store import StateStore

LOG = logging.getLogger(__name__)
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Tuned:
    """A wish and what came of it.

    checkpoint  the newest state of the run
    in_force    whether the run has taken the wish over; if not, no process works on it
    """

    wish: Wish
    checkpoint: Checkpoint
    in_force: bool

    def to_json(self) -> dict[str, Any]:
        """The form that docs/json.md describes."""
        wish, tuning = self.wish, self.checkpoint.tuning
        wished = None if wish.max_wcu is None else str(wish.max_wcu)
        return {
            "run_id": wish.run_id,
            "number": wish.number,
            "in_force": self.in_force,
            "max_wcu": tuning.max_wcu if self.in_force else wished,
            "paused": tuning.paused if self.in_force else wish.paused,
            "items_written": self.checkpoint.items_written,
        }


def tune(
    store: StateStore,
    max_wcu: MaxWcu | None,
    paused: bool | None,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Tuned:
    """Wishes it of the newest run; None leaves as it was wished before.

    seconds  how long a running process has to take it over
    Raises StateError where no run is unfinished, and where the process does not take it over in time.
    """
    checkpoint = store.latest()
    if checkpoint is None:
        raise StateError("tune the run", store.folder, "no run is saved here", "migrate.py migrate")
    _require_unfinished(checkpoint)
    wish = _save(store, checkpoint, max_wcu, paused)
    return _taken_over(store, wish, clock() + seconds, clock, sleep)


def _require_unfinished(checkpoint: Checkpoint) -> None:
    if checkpoint.status == "completed":
        hint = "migrate.py status shows how it ended"
        raise StateError("tune the run", checkpoint.run_id, "it is complete: nothing is left to write", hint)


def _save(store: StateStore, checkpoint: Checkpoint, max_wcu: MaxWcu | None, paused: bool | None) -> Wish:
    path = store.control_path(checkpoint.run_id)
    before = read_wish(path) or Wish(checkpoint.run_id)
    wish = replace(
        before,
        number=max(before.number, checkpoint.tuning.number) + 1,
        max_wcu=max_wcu or before.max_wcu,
        paused=before.paused if paused is None else paused,
    )
    write_wish(path, wish)
    logs.name_run(wish.run_id)
    fields = {"wish": wish.number, "max_wcu": str(wish.max_wcu or "as configured"), "paused": wish.paused}
    LOG.info("wish saved", extra=fields)
    return wish


def _taken_over(
    store: StateStore,
    wish: Wish,
    deadline: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Tuned:
    """Looks for a process before it looks at the state, so that the last save of one that ends is seen."""
    while True:
        running = is_held(store.folder / ".lock")
        checkpoint = store.load(wish.run_id)
        if checkpoint.tuning.number >= wish.number:
            _require_same(wish, checkpoint)
            return Tuned(wish, checkpoint, True)
        _require_unfinished(checkpoint)
        if not running:
            return Tuned(wish, checkpoint, False)
        if clock() >= deadline:
            raise _not_taken_over(wish, checkpoint)
        sleep(LOOK_SECONDS)


def _require_same(wish: Wish, checkpoint: Checkpoint) -> None:
    """Two who wish at the same moment can get the same number; the later file is the one that counts."""
    tuning = checkpoint.tuning
    limited = wish.max_wcu is not None and str(wish.max_wcu) != tuning.max_wcu
    if limited or wish.paused != tuning.paused:
        cause = "another wish came at the same moment and is in force instead"
        raise StateError("see the wish in force", wish.run_id, cause, "migrate.py status shows what counts")


def _not_taken_over(wish: Wish, checkpoint: Checkpoint) -> StateError:
    phase = next((p.name for p in checkpoint.phases if p.finished_at is None), "none yet")
    return StateError(
        "see the wish in force", wish.run_id,
        f"the process that runs it has not taken wish {wish.number} over in time; its phase is {phase}",
        "The wish stays, and counts as soon as the run asks for it while it loads: migrate.py status",
    )  # fmt: skip
