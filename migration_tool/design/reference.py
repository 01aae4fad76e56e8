"""docs/language.md, made from the JSON Schema of the language: `python -m migration_tool.design.reference
[--check] docs/language.md`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from migration_tool.design.language import sections

_HEAD = """\
# Language reference

Made from the [JSON Schema](../migration_tool/design/design.schema.json) of the language by
`python -m migration_tool.design.reference docs/language.md`; do not edit it by hand. The guide is
[Designs](designs.md): it shows the language at work.

A design is one YAML or JSON file. Unknown keys, keys that stand twice, keys without a value, anchors and
aliases are refused. Keys in bold are required.
"""
_TYPES = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}


def reference() -> str:
    """The whole document."""
    explained = [schema for schema in sections().values() if "title" in schema]
    contents = " · ".join(f"[{schema['title']}](#{_anchor(schema)})" for schema in explained)
    return "\n".join([_HEAD, contents, *(line for schema in explained for line in _section(schema)), ""])


def _section(schema: dict[str, Any]) -> Iterator[str]:
    yield f"\n## {schema['title']}\n\n{schema['description']}"
    if rows := list(_rows(schema)):
        yield "\n| Key | Value | Meaning |\n|---|---|---|"
        yield from rows
    for key, meaning in schema.get("properties", {}).items():
        yield from _choices(f"`{key}`", meaning)
    if examples := schema.get("examples"):
        yield "\nExamples: " + " · ".join(f"`` {example} ``" for example in examples)


def _rows(schema: dict[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    for key, meaning in schema.get("properties", {}).items():
        name = f"**`{key}`**" if key in required else f"`{key}`"
        yield _row(name, _value(meaning), _meaning(meaning))
    if other := schema.get("additionalProperties"):
        described = next((option["description"] for option in _options(other) if "description" in option), "")
        yield _row("any other name", _value(other), described)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _meaning(meaning: dict[str, Any]) -> str:
    said = [meaning["description"]]
    if default := meaning.get("default"):
        said.append(f"By default `{_text(default)}`.")
    said += [f"Example: `{_text(example)}`." for example in meaning.get("examples", ())]
    return " ".join(said)


def _choices(title: str, meaning: dict[str, Any]) -> Iterator[str]:
    """A table of the values to choose from, where each has an explanation of its own."""
    explained = [choice for choice in meaning.get("anyOf", ()) if "const" in choice]
    if explained:
        yield f"\n| {title} | Meaning |\n|---|---|"
        yield from (_row(f"`{choice['const']}`", choice["description"]) for choice in explained)


def _value(schema: dict[str, Any]) -> str:
    """What can stand there, in words."""
    if name := schema.get("$ref", "").rpartition("/")[2]:
        target = sections()[name]
        return f"[{name.replace('_', ' ')}](#{_anchor(target)})" if "title" in target else _value(target)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(_value, schema["anyOf"])))
    if "const" in schema or "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema["type"] == "array":
        count = f" of {schema['maxItems']}" if "maxItems" in schema else ""
        return f"list{count}: {_value(schema['items'])}"
    if schema["type"] == "object":
        return f"mapping: name → {_value(schema['additionalProperties'])}"
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return " or ".join(_TYPES[name] for name in types)


def _options(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    yield from schema.get("anyOf", ())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _anchor(schema: dict[str, Any]) -> str:
    return str(schema["title"]).lower().replace(" ", "-")


def main(arguments: Sequence[str]) -> int:
    """As `keep_current`."""
    return keep_current(arguments, "docs/language.md", reference())


def keep_current(arguments: Sequence[str], usual: str, text: str) -> int:
    """Writes the text to the file that is named last; with --check 0 or 1 says whether it is current."""
    path = Path(arguments[-1] if arguments else usual)
    if "--check" not in arguments:
        path.write_text(text, encoding="utf-8")
        return 0
    return 0 if path.read_text(encoding="utf-8") == text else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
