"""Names that DynamoDB, file systems and SQL parameters take, from names that they may not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from unicodedata import normalize

from migration_tool.model import folded

_LONGEST = 60


def words(name: str) -> list[str]:
    """`InvoiceLine`, `invoice_line` and `invoice line` are all ["Invoice", "Line"] but for case."""
    return re.findall(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])", _without_accents(name))


def _without_accents(name: str) -> str:
    """`Größe` is `Grosse`; letters of other alphabets stay."""
    return re.sub("[\u0300-\u036f]", "", normalize("NFKD", name.replace("ß", "ss")))


def prefixes(names: Iterable[str]) -> Mapping[str, str]:
    """What the keys of each table's items begin with: `INVOICE_LINE`."""
    return distinct({name: "_".join(words(name)).upper() or "ROWS" for name in names})


def entities(names: Iterable[str]) -> Mapping[str, str]:
    """The name of each table's entity: its own, or a substitute for the empty one."""
    return distinct({name: name or "Rows" for name in names}, longest=200)


def snake(*names: str) -> str:
    """For patterns, parameters and files: `tracks_of_album`."""
    return "_".join(word.lower() for name in names for word in words(name)) or "rows"


def table_name(name: str) -> str:
    """A DynamoDB table name of 3 characters at least, without its prefix."""
    found = re.sub(r"[^A-Za-z0-9_.-]+", "_", _without_accents(name)).strip("_")[:_LONGEST]
    return found if len(found) >= 3 else f"{found or 'Rows'}_table"


def parameter(name: str) -> str:
    """A name that SQL, templates and the command line take as it is.

    SQLite gives a column of a subquery that is called true or false another name.
    """
    found = snake(name)[:_LONGEST]
    return f"p_{found}" if found[0].isdigit() or found in ("low", "true", "false") else found


def distinct(wanted: Mapping[str, str], longest: int = _LONGEST) -> dict[str, str]:
    """Each of the names, with a number behind those that others, but for case, have already.

    The keys are taken in their sorted order, so that the numbers depend on nothing else.
    """
    taken: set[str] = set()
    found = {}
    for key in sorted(wanted):
        base = wanted[key][:longest]
        found[key] = unused(base, taken)
        taken.add(folded(found[key]))
    return {key: found[key] for key in wanted}


def unused(name: str, taken: Iterable[str]) -> str:
    """The name, or the name with the first free number."""
    used = set(taken)
    number, found = 1, name
    while folded(found) in used:
        number += 1
        found = f"{name}_{number}"
    return found


def clean(text: str) -> str:
    """For a comment: one line without control characters."""
    return "".join(character if character.isprintable() else "?" for character in text)
