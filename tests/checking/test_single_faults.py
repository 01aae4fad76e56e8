"""One fault in a design that is sound otherwise gives one message, at its place, and none of what follows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from migration_tool.checking.fitting import fitted
from migration_tool.design import language
from migration_tool.documents import read_mapping, within
from migration_tool.errors import DesignError, Fault
from migration_tool.source.sqlite import SqliteSource
from tests.cli.test_language import DESIGN
from tests.verify.helpers import DESIGNS, NAMES

Steps = tuple[str | int, ...]
SECTIONS = ("design", "entity", "access_pattern", "query", "index", "lookup", "embed", "attribute")
KNOWN = {key for section in SECTIONS for key in language.keys(section)}
NAMING = re.compile(r"\.(from|by|table|where|match\.\w+|order(\[\d+\])?|lookup\.\w+|of|omit\[\d+\]|index)$")


def walk(value: Any, steps: Steps = (), place: str = "") -> Iterator[tuple[Steps, str, Any]]:
    """Every value of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, content in inner:
        there = f"{place}[{key}]" if isinstance(key, int) else within(place, key)
        yield (*steps, key), there, content
        yield from walk(content, (*steps, key), there)


def changed(document: Any, steps: Steps, change: Callable[[Any, Any], None]) -> Any:
    """A copy in which the section or list that holds the value, and its key there, went through `change`."""
    found = here = deepcopy(document)
    for step in steps[:-1]:
        here = here[step]
    change(here, steps[-1])
    return found


def misspelt(section: Any, key: str) -> None:
    content = list(section.items())
    section.clear()
    section.update({name + "x" if name == key else name: value for name, value in content})


def wrong_shapes(document: Any) -> Iterator[tuple[str, Any]]:
    """A list of a list is nothing that can stand anywhere."""
    for steps, place, _ in walk(document):
        yield place, changed(document, steps, lambda here, key: here.__setitem__(key, [[1]]))


def unknown_keys(document: Any) -> Iterator[tuple[str, Any]]:
    """Of sections: misspelt ones, and additional ones. A place of odd depth has a key of the language."""
    added = set()
    for steps, place, _ in walk(document):
        if steps[-1] in KNOWN and (len(steps) % 2 == 1 or steps[-2] in ("query", "get")):
            yield place + "x", changed(document, steps, misspelt)
            beside = within(place.rpartition(".")[0], "zzzz")
            if beside not in added:
                yield beside, changed(document, steps, lambda here, key: here.__setitem__("zzzz", 1))
            added.add(beside)


def unknown_names(document: Any) -> Iterator[tuple[str, Any]]:
    for steps, place, value in walk(document):
        if not isinstance(value, str):
            continue
        wrong = value
        if NAMING.search(place):
            wrong = value + "Zz"
        elif "{" in value and not place.endswith(("sql", "cases", "description")):
            wrong = re.sub(r"\{(\w+)([:}])", r"{\1Zz\2", value, count=1)
        elif place.endswith((".sql", ".cases")):
            wrong = value.replace("FROM ", "FROM Zz", 1)
        if wrong != value:
            yield place, changed(document, steps, lambda here, key, new=wrong: here.__setitem__(key, new))


@pytest.fixture(scope="module")
def source(sample_db: Path) -> Iterator[SqliteSource]:
    with SqliteSource(sample_db) as opened:
        yield opened


def found(source: SqliteSource, path: Path, document: Any) -> tuple[Fault, ...]:
    path.write_text(json.dumps(document, indent=1), "utf-8")
    try:
        fitted(source, [path], allow_code=False)
    except DesignError as error:
        return error.found
    return ()


@pytest.fixture(params=[*NAMES, "catalogue"])
def document(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The designs that ship, and one that uses more of the language."""
    (tmp_path / "catalogue.yaml").write_text(DESIGN, "utf-8")
    folder = tmp_path if request.param == "catalogue" else DESIGNS
    return read_mapping(folder / f"{request.param}.yaml")


@pytest.mark.parametrize("faulty", [wrong_shapes, unknown_keys, unknown_names])
def test_a_single_fault_gives_a_single_message(
    source: SqliteSource, document: Any, tmp_path: Path, faulty: Callable[[Any], Iterator[tuple[str, Any]]]
) -> None:
    path = tmp_path / "design.json"
    assert found(source, path, document) == ()
    wrong = {}
    tried = 0
    for place, content in faulty(document):
        faults = found(source, path, content)
        tried += 1
        where = faults[0].place if faults else ""
        if len(faults) != 1 or not (where.startswith(place) or place.startswith(where)) or not faults[0].line:
            wrong[place] = [str(fault).partition("json:")[2] for fault in faults]
    assert wrong == {}
    assert tried > 15
