"""`init`: checks the source and writes the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from migration_tool.cli.design.propose import KINDS
from migration_tool.cli.options import ALLOW_CODE, ALLOW_HTTP, Globals, command

_FOR_ONCE = ("endpoint", ALLOW_HTTP, ALLOW_CODE)
"""What the environment says only for the time that it says it."""


@command()
@click.option(
    "-s", "--source-db", type=click.Path(path_type=Path), metavar="PATH",
    help="The SQLite database. Required, unless MIGRATION_SOURCE_DB or the file names it.",
)  # fmt: skip
@click.option("-r", "--aws-region", metavar="REGION", help="Region of the tables.  [default: us-east-1]")
@click.option(
    "-b", "--batch-size", type=click.IntRange(1, 25), metavar="N", help="Items per request.  [default: 25]"
)
@click.option("-p", "--table-prefix", metavar="TEXT", help="Put before table names.  [default: chinook_]")
@click.option(
    "-f", "--force", is_flag=True, help="Write the file anew; without it an existing file is updated."
)
@click.option(
    "--propose", "kind", type=click.Choice(["best", *KINDS]), is_flag=False, flag_value="best",
    metavar="[KIND]",
    help="Propose designs for the database, write the best ones, or those of this kind, into config/designs, "
    "and configure them.",
)  # fmt: skip
@click.pass_obj
def init(shared: Globals, /, force: bool, kind: str | None, **options: Any) -> None:
    """Check the source database and write the configuration.

    The source must exist, be SQLite, be sound and not be empty. In an existing file the options that are
    given change their keys, and everything else stays. --endpoint, --allow-http and --allow-code are written
    into the file, too. With --propose the tables of the configuration become those of the proposal, and their
    prefix, unless one is given, comes from the name of the database.
    """
    from migration_tool.cli.console import named, say, show
    from migration_tool.config import load_config, write_config
    from migration_tool.source.sqlite import check_source

    values = _values(shared, force, options)
    facts = check_source(Path(values["source_db"]))
    if kind:
        values = _proposed(shared, values, kind, force)
    is_new = force or not shared.config.exists()
    write_config(shared.config, values)
    config = load_config(shared.config, {}, {})
    shared.endpoint = shared.allow_http = shared.allow_code = None
    rows = sum(facts.rows.values())
    say(f"{'Wrote' if is_new else 'Updated'} {config.path}")
    show(f"source    {facts.path} ({len(facts.rows)} tables, {rows:,} rows, sound)")
    show(f"target    {config.endpoint}, region {config.aws_region}")
    show(f"tables    {', '.join(map(config.table_name, config.dynamodb_tables))}")
    say(named("next: migrate.py plan, then migrate.py migrate", shared))


def _values(shared: Globals, force: bool, options: Mapping[str, Any]) -> dict[str, Any]:
    """The keys to write: flags over the environment over defaults, or flags over the existing file."""
    from migration_tool.config_values import KEYS
    from migration_tool.errors import UsageError

    given = {name: value for name, value in options.items() if value is not None}
    given |= {"endpoint": shared.endpoint} if shared.endpoint else {}
    given |= {ALLOW_HTTP: True} if shared.allow_http else {}
    given |= {ALLOW_CODE: True} if shared.allow_code else {}
    if shared.config.exists() and not force:
        values = _existing(shared.config, given)
    else:
        values = {
            key.name: key.from_text(os.environ[key.environment[0]])
            for key in KEYS
            if key.environment and key.name not in _FOR_ONCE and _is_set(key.environment[0])
        }
    values |= given
    if not values.get("source_db"):
        hint = "migrate.py init --source-db PATH"
        raise UsageError("write the configuration", shared.config, "no source database is named", hint)
    return values


def _proposed(shared: Globals, values: Mapping[str, Any], kind: str, force: bool) -> dict[str, Any]:
    """Writes the designs; the values with their tables. Raises MigrationError."""
    from migration_tool.cli.console import say, show
    from migration_tool.cli.text import count
    from migration_tool.config import base_folder
    from migration_tool.config_values import DEFAULT_REGION
    from migration_tool.prices import load_prices
    from migration_tool.proposing.proposals import propose
    from migration_tool.proposing.saving import prefix_for

    source = Path(values["source_db"])
    prices = load_prices(None).regions.get(values.get("aws_region", DEFAULT_REGION))
    found = propose(source, [] if kind == "best" else [kind], prices=prices)
    best = found.best
    folder = base_folder(Path.cwd() / shared.config) / "config" / "designs"
    say(f"Wrote {count(len(best.save(folder, force)), 'design')} to {folder}: {best.title}")
    show(*(f"left out  {name}: {reason}" for name, reason in found.left_out.items()))
    kept = {name: value for name, value in values.items() if not name.startswith("dynamodb_tables")}
    return {"table_prefix": prefix_for(source)} | kept | {"dynamodb_tables": best.tables}


def _existing(path: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that the file has, its source as an absolute path. Raises ConfigError."""
    from migration_tool.config import load_config
    from migration_tool.config_file import flatten, read_document

    environment = {n: os.environ[n] for n in ("MIGRATION_SOURCE_DB",) if n in os.environ}
    config = load_config(path, {"source_db": given.get("source_db")}, environment)
    return flatten(read_document(path), []) | {"source_db": config.source_db}


def _is_set(variable: str) -> bool:
    """An empty variable counts as not set, save the prefix: no prefix is a prefix."""
    return bool(os.environ.get(variable)) or (variable == "MIGRATION_TABLE_PREFIX" and variable in os.environ)
