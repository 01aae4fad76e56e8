"""Designs as one HTML page that needs nothing else, in the style of the validation's report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from migration_tool.exemplars import Exemplar
from migration_tool.showing.costing import in_words
from migration_tool.showing.grid import Columns, cell, grid
from migration_tool.showing.overview import Shown, ShownEntity, ShownIndex, ShownTable
from migration_tool.showing.picture import picture
from migration_tool.showing.questions import ROWS, Question
from migration_tool.showing.relations import Diagram
from migration_tool.showing.style import STYLE
from migration_tool.verify.html_parts import page, table, text
from migration_tool.verify.json_form import json_text
from migration_tool.verify.report import many

_OF_TABLE, _OF_INDEX = (3, 8), (3, 5)
"""Item collections that are shown, and items of each."""


def to_html(found: Shown, made: str) -> str:
    """The page; `made`: when. Whatever comes from the source or a design is escaped."""
    names = ", ".join(shown.name for shown in found.tables)
    patterns = sum(len(shown.access_patterns) for shown in found.tables)
    links = "".join(f'<a href="#t{n}">{text(shown.name)}</a>' for n, shown in enumerate(found.tables))
    facts = {
        "Source": f"{found.source}, {many(len(found.diagram.tables), 'table')} of it read",
        "Designs": f"{many(len(found.tables), 'table')}, {many(patterns, 'access pattern')}",
        "Made": made,
    }
    listed = "".join(f"<dt>{name}</dt><dd>{text(value)}</dd>" for name, value in facts.items())
    return page(
        f"Designs: {names}",
        f"<h1>SQLite to DynamoDB: the designs</h1>\n<dl>{listed}</dl>\n<nav>{links}</nav>\n"
        f"{_source(found.diagram)}{''.join(_table(n, shown) for n, shown in enumerate(found.tables))}"
        "<footer>Items are those that the first rows of each entity become; sizes are theirs, as DynamoDB "
        "counts them. Answers are those of the SQL, with which migrate.py validate compares the table's."
        "</footer>\n",
        STYLE,
    )


def _source(diagram: Diagram) -> str:
    dashed = any(not relation.declared for relation in diagram.relations)
    words = "A line leads from a key to the columns that refer to it."
    words += " Dashed: no foreign key says so, a design follows it." if dashed else ""
    unread = f"Not read: {', '.join(diagram.unread)}." if diagram.unread else ""
    return (
        f"<h2>The source</h2>\n<div class=card>{picture(diagram)}"
        f'<p class="soft">{words} {text(unread)}</p></div>\n'
    )


def _table(number: int, shown: ShownTable) -> str:
    return (
        f'<h2 id="t{number}">{text(shown.name)} <span class=soft>{text(shown.table)}</span></h2>\n'
        f"<p>{text(shown.description)}</p>\n"
        f"<div class=card>{_entities(shown)}{_keys(shown)}{_settings(shown)}"
        f"{_attributes(shown.entities)}</div>\n"
        f"<div class=card><h3>Item collections</h3>\n{_collections(shown)}</div>\n"
        f"{_indexes(shown)}{_questions(shown.access_patterns)}"
    )


def _entities(shown: ShownTable) -> str:
    rows = (
        [
            f"<b>{text(entity.name)}</b>",
            text(entity.source_table) + (f"<br>{_as_written(entity.says)}" if entity.says else ""),
            f"{entity.rows:,}",
            f"{entity.average_bytes:,}",
            f"{entity.largest_bytes:,}",
            f"{entity.rows * entity.average_bytes:,}",
        ]
        for entity in shown.entities
    )
    headings = ("Entity", "Source table", "Rows", "Bytes of an item", "Of the largest", "Of all, about")
    return f"<h3>Entities</h3>\n{table(headings, rows, range(2, 6))}<p>{text(in_words(shown.cost))}</p>\n"


def _keys(shown: ShownTable) -> str:
    """Of the table and of every index, what each entity writes there."""
    rows = []
    for name, keys in (("table", shown.keys), *((index.name, index.keys) for index in shown.indexes)):
        for entity in shown.entities:
            if all(key in entity.keys for key in keys):
                templates = [f"<span class=attr>{text(k)}</span> {_as_written(entity.keys[k])}" for k in keys]
                rows.append([f"<b>{text(name)}</b>", text(entity.name), *templates, *[""] * (2 - len(keys))])
                name = ""
    return f"<h3>Keys</h3>\n{table(('Of', 'Entity', 'Partition key', 'Sort key'), rows)}"


def _settings(shown: ShownTable) -> str:
    rows = ([f"<b>{text(name)}</b>", text(words)] for name, words in shown.settings.items())
    return f"<h3>Settings</h3>\n{table(('Setting', 'Value'), rows)}" if shown.settings else ""


def _attributes(entities: Sequence[ShownEntity]) -> str:
    rows = []
    for entity in entities:
        name = f"<b>{text(entity.name)}</b>"
        for attribute in entity.attributes:
            types = " or ".join(attribute.types) or '<span class="none">absent</span>'
            rows.append([name, text(attribute.name), types, _as_written(attribute.source)])
            name = ""
    listed = table(("Entity", "Attribute", "Type", "Made of"), rows)
    return f"<details><summary>{many(len(rows), 'attribute')}</summary>\n{listed}</details>\n"


def _as_written(words: str) -> str:
    return f"<code>{text(words)}</code>"


def _columns(shown: ShownTable) -> Columns:
    keys = [*shown.keys, *(key for index in shown.indexes for key in index.keys)]
    return Columns({e.name: [a.name for a in e.attributes] for e in shown.entities}, keys)


def _collections(shown: ShownTable) -> str:
    return grid(shown.items, shown.keys, _columns(shown), *_OF_TABLE)


def _indexes(shown: ShownTable) -> str:
    return "".join(
        f"<div class=card><h3>Index {text(index.name)}{_kind(index)}</h3>\n"
        f"{grid(_projected(shown, index), index.keys, _columns(shown), *_OF_INDEX)}</div>\n"
        for index in shown.indexes
    )


def _kind(index: ShownIndex) -> str:
    """What is not usual about it."""
    words = ["local"] if index.local else []
    if index.projects is not None:
        words.append(f"projects {', '.join(index.projects)}" if index.projects else "projects keys only")
    return f" <span class=soft>{text('; '.join(words))}</span>"


def _projected(shown: ShownTable, index: ShownIndex) -> list[Exemplar]:
    """The items as the index holds them."""
    if index.projects is None:
        return list(shown.items)
    names = {*shown.keys, *index.keys, *index.projects}
    kept = ({n: value for n, value in one.item.items() if n in names} for one in shown.items)
    return [Exemplar(one.entity, item) for one, item in zip(shown.items, kept, strict=True)]


def _questions(patterns: Sequence[Question]) -> str:
    if not patterns:
        return ""
    return f"<div class=card><h3>Access patterns</h3>\n{''.join(map(_question, patterns))}</div>\n"


def _question(pattern: Question) -> str:
    shards = (
        f" <span class=soft>{pattern.requests} requests, one a shard</span>" if pattern.requests > 1 else ""
    )
    return (
        f'<div class="ask"><b>{text(pattern.signature)}</b><p>{text(pattern.description)}</p>'
        f"<p>{_as_written(pattern.asks)}{shards}</p>{''.join(_example(pattern))}"
        f"<details><summary>SQL</summary>{_block(pattern.sql)}</details></div>\n"
    )


def _cell(row: Mapping[str, Any], name: str) -> str:
    return cell(row[name]) if name in row else '<span class="none">absent</span>'


def _block(lines: str) -> str:
    return "<pre><code>" + "\n".join(map(text, lines.splitlines())) + "</code></pre>"


def _example(pattern: Question) -> Iterator[str]:
    if pattern.example is None:
        yield '<p class="soft">The source has no example with an answer.</p>'
        return
    arguments = ", ".join(
        f"{name} = {json_text(value, indent=False)}" for name, value in pattern.example.arguments.items()
    )
    columns = dict.fromkeys(name for row in pattern.example.rows for name in row)
    rows = ([_cell(row, name) for name in columns] for row in pattern.example.rows)
    more = f"; the first {ROWS} rows" if pattern.example.more else ""
    yield f'<p class="soft">Example{f": {text(arguments)}" if arguments else ""}{more}</p>'
    yield table(list(columns), rows)
    request = _block(json_text(pattern.example.request))
    which = "Request" if pattern.requests == 1 else "Request of the first shard"
    yield f"<details><summary>{which}</summary>{request}</details>"
