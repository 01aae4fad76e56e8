"""The faults of a design, gathered while it is read and then held against its source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migration_tool.errors import Fault


class Faults:
    """Each fault once; and what could not be read, of which nothing more is said.

    A reader notes a fault and goes on with a value that says nothing in place of the one that it could not
    read. What is only a consequence of that is no fault: those at such a place, or in it, are dropped here,
    and who looks at several places together asks first whether they are known.

    A place is a path of keys, as in Fault.
    """

    def __init__(self) -> None:
        self._found: dict[Fault, None] = {}
        self._lost: set[str] = set()
        self._incomplete: set[str] = set()

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._found)

    def add(self, place: str, reason: str, remedy: str = "") -> None:
        self.extend([Fault(place, reason, remedy)])

    def extend(self, faults: Iterable[Fault]) -> None:
        self._found |= {fault: None for fault in faults if not self.lost(fault.place)}

    def lose(self, place: str) -> None:
        """What stands there could not be read."""
        self._lost.add(place)

    def lose_some(self, place: str) -> None:
        """More may stand in there than could be read."""
        self._incomplete.add(place)

    def lost(self, place: str) -> bool:
        """Whether what stands there, or around it, could not be read."""
        return any(around in self._lost for around in _upwards(place))

    def whole(self, place: str) -> bool:
        """Whether all the names that stand in there are known."""
        return place not in self._incomplete and not self.lost(place)

    def touched(self, place: str) -> bool:
        """Whether something is wrong there, in it, or so far around it that it could not be read."""
        wrong = (*self._lost, *(fault.place for fault in self._found))
        return self.lost(place) or any(place in _upwards(inner) for inner in wrong)


def around(place: str) -> str:
    """The place of what it stands in: of "a.b[1]" it is "a.b", of "a" it is ""."""
    return place[: max(place.rfind("."), place.rfind("["), 0)]


def _upwards(place: str) -> Iterator[str]:
    """A place and all those around it: "a.b[1]", "a.b", "a", ""."""
    yield place
    while place:
        place = around(place)
        yield place
