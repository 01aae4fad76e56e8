"""`design export`: designs in the form of another tool, as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from migration_tool.checking.fitting import fitted
from migration_tool.config import Config
from migration_tool.design.compile import CompiledDesign
from migration_tool.design.definition import whole_definition
from migration_tool.design.draft import each
from migration_tool.design.load import load_design
from migration_tool.errors import ConfigError, UsageError
from migration_tool.exemplars import pool, typical
from migration_tool.exporting.cdk import construct_properties
from migration_tool.exporting.cloudformation import template
from migration_tool.exporting.requests import requests
from migration_tool.exporting.terraform import configuration
from migration_tool.exporting.translation import Definition
from migration_tool.exporting.workbench import Model, Modelled, model
from migration_tool.job import Chosen, chosen_files, with_tables
from migration_tool.source.sqlite import SqliteSource
from migration_tool.verify.json_form import json_text

WORKBENCH = "nosql-workbench"
_FORMS: Mapping[str, Callable[[Sequence[Definition]], dict[str, Any]]] = {
    "cloudformation": template,
    "terraform": configuration,
    "cdk-json": construct_properties,
}
FORMATS = (*_FORMS, WORKBENCH, "json")
ITEMS = 10


@dataclass(frozen=True)
class Exported:
    """The text of the file, and what had to be left out of it, a sentence each."""

    text: str
    left_out: tuple[str, ...] = ()


def export(
    form: str,
    config: Config | None,
    words: Sequence[str],
    items: int | None,
    moment: datetime,
    prefix: str | None = None,
) -> Exported:
    """Designs, by file or by name, in one of the FORMATS; those of the configuration where nothing is named.

    config  None: there is none, so that only files can be named
    items   at most so many real items of each entity, which only NoSQL Workbench takes; None: ITEMS
    moment  when, for the model of NoSQL Workbench
    prefix  goes before the names of tables, in place of the configured one
    Raises UsageError; DesignError, and for NoSQL Workbench SourceError, ConfigError.
    """
    if form not in FORMATS:
        hint = f"Choose from: {', '.join(FORMATS)}."
        raise UsageError("export the designs", form, "there is no such format", hint)
    if form == WORKBENCH:
        most = ITEMS if items is None else items
        return _workbench_model(config, words, most, moment, prefix)
    if items is not None:
        hint = f"Leave them out, or choose {WORKBENCH}."
        raise UsageError("export the designs", "items", f"{form} holds no items", hint)
    designs = each(chosen_files(config, words), load_design)
    return _tables_as(form, with_tables(config, designs, prefix))


def _tables_as(form: str, chosen: Sequence[Chosen]) -> Exported:
    """In one of the FORMATS that need no source."""
    tables = [(one.design.table, _definition(one)) for one in chosen]
    if form in _FORMS:
        return Exported(json_text(_FORMS[form](tables)) + "\n")
    return Exported("".join(json_text(body, indent=False) + "\n" for body in requests(tables)))


def _workbench_model(
    config: Config | None, words: Sequence[str], most: int, moment: datetime, prefix: str | None
) -> Exported:
    """A NoSQL Workbench model of these designs, with at most so many real items of every entity.

    Raises DesignError, SourceError, ConfigError where no configuration names the source.
    """
    if config is None:
        hint = "Run init, or choose a --format that needs no rows."
        raise ConfigError("read items to show", "the source database", "no configuration names it", hint)
    files = chosen_files(config, words)
    with SqliteSource(config.source_db) as source:
        compiled = fitted(source, files, config.settings.allow_code)
        chosen = with_tables(config, [one.design for one in compiled], prefix)
        tables = [_modelled(source, one, design, most) for one, design in zip(chosen, compiled, strict=True)]
    found = _model(config, chosen, tables, moment)
    return Exported(json_text(found.document) + "\n", found.left_out)


def _definition(one: Chosen) -> dict[str, Any]:
    return whole_definition(one.table_name, one.design)


def _modelled(source: SqliteSource, one: Chosen, compiled: CompiledDesign, most: int) -> Modelled:
    items = typical(pool(source, compiled), one.design.keys, most)
    return Modelled(_definition(one), [entity.name for entity in one.design.entities], items)


def _model(config: Config, chosen: Sequence[Chosen], tables: Sequence[Modelled], moment: datetime) -> Model:
    described = " ".join(one.design.description for one in chosen if one.design.description)
    return model(config.source_db.stem, described, tables, moment)
