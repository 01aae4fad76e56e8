"""Reading a JSON object with a closed set of keys and exact types, so that damage has a name and a place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from migration_tool.errors import StateError


class DamagedError(StateError):
    """A saved value is not what this tool writes. The cause says where and why."""

    def __init__(self, where: str, cause: str) -> None:
        super().__init__(
            "read the saved state", where, cause, "use a backup, or clear the run with: migrate.py reset"
        )


class Fields:
    """One JSON object at `where`, holding exactly `keys`; getters raise DamagedError."""

    def __init__(self, value: object, where: str, keys: tuple[str, ...]) -> None:
        self._values = mapping(value, where)
        self._where = where
        if self._values.keys() != set(keys):
            missing = sorted(set(keys) - set(self._values))
            unknown = sorted(set(self._values) - set(keys))
            raise DamagedError(where, f"missing keys {missing}, unknown keys {unknown}")

    def where(self, key: str) -> str:
        return f"{self._where}.{key}"

    def any(self, key: str) -> object:
        return self._values[key]

    def text(self, key: str) -> str:
        value = self._values[key]
        if not isinstance(value, str):
            raise DamagedError(self.where(key), "is not text")
        return value

    def count(self, key: str) -> int:
        """A whole number from 0 up; true and false are none."""
        value = self._values[key]
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise DamagedError(self.where(key), "is not a whole number from 0 up")
        return value

    def number(self, key: str) -> float:
        """A finite number from 0 up."""
        value = self._values[key]
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise DamagedError(self.where(key), "is not a number")
        if not math.isfinite(value) or value < 0:
            raise DamagedError(self.where(key), "is not a finite number from 0 up")
        return value

    def flag(self, key: str) -> bool:
        value = self._values[key]
        if not isinstance(value, bool):
            raise DamagedError(self.where(key), "is not true or false")
        return value

    def optional_text(self, key: str) -> str | None:
        return None if self._values[key] is None else self.text(key)

    def optional_number(self, key: str) -> float | None:
        return None if self._values[key] is None else self.number(key)

    def texts(self, key: str) -> dict[str, str]:
        inner = self._inner(key)
        return {name: inner.text(name) for name in inner._values}

    def counts(self, key: str) -> dict[str, int]:
        inner = self._inner(key)
        return {name: inner.count(name) for name in inner._values}

    def each(self, key: str) -> Iterator[tuple[object, str]]:
        """Every element of a list, with its place."""
        value = self._values[key]
        if not isinstance(value, list):
            raise DamagedError(self.where(key), "is not a list")
        return ((element, f"{self.where(key)}[{number}]") for number, element in enumerate(value))

    def _inner(self, key: str) -> Fields:
        """The object under that key, whatever names it has."""
        inner = mapping(self._values[key], self.where(key))
        return Fields(inner, self.where(key), tuple(inner))


def mapping(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise DamagedError(where, "is not an object")
    return value
