"""JSON and YAML files read strictly into one shape, for the configuration and for designs.

YAML is read with its safe loader, but with JSON's idea of plain values: `no`, 12:30:45 and 017 are text,
never silently a truth value or a number. Aliases, tags and oversized files are refused.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from migration_tool.errors import Fault

MAX_BYTES = 1024 * 1024
SUFFIXES = (".json", ".yaml", ".yml")
_TAG = "tag:yaml.org,2002:"
_PLAIN = {
    "null": (r"(?:~|null|Null|NULL|)", ["~", "n", "N", ""]),
    "bool": (r"(?:true|True|TRUE|false|False|FALSE)", list("tTfF")),
    "int": (r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    "float": (r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", list("-0123456789")),
}


class Faulty(ValueError):
    """A document with faults that have a place, or a line and column."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class Pairs(list[tuple[Any, Any]]):
    """A section in file order, keys that stand twice included."""


class _Loader(yaml.SafeLoader):
    """The safe loader, with the plain values of JSON; only its parser and composer are used."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # PyYAML's own form

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML
            reason = f"aliases are not used here: *{event.anchor}"
            raise _faulty(*_marked(event.start_mark), reason, "write out what it stands for")
        return super().compose_node(parent, index)


class Dumper(yaml.SafeDumper):
    """Quotes whatever this reader or another reader would not take for text."""


for _name, (_pattern, _first) in _PLAIN.items():
    for _class in (_Loader, Dumper):
        _class.add_implicit_resolver(_TAG + _name, re.compile(_pattern + r"\Z"), _first)


def read_pairs(path: Path) -> Any:
    """The content of a file: Pairs, lists and plain values, not to be changed.

    Raises OSError where it cannot be read, ValueError with a reason where it cannot be understood: Faulty
    where that is at some line.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"the name must end in one of {', '.join(SUFFIXES)}")
    data = _bytes(path)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES:,} bytes")
    try:
        text = data.decode("utf-8-sig")
        if path.suffix.lower() == ".json":
            return json.loads(text, object_pairs_hook=Pairs)
        return _from_yaml(text)
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not text in UTF-8: {error.reason} at byte {error.start + 1:,}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _faulty(*_marked(mark), ", ".join(filter(None, (error.problem, error.context)))) from error
    except json.JSONDecodeError as error:
        raise _faulty(error.lineno, error.colno, error.msg) from error
    except yaml.reader.ReaderError as error:
        raise _faulty(*_place_of(text, error.position), str(error.reason)) from error


def read_mapping(path: Path) -> Any:
    """Like `read_pairs`, with dictionaries for sections; keys that stand twice or are no text are Faulty."""
    found, faults = read_keys(path)
    if faults:
        raise Faulty(*faults)
    return found


def read_keys(path: Path) -> tuple[Any, list[Fault]]:
    """Like `read_mapping`, with the faults of keys beside it; such a key is left out, but its first use."""
    faults: list[Fault] = []
    return _mapping(read_pairs(path), "", faults), faults


def located(path: Path, faults: Sequence[Fault]) -> list[Fault]:
    """The faults in the order of the file, each with the line and column of the key that it is about.

    Where something is missing, they are those of what surrounds it. The file is read once more: nobody has to
    keep the lines of files without faults.
    """
    try:
        there = _positions(path)
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        there = {}
    return sorted((_located(path, fault, there) for fault in faults), key=lambda f: (f.line, f.column))


def within(place: str, key: object) -> str:
    """The place of a key in the section at `place`."""
    return f"{place}.{key}" if place else str(key)


def described(value: Any) -> str:
    """A value of a document, for a message: its JSON-like form and what it is."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {_short(value)}"
    if isinstance(value, int | float):
        return _short(value)
    if isinstance(value, Pairs | dict):
        return "a section"
    return "a list" if isinstance(value, list) else _short(value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _located(path: Path, fault: Fault, there: Mapping[str, tuple[int, int]]) -> Fault:
    file = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    if fault.line:
        return replace(fault, file=str(file))
    place = fault.place
    while place and place not in there:
        place = place[: max(place.rfind("."), place.rfind("["), 0)]
    line, column = there.get(place, (0, 0))
    return replace(fault, file=str(file), line=line, column=column)


def _positions(path: Path) -> dict[str, tuple[int, int]]:
    """Line and column, from 1, of every key and list element. JSON is read as the YAML that it is."""
    text = _bytes(path).decode("utf-8-sig")
    node = yaml.compose(text.replace("\t", " ") if path.suffix.lower() == ".json" else text, Loader=_Loader)
    return {} if node is None else {"": _marked(node.start_mark), **dict(_inner_positions(node, ""))}


def _inner_positions(node: yaml.Node, place: str) -> Iterator[tuple[str, tuple[int, int]]]:
    if isinstance(node, yaml.MappingNode):
        inner = [(key, value, within(place, key.value)) for key, value in node.value]
    elif isinstance(node, yaml.SequenceNode):
        inner = [(element, element, f"{place}[{number}]") for number, element in enumerate(node.value)]
    else:
        return
    for marked, content, there in inner:
        yield there, _marked(marked.start_mark)
        yield from _inner_positions(content, there)


def _mapping(value: Any, place: str, faults: list[Fault]) -> Any:
    if isinstance(value, Pairs):
        found: dict[str, Any] = {}
        for name, content in value:
            inner = within(place, name)
            if not isinstance(name, str):
                faults.append(Fault(inner, "a key must be text", "put it in quotes"))
            elif name in found:
                faults.append(Fault(inner, "stands twice", "leave one of the two out"))
            else:
                found[name] = _mapping(content, inner, faults)
        return found
    if isinstance(value, list):
        return [_mapping(element, f"{place}[{number}]", faults) for number, element in enumerate(value)]
    return value


def _bytes(path: Path) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(fd, "rb", closefd=True) as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        return file.read(MAX_BYTES + 1)


@lru_cache(maxsize=16)
def _from_yaml(text: str) -> Any:
    """Not to be changed. A command reads its designs several times, and a design takes PyYAML 10 ms."""
    node = yaml.compose(text, Loader=_Loader)
    return Pairs() if node is None else _value(node)


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
        return Pairs((_value(key), _value(value)) for key, value in node.value)
    if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
        return [_value(element) for element in node.value]
    name = node.tag.removeprefix(_TAG)
    if isinstance(node, yaml.ScalarNode) and name == "str":
        return node.value
    if isinstance(node, yaml.ScalarNode) and name in _PLAIN and re.fullmatch(_PLAIN[name][0], node.value):
        return _plain(name, node.value)
    raise _faulty(*_marked(node.start_mark), f"the tag {node.tag} is not used here", "leave it out")


def _plain(name: str, text: str) -> Any:
    if name == "int":
        return int(text)
    if name == "float":
        return float(text)
    return text.lower() == "true" if name == "bool" else None


def _faulty(line: int, column: int, reason: str, remedy: str = "") -> Faulty:
    return Faulty(Fault("", reason, remedy, line=line, column=column))


def _marked(mark: yaml.Mark | None) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (0, 0)


def _place_of(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
