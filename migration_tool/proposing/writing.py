"""A draft as a YAML file with its reasons as comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import indent, wrap
from typing import Any

import yaml

from migration_tool.documents import Dumper
from migration_tool.proposing.drafts import Draft
from migration_tool.proposing.naming import clean

_WIDTH = 105


class _Dumper(Dumper):
    """Escapes what is not printable: line breaks of all kinds would be read as others, or indented."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = None if text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def yaml_text(draft: Draft) -> str:
    """The whole file. The same draft gives the same bytes."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    document = draft.document()
    entities, patterns = document.pop("entities"), document.pop("access_patterns", {})
    yield from comments(draft.reasons)
    yield from _block(document, 0)
    yield ""
    yield "entities:"
    for place, entity in enumerate(draft.entities):
        yield from [""] if place else []
        yield from (f"  {line}" for line in comments(entity.reasons))
        yield from _entity(entity.name, entities[entity.name])
    if patterns:
        yield ""
        yield "access_patterns:"
        for place, (name, body) in enumerate(patterns.items()):
            yield from [""] if place else []
            yield from _block({name: body}, 2)


def _entity(name: str, body: dict[str, Any]) -> Iterator[str]:
    """Its keys stand one under the other."""
    yield from _block({name: {}}, 2, ending=" {}")
    for section, content in body.items():
        if section == "keys":
            yield "    keys:"
            for key, template in content.items():
                yield from _block({key: template}, 6)
        else:
            yield from _block({section: content}, 4)


def _block(value: dict[str, Any], spaces: int, ending: str = "") -> Iterator[str]:
    """Lines of YAML, without that ending. Collections stand on one line where they hold no others."""
    nested = any(isinstance(content, dict | list) for content in value.values())
    text = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None if nested else False,
        width=_WIDTH - spaces,
    )
    yield from indent(text, " " * spaces).rstrip("\n").removesuffix(ending).split("\n")


def comments(reasons: Iterable[str]) -> Iterator[str]:
    for reason in reasons:
        yield from (f"# {line}" for line in wrap(clean(reason), _WIDTH - 4))
