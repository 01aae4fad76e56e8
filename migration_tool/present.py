"""`status`: the newest run of a state folder, and the facts of the present that belong to it."""

from __future__ import annotations

from collections.abc import Callable

from migration_tool import embedded
from migration_tool.config import Config
from migration_tool.errors import StateError
from migration_tool.overview import Overview, overview
from migration_tool.state.control import Wish, read_wish
from migration_tool.state.lock import is_held
from migration_tool.state.store import StateStore


def present(config: Config, tell: Callable[[str], object]) -> Overview:
    """From saved state alone; no network is used.

    tell  is given a sentence for each file of the state that could not be used
    Raises StateError.
    """
    store = StateStore(config.state_dir)
    running = is_held(config.state_dir / ".lock")
    server = embedded.find(config.state_dir)
    checkpoint = store.latest()
    wish = _wish(store, checkpoint.run_id) if checkpoint else None
    for warning in store.warnings:
        tell(warning)
    return overview(checkpoint, server.instance if server else None, running, wish)


def _wish(store: StateStore, run_id: str) -> Wish | None:
    """A file that cannot be used is not followed by the run either."""
    try:
        return read_wish(store.control_path(run_id))
    except StateError as error:
        store.warnings.append(str(error))
        return None
