"""What the user wishes of a run while it loads, passed on to the loader as limits that it can keep to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from migration_tool.rates import MaxWcu
from migration_tool.state.checkpoint import Tuning
from migration_tool.state.control import Wish, Wishes, in_force
from migration_tool.target.facts import Capacity
from migration_tool.target.loader import Loader


class Steering:
    """Looks for wishes, and holds the loader to the limit that is in force.

    configured  the limit without a wish
    capacities  asks the target for the capacity of each table, by physical name; Raises TargetError
    warn        is told why a wish is not followed
    """

    def __init__(
        self,
        wishes: Wishes,
        configured: MaxWcu,
        loader: Loader,
        capacities: Callable[[], Mapping[str, Capacity]],
        warn: Callable[[str], None],
    ) -> None:
        self._wishes = wishes
        self._configured = configured
        self._loader = loader
        self._capacities = capacities
        self._warn = warn
        self._limit = MaxWcu()
        self._seen: tuple[Wish | None] | None = None

    def news(self) -> Tuning | None:
        """What is in force from now on, if that has changed; the first time always. Raises TargetError."""
        wish = self._wishes.current()
        while self._wishes.warnings:
            self._warn(self._wishes.warnings.pop(0))
        if self._seen and wish is self._seen[0]:
            return None
        self._seen = (wish,)
        tuning = in_force(wish, self._configured)
        self._keep_to(MaxWcu.parse(tuning.max_wcu))
        return tuning

    def _keep_to(self, limit: MaxWcu) -> None:
        if limit == self._limit:
            return
        self._limit = limit
        capacities = {}
        if limit.auto:
            capacities = {name: found.share(limit.share) for name, found in self._capacities().items()}
        self._loader.keep_to(limit.units, capacities)
