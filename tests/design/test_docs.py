"""What docs/designs.md shows of the language is right."""

from __future__ import annotations

import re
from typing import Any

import pytest

from migration_tool.design.compile import compile_design
from migration_tool.design.functions import FUNCTIONS
from migration_tool.design.load import load_design
from migration_tool.design.operations import CALLS
from migration_tool.design.reference import reference
from migration_tool.source.sqlite import SqliteSource

from ..conftest import ROOT
from .conftest import Load, Make

TEXT = (ROOT / "docs/designs.md").read_text(encoding="utf-8")
(SCHEMA,) = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
EXAMPLES = [
    block for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL) if block.startswith("version:")
]
ROWS = """
INSERT INTO Person VALUES (1, 'Ada', 'ada@example.org', NULL), (2, 'Bo', NULL, 1);
INSERT INTO Project VALUES (1, 'Bridge', 1, '2021-03-04', '1200.50', 'yes', '{"a": [1.10]}', 'long'),
  (2, 'Abbey', 2, NULL, NULL, NULL, NULL, NULL);
INSERT INTO Task VALUES (1, 1, 2, 'dig', 'ada@example.org'), (2, 1, 1, 'draw', NULL);
INSERT INTO Member VALUES (1, 1, 'lead'), (1, 2, 'builder'), (2, 2, 'lead');
INSERT INTO Hours VALUES (1, 1, 2, '2021-03-05', 7.5), (2, 1, 1, '2021-03-06', 1.25);
"""


def headed(title: str) -> str:
    """The part of the page under a heading."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_is_a_design_that_turns_rows_into_items(load: Load, make: Make, example: str) -> None:
    source = make(SCHEMA + ROWS)
    compiled = compile_design(load(example), source.schema)
    for entity in compiled.entities:
        assert [entity.item(row) for _, row in source.rows(entity.read)]
    for pattern in compiled.design.patterns:
        case = dict(zip(*first(source, pattern.cases or "SELECT 1 WHERE 0"), strict=True))
        arguments = {parameter.name: parameter.default for parameter in pattern.parameters} | case
        assert source.query(pattern.sql, arguments)[1]


def first(source: SqliteSource, statement: str) -> tuple[list[str], Any]:
    columns, rows = source.query(statement, {})
    return columns, rows[0]


@pytest.mark.parametrize("name", [*FUNCTIONS, "shard"])
def test_every_function_is_described(name: str) -> None:
    assert f"`{{{name}(Column" in headed("Templates")


@pytest.mark.parametrize("name", CALLS)
def test_every_function_of_expressions_is_described(name: str) -> None:
    assert f"`{name}(" in headed("Expressions")


@pytest.mark.parametrize("path", sorted((ROOT / "config/designs").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_four_designs_are_described_as_they_are(path: Any) -> None:
    design = load_design(path)
    section = headed(design.table)
    assert f"`{path.name}`" in section
    for entity in design.entities:
        keys = " | ".join(f"`{entity.keys[name].source}`" for name in design.keys)
        assert f"| {entity.name} | {keys} |" in section
    for index in design.indexes:
        assert f"| {index.name} | `" in section
        for entity in design.entities:
            if index.partition_key in entity.keys:
                written = entity.keys[index.partition_key].source
                assert (
                    f"`{written}`" in section
                    or f"`{re.sub('shard.[A-Za-z]+', 'shard(…', written)}`" in section
                )
    for pattern in design.patterns:
        call = f"{pattern.name}({', '.join(parameter.name for parameter in pattern.parameters)})"
        (line,) = [line for line in section.splitlines() if line.startswith(f"| `{call}` |")]
        where = "GetItem" if pattern.operation == "GetItem" else pattern.index or "the table"
        shards = pattern.partition.values[0].shards()
        assert line.split("|")[2].strip().startswith(where + (f", {shards} shards" if shards else ""))


def test_every_link_within_the_page_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]*)\)", TEXT)) <= anchors


def test_every_link_to_the_reference_leads_somewhere() -> None:
    assert set(re.findall(r"\]\(language\.md([^)]*)\)", TEXT)) <= {
        "",
        *re.findall(r"\]\((#[^)]*)\)", reference()),
    }
