"""The JSON Schema of the language and the loader say the same.

To add a key: describe it in `design.schema.json`, read it in the loader, use it in `WHOLE` of `test_load.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from operator import setitem
from pathlib import Path
from typing import Any, get_args, get_type_hints

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from migration_tool.attributes import CONVERTERS
from migration_tool.design import language
from migration_tool.design.access import FILTER_OPERATORS, KEY_OPERATORS
from migration_tool.design.functions import FUNCTIONS
from migration_tool.design.load import LANGUAGE_VERSION, load_design
from migration_tool.design.load_settings import BILLING, CLASSES, STREAMS
from migration_tool.design.model import Design, Oversize, Parameter
from migration_tool.design.reading import Reader
from migration_tool.documents import read_mapping
from migration_tool.errors import DesignError
from migration_tool.oversize import Compression

from ..conftest import ROOT
from .conftest import VALIDATOR, Load
from .test_load import FAULTS, WHOLE

SECTIONS = {name: found for name, found in language.sections().items() if "properties" in found}
SHIPPED = sorted((ROOT / "config/designs").glob("*.yaml"))
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
EXAMPLES = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL))
    if "\nentities:" in block
]
Path_ = tuple[str | int, ...]
ODD: list[Any] = [None, True, 1, -1.5, "", "a b", "{", "{x}", [], ["x"], ["x", "y"], {}, {"x": "y"}]


def properties() -> Iterator[tuple[str, str, Any]]:
    for section, found in SECTIONS.items():
        for key, meaning in found["properties"].items():
            yield section, key, meaning


ALL = [pytest.param(*found, id=".".join(found[:2])) for found in properties()]


def refused(document: Any) -> bool:
    return not VALIDATOR.is_valid(document)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(language.SCHEMA.read_text("utf-8")))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_designs_are_valid(path: Path) -> None:
    VALIDATOR.validate(read_mapping(path))


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_in_the_documentation_are_valid(example: str) -> None:
    VALIDATOR.validate(yaml.safe_load(example))


@pytest.mark.parametrize(("section", "key", "meaning"), ALL)
def test_every_key_is_explained(section: str, key: str, meaning: Any) -> None:
    """For the text that an editor shows, and for the reference."""
    assert meaning.get("description", "").endswith("."), "its description is a sentence or more"
    values = {"$defs": language.sections(), **meaning}
    for example in meaning.get("examples", []) + ([meaning["default"]] if "default" in meaning else []):
        Draft202012Validator(values).validate(example)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_is_explained_and_closed(section: str) -> None:
    found = SECTIONS[section]
    assert found["title"] and found["description"].endswith(".")
    assert section == "attributes" or found["additionalProperties"] is False


class Noted(dict[str, Any]):
    """A mapping of a document that notes which of its keys somebody asks for."""

    def __init__(self, content: Mapping[str, Any], asked: set[str]) -> None:
        super().__init__(content)
        self.asked = asked

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


def test_the_loader_reads_every_key_of_the_schema(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, set[str]] = {}
    section = Reader.section

    def noted(self: Reader, place: str, value: Any, name: str) -> Mapping[str, Any]:
        return Noted(section(self, place, value, name), asked.setdefault(name, set()))

    monkeypatch.setattr(Reader, "section", noted)
    load(WHOLE)
    operators = {"attributes", "sort_condition", "filter_condition"}
    assert {name: set(language.keys(name)) for name in SECTIONS.keys() - operators} == asked


def test_every_key_that_the_loader_knows_is_in_the_schema(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of keys that stands in the loader itself is known to no editor: give it a section instead."""
    known: set[tuple[str, ...]] = set()
    mapping = Reader.mapping

    def noted(self: Reader, place: str, value: Any, keys: tuple[str, ...] = ()) -> Mapping[str, Any]:
        known.add(keys)
        return mapping(self, place, value, keys)

    monkeypatch.setattr(Reader, "mapping", noted)
    load(WHOLE)
    chosen_by_the_design = {(), ("pk", "sk"), ("pk", "sk", "np", "ns")}
    assert known - chosen_by_the_design <= {language.keys(name) for name in SECTIONS}


def choices(section: str, key: str) -> tuple[str, ...]:
    found = SECTIONS[section]["properties"][key]["anyOf"]
    return tuple(choice["const"] for choice in found if "const" in choice)


def test_what_can_be_chosen_is_what_there_is() -> None:
    known = language.sections()
    assert language.keys("sort_condition") == tuple(KEY_OPERATORS)
    assert language.keys("filter_condition") == tuple(FILTER_OPERATORS)
    assert choices("attribute", "as") == tuple(CONVERTERS)
    assert choices("entity", "oversize") == get_args(Oversize)
    assert choices("oversize", "compress") == get_args(Compression)
    assert choices("settings", "billing") == BILLING
    assert choices("settings", "stream") == STREAMS
    assert choices("settings", "table_class") == CLASSES
    assert set(known["parameter_type"]["enum"]) == set(get_args(get_type_hints(Parameter)["type"]))
    assert SECTIONS["design"]["properties"]["version"]["const"] == LANGUAGE_VERSION
    for name in (*FUNCTIONS, "shard"):
        assert f"`{{{name}(Column" in known["template"]["description"]
        assert any(f"{{{name}(" in example for example in known["template"]["examples"])


def everywhere(path: Path_ = (), node: Any = None) -> Iterator[Path_]:
    """The place of every node of a document."""
    yield path
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, content in inner:
        yield from everywhere((*path, key), content)


DOCUMENT = yaml.safe_load(WHOLE)
PLACES = list(everywhere((), DOCUMENT))


def at(document: Any, path: Path_) -> Any:
    for step in path:
        document = document[step]
    return document


def changed(document: Any, path: Path_, change: Callable[[Any, Any], None]) -> Any:
    """A copy in which `change(parent, key)` was done to the node at `path`."""
    found = {"": deepcopy(document)}
    whole = ("", *path)
    change(at(found, whole[:-1]), whole[-1])
    return found[""]


def put(value: Any) -> Callable[[Any, Any], None]:
    return lambda parent, key: setitem(parent, key, value)


def drop(parent: Any, key: Any) -> None:
    del parent[key]


def faults(folder: Path, document: Any) -> list[str]:
    path = folder / "shop.json"
    path.write_bytes(orjson.dumps(document))
    try:
        load_design(path)
    except DesignError as error:
        return [f"{fault.place}: {fault.reason}" for fault in error.found]
    return []


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)) or "document")
def test_whatever_stands_anywhere_the_schema_is_no_stricter_than_the_loader(
    tmp_path: Path, path: Path_
) -> None:
    changes = [put(value) for value in ODD] + [drop] * bool(path)
    for document in (changed(DOCUMENT, path, change) for change in changes):
        found = faults(tmp_path, document)
        assert found or VALIDATOR.is_valid(document), at(document, path[:-1])
        said = "\n".join(found)
        if re.search(": expected (text|a list|a mapping),", said) and "unknown key" not in said:
            assert refused(document), (found, at(document, path[:-1]))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(ODD)), min_size=2, max_size=4))
def test_nor_is_it_with_several_changes(tmp_path: Path, changes: list[tuple[Path_, Any]]) -> None:
    document = DOCUMENT
    for path, value in changes:
        try:
            document = changed(document, path, put(value))
        except (KeyError, IndexError, TypeError):
            continue
    assert faults(tmp_path, document) or VALIDATOR.is_valid(document)


def options(schema: Any) -> Iterator[Any]:
    """A schema and all that it refers to for the same value."""
    yield schema
    for inner in [*schema.get("anyOf", ()), language.sections().get(schema.get("$ref", "")[8:])]:
        if inner:
            yield from options(inner)


def held_to(path: Path_) -> set[str]:
    """The sections whose keys may stand at that place of a design."""
    found: list[Any] = [SECTIONS["design"]]
    for step in path:
        inner = [option for schema in found for option in options(schema)]
        found = [i.get("properties", {}).get(step, i.get("additionalProperties")) for i in inner]
        found = [schema for schema in found if schema]
    there = [option for schema in found for option in options(schema)]
    return {name for name, schema in SECTIONS.items() if any(option is schema for option in there)}


CLOSED = {
    path: sections for path in PLACES if isinstance(at(DOCUMENT, path), dict) and (sections := held_to(path))
}


DEFAULTS = [
    pytest.param((*path, key), meaning["default"], id=".".join(map(str, (*path, key))))
    for path, sections in CLOSED.items()
    for section in sorted(sections)
    for key, meaning in SECTIONS[section]["properties"].items()
    if "default" in meaning
]


@pytest.mark.parametrize(("path", "default"), DEFAULTS)
def test_a_default_is_what_leaving_out_means(tmp_path: Path, path: Path_, default: Any) -> None:
    said, left_out = (
        changed(DOCUMENT, path, put(default)),
        changed(DOCUMENT, path, lambda parent, key: parent.pop(key, None)),
    )
    found = faults(tmp_path, said)
    assert found == faults(tmp_path, left_out)
    if not found:
        assert meaning_of(tmp_path, said) == meaning_of(tmp_path, left_out)


def meaning_of(folder: Path, document: Any) -> Design:
    path = folder / "shop.json"
    path.write_bytes(orjson.dumps(document))
    return replace(load_design(path), fingerprint="")


def test_the_design_of_these_tests_has_all_sections() -> None:
    assert set().union(*CLOSED.values()) == SECTIONS.keys(), "use the section in WHOLE of test_load.py"


@pytest.mark.parametrize("path", [path for path in CLOSED if CLOSED[path] != {"attributes"}], ids=str)
def test_unknown_keys_are_refused_by_both(tmp_path: Path, path: Path_) -> None:
    document = changed(DOCUMENT, (*path, "xyzzy"), put("x"))
    assert refused(document)
    assert any("xyzzy: unknown key" in fault for fault in faults(tmp_path, document))


@pytest.mark.parametrize(("text", "fault"), FAULTS)
def test_most_faults_of_a_file_are_seen_by_an_editor(text: str, fault: str) -> None:
    if any(words in fault for words in ONLY_THE_LOADER):
        return
    assert refused(yaml.safe_load(text))


ONLY_THE_LOADER = (
    "GSI1 needs both",
    "unknown function",
    "only an access pattern",
    "is not a column",
    "is outside",
    "Integer exceeds",
    "there is no index",
    "keys.GSI1PK: unknown key",
    "get.X: unknown key",
    "attributes.*.omit: expected a list",
    "keys.SK: unknown key",
    "has no sort key",
    "is a key attribute",
    "expected [PK, sort key]",
    "without a sort key",
    "a table has at most 20",
    "at most 5",
    "names are included",
    "does not project",
    "uses the capacity of the table",
    "expected as many columns as in `by`",
)
"""Names that the design itself chooses, and what stands in a text."""
