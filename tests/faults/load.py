"""A migration behind the proxy, run in this process or as a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from migration_tool import migrating
from migration_tool.config import Config, load_config
from migration_tool.errors import MigrationError
from migration_tool.state.checkpoint import Checkpoint
from tests.faults.oracle import check_claims, check_complete, check_resumable, checkpoint_of, rejects_of
from tests.faults.proxy import Key, Proxy
from tests.resume.world import World

QUICK: dict[str, Any] = {
    "connections": 4,
    "retry_delay": 0.005,
    "max_retries": 12,
    "timeout": 10,
    "enable_validation": False,
}
"""Patient, but not slow. The oracle judges, so the tool's own validation is left out."""


class Silent:
    """The observer of a run that shows nothing."""

    def phase(self, name: str) -> None: ...

    def copied(self, done: int, total: int) -> None: ...

    def progress(self, checkpoint: Checkpoint) -> None: ...

    def checked(self, table: str, done: int, total: int) -> None: ...

    def notice(self, text: str) -> None: ...

    def stopping(self) -> bool:
        return False


@dataclass
class Load:
    """One run of `names`, the designs it loads, in as many pieces as it takes.

    error  what ended the last piece
    """

    world: World
    proxy: Proxy
    names: tuple[str, ...]
    error: MigrationError | None = None

    def migrate(self, force: bool = False) -> int:
        """The exit code of the command, as run in this process."""
        return self._run(
            lambda config: migrating.migrate(config, self.names, force, lambda _: True, Silent())
        )

    def resume(self) -> int:
        return self._run(lambda config: migrating.resume(config, frozenset(), lambda _: True, Silent()))

    def check_complete(self, rejected: set[Key] | frozenset[Key] = frozenset()) -> None:
        check_complete(self.world, self.proxy.ledger, rejected)

    def check_resumable(self) -> None:
        check_resumable(self.world, self.proxy.ledger)

    def check_claims(self) -> None:
        check_claims(self.world, self.proxy.ledger)

    def rejected_rows(self) -> list[Mapping[str, Any]]:
        return [reject.row for reject in rejects_of(self.world, checkpoint_of(self.world))]

    def _run(self, command: Callable[[Config], object]) -> int:
        self.error = None
        try:
            command(load_config(self.world.folder / "config/migration.json", {}, {}))
        except MigrationError as error:
            self.error = error
            return error.exit_code
        return 0
