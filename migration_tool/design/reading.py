"""Typed access to a parsed document; every fault is noted with its place, none stops the reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from migration_tool.design.faults import Faults
from migration_tool.design.language import keys
from migration_tool.design.template import Template, parse
from migration_tool.documents import described, within

_KINDS: Mapping[type, str] = {str: "text", int: "a whole number", bool: "true or false", list: "a list"}
_SHOWN = 12
T = TypeVar("T")


class Reader:
    """Reads the document from the top; notes each fault and goes on, so that all are seen together."""

    def __init__(self) -> None:
        self.faults = Faults()

    def fault(self, place: str, reason: str, remedy: str = "") -> None:
        self.faults.add(place, reason, remedy)

    def unreadable(self, place: str, reason: str, remedy: str = "") -> None:
        """A fault that leaves open what was meant there."""
        self.faults.add(place, reason, remedy)
        self.faults.lose(place)

    def mapping(self, place: str, value: Any, known: tuple[str, ...] = ()) -> Mapping[str, Any]:
        """`value` if it is a mapping with only known keys (any, if none are named)."""
        if not isinstance(value, Mapping):
            self.unreadable(place, f"expected a mapping, found {described(value)}", "write `key: value`")
            return {}
        for key in value:
            if not isinstance(key, str) or not key or "\x00" in key:
                self.fault(place, f"{key!r} cannot be a name", "give it one")
            elif known and key not in known:
                self.fault(within(place, key), "unknown key", nearest(key, known))
                for meant in get_close_matches(key, [name for name in known if name not in value], 1):
                    self.faults.lose(within(place, meant))
        return {key: content for key, content in value.items() if isinstance(key, str)}

    def section(self, place: str, value: Any, name: str) -> Mapping[str, Any]:
        """`value` if it is a mapping with only the keys of that section of the language."""
        return self.mapping(place, value, keys(name))

    def optional(self, place: str, body: Mapping[str, Any], key: str) -> str | None:
        """The text of a key that may be left out."""
        return self.typed(f"{place}.{key}", body[key], str, "") if key in body else None

    def typed(self, place: str, value: Any, kind: type[T], default: T) -> T:
        if self.faults.lost(place):
            return default
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        plain = isinstance(value, bool | int | float) or is_unquoted(value)
        remedy = "put it in quotes" if kind is str and plain else ""
        self.unreadable(place, f"expected {_KINDS[kind]}, found {described(value)}", remedy)
        return default

    def parsed(self, place: str, value: Any, parser: Callable[[str], T], fallback: T) -> T:
        text = self.typed(place, value, str, "")
        try:
            return fallback if self.faults.lost(place) else parser(text)
        except ValueError as error:
            self.unreadable(place, str(error))
            return fallback

    def template(self, place: str, value: Any) -> Template:
        return self.parsed(place, value, parse, Template("", ()))

    def names(self, place: str, value: Any) -> tuple[str, ...]:
        """A name or a list of names."""
        listed = [value] if isinstance(value, str) else self.typed(place, value, list, [])
        return tuple(self.typed(f"{place}[{n}]", name, str, "") for n, name in enumerate(listed))


def is_unquoted(value: Any) -> bool:
    """Whether it is a template without its quotes: `{Column}`, which YAML takes for a key without a value."""
    return isinstance(value, Mapping) and len(value) > 0 and all(inner is None for inner in value.values())


def nearest(name: str, known: Iterable[str]) -> str:
    """The remedy for a name that is not there: the nearest known one, else the first few."""
    names = list(known)
    near = get_close_matches(name, names, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names[:_SHOWN])}"
