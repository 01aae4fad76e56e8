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
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 1024 * 1024
SUFFIXES = (".json", ".yaml", ".yml")
_TAG = "tag:yaml.org,2002:"
_PLAIN = {
    "null": (r"(?:~|null|Null|NULL|)", ["~", "n", "N", ""]),
    "bool": (r"(?:true|True|TRUE|false|False|FALSE)", list("tTfF")),
    "int": (r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    "float": (r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", list("-0123456789")),
}


class Pairs(list[tuple[Any, Any]]):
    """A section in file order, keys that stand twice included."""


class _Loader(yaml.SafeLoader):
    """The safe loader, with the plain values of JSON; only its parser and composer are used."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # PyYAML's own form

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML
            raise ValueError(f"aliases are not used here: *{event.anchor}, line {_line(event)}")
        return super().compose_node(parent, index)


class Dumper(yaml.SafeDumper):
    """Quotes whatever this reader or another reader would not take for text."""


for _name, (_pattern, _first) in _PLAIN.items():
    for _class in (_Loader, Dumper):
        _class.add_implicit_resolver(_TAG + _name, re.compile(_pattern + r"\Z"), _first)


def read_pairs(path: Path) -> Any:
    """The content of a file: Pairs, lists and plain values.

    Raises OSError where it cannot be read, ValueError with a reason where it cannot be understood.
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
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(" ".join(str(error).split())) from error


def read_mapping(path: Path) -> Any:
    """Like `read_pairs`, with dictionaries for sections; a key that stands twice is a ValueError."""
    return _mapping(read_pairs(path), "")


def _mapping(value: Any, place: str) -> Any:
    if isinstance(value, Pairs):
        found: dict[str, Any] = {}
        for name, content in value:
            if not isinstance(name, str) or name in found:
                fault = "stands twice" if isinstance(name, str) else "a key must be text"
                raise ValueError(f"{place}{name}: {fault}")
            found[name] = _mapping(content, f"{place}{name}.")
        return found
    if isinstance(value, list):
        return [_mapping(element, place) for element in value]
    return value


def _bytes(path: Path) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(fd, "rb", closefd=True) as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        return file.read(MAX_BYTES + 1)


def _from_yaml(text: str) -> Any:
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
    raise ValueError(f"the tag {node.tag} is not used here, line {_line(node)}")


def _plain(name: str, text: str) -> Any:
    if name == "int":
        return int(text)
    if name == "float":
        return float(text)
    return text.lower() == "true" if name == "bool" else None


def _line(marked: yaml.Node | yaml.Event) -> int:
    return marked.start_mark.line + 1 if marked.start_mark else 0
