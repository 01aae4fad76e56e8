"""What designs say, in the words of their language, for people."""

from __future__ import annotations

from collections.abc import Iterator

from migration_tool.design.model import Attribute, Design, Embed, Entity, Throughput
from migration_tool.verify.json_form import json_text

_SWITCH = {True: "on", False: "off", None: ""}


def key_in_words(entity: Entity, name: str) -> str:
    """The template, and when an item has the key, if not always."""
    condition, template = entity.conditions.get(name), entity.keys[name].source
    return f"{template} when {condition.source}" if condition else template


def attribute_in_words(rule: Attribute) -> str:
    """As a design writes it."""
    made = rule.template or rule.expression
    if made:
        return made.source
    if rule.reference:
        through = f" through {rule.transform}" if rule.transform else ""
        return f"{rule.reference} as {rule.convert}" if rule.convert else f"{rule.reference}{through}"
    return f"value {json_text(rule.constant, indent=False)}"


def list_in_words(embed: Embed) -> str:
    """Which rows in which order, and what stands for a row if it is not a map of its attributes."""
    words = f"{embed.form} of {embed.table}"
    if embed.key:
        words += f" under {embed.key.source}"
    if embed.value:
        words += f": {attribute_in_words(embed.value)}"
    if embed.order:
        order = (f"{name} descending" if name in embed.descending else name for name in embed.order)
        words += f" by {', '.join(order)}"
    if embed.limit:
        words += f", {embed.limit} at most"
    inner = "; ".join(f"{one.name}: {list_in_words(one)}" for one in embed.embeds)
    return f"{words}; in each {inner}" if inner else words


def rows_in_words(entity: Entity) -> str:
    """What is not usual about the way of a row to its item."""
    oversize = f"compress with {entity.compression}" if entity.oversize == "compress" else entity.oversize
    words = [
        f"where {entity.where.strip()}" if entity.where else "",
        f"through {entity.transform}" if entity.transform else "",
        f"over 400 KB: {oversize}" if oversize != "reject" else "",
    ]
    return "; ".join(filter(None, words))


def settings_in_words(design: Design) -> Iterator[tuple[str, str]]:
    """Each setting that the design has: its name, and what it is."""
    found = design.settings
    named = {
        "billing": found.billing and found.billing.replace("_", " "),
        "capacity": _units(found.capacity),
        **{f"capacity of {index.name}": _units(index.capacity) for index in design.indexes},
        "warm throughput": _units(found.warm_throughput),
        **{f"warm throughput of {index.name}": _units(index.warm_throughput) for index in design.indexes},
        "stream": found.stream and found.stream.replace("_", " "),
        "table class": found.table_class and found.table_class.replace("_", " "),
        "point-in-time recovery": found.point_in_time_recovery and f"{found.point_in_time_recovery} days",
        "deletion protection": _SWITCH[found.deletion_protection],
        "time to live": found.ttl,
        "tags": ", ".join(f"{name} = {value}" for name, value in (found.tags or {}).items()),
    }
    return ((name, words) for name, words in named.items() if words)


def _units(found: Throughput | None) -> str:
    return f"{found.read:,} read and {found.write:,} write units a second" if found else ""
