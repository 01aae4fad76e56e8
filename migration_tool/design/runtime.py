"""What the generated functions call, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import orjson

from migration_tool import attributes, limits, oversize
from migration_tool.design import operations, template, units
from migration_tool.design.model import ENTITY_TYPE, MAX_EMBEDDING, Design, Entity, Oversize
from migration_tool.design.pieces import prefix
from migration_tool.errors import RowRejected
from migration_tool.model import EncodedItem, Row


def item_function(source: str, own: Mapping[str, Any]) -> Callable[[Row], EncodedItem]:
    """The function `item` that the source defines; `own` are the names of own code that it may use."""
    names = {**_names(), **own}
    # Safe: the source holds repr()s of the design's text and names made here, nothing of the design itself.
    exec(compile(source, "<design>", "exec"), names)  # noqa: S102
    item: Callable[[Row], EncodedItem] = names["item"]
    return item


def _names() -> dict[str, Any]:
    """What the generated source can reach; nothing else."""
    converters = {convert.__name__: convert for convert in attributes.CONVERTERS.values()}
    nested = {
        converter("json", level): partial(attributes.as_json, level=level)
        for level in range(2, 2 * MAX_EMBEDDING, 2)
    }
    return {
        **template.namespace(),
        **converters,
        **nested,
        **operations.namespace(),
        "RowRejected": RowRejected,
        "reject": _reject,
        "TypeError": TypeError,
        "named": attributes.named,
        "repr": repr,
        "DOT_ZERO": ".0",
        "filter": filter,
        "map_text": _map_text,
        "set_text": _set_text,
        "refuse_circle": _refuse_circle,
        "json_string": attributes.json_string,
        "own_key": _own_key,
        "index_key": _index_key,
    }


def fitted(design: Design, entity: Entity) -> Callable[[str], str]:
    """What becomes of an item that may be over 400 KB. What the table asks for by name stays where it is."""
    keep = (*entity.keys, ENTITY_TYPE, *design.demanded)
    counted = partial(units.counted, design) if units.local_indexes(design) else limits.item_size
    ways: dict[Oversize, Callable[[str], str]] = {
        "reject": partial(limits.checked, counted=counted),
        "compress": partial(oversize.compressed, keep=keep, how=entity.compression, counted=counted),
        "s3": partial(oversize.pointed, keep=keep, counted=counted),
        "split": partial(oversize.split, keep=keep, names=design.keys, counted=counted),
    }
    return ways[entity.oversize]


def converter(kind: str, level: int) -> str:
    """The name of the function that converts to a type; JSON may hold less, the more levels are around it."""
    name = attributes.CONVERTERS[kind].__name__
    return f"{name}_{level}" if kind == "json" and level else name


def _map_text(attribute: str, pairs: Iterable[tuple[str | None, str]]) -> str:
    """The entries of a map; those without a value are left out. Raises RowRejected for the names of it."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if not name:
            what = "is NULL" if name is None else "is empty"
            raise RowRejected("empty_name", f"{attribute}: the key of an embedded row {what}")
        if name in found:
            raise RowRejected("duplicate_name", f"{attribute}: two embedded rows have the key {name!r:.60}")
        found[name] = value
    return ",".join(f"{attributes.json_string(name)}:{found[name]}" for name in sorted(found) if found[name])


def _set_text(attribute: str, values: Iterable[str]) -> str:
    """A set attribute, each value once; nothing where there is none, since DynamoDB has no empty set."""
    found = {pair for text in values if text for pair in orjson.loads(text).items()}
    kinds = {kind for kind, _ in found}
    if not found:
        return ""
    if len(kinds) > 1 or not kinds <= {"S", "N", "B"}:
        raise RowRejected(
            "mixed_set", f"{attribute}: a set holds texts, numbers or blobs, and only one of them"
        )
    elements = ",".join(attributes.json_string(value) for value in sorted(value for _, value in found))
    return f'{prefix(attribute)}{{"{kinds.pop()}S":[{elements}]}}'


def _own_key(name: str, key: str | None, limit: int) -> str:
    limits.check_key(name, key, limit)
    return f"{prefix(name)}{attributes.text(key or '')}"


def _index_key(name: str, key: str | None, limit: int) -> str:
    return _own_key(name, key, limit) if key else ""


def _reject(name: str, rejected: RowRejected) -> None:
    raise RowRejected(rejected.rule, f"{name}: {rejected.reason}") from None


def _refuse_circle(name: str) -> None:
    raise RowRejected("circular_ancestry", f"{name}: the chain of parents runs in a circle")
