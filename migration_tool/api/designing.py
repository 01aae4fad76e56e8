"""Designs proposed, checked, shown, priced and exported, before anything is written; a sample database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from os import PathLike
from pathlib import Path

from migration_tool import planning, sample
from migration_tool.checking.designs import Examination, examine
from migration_tool.config import Config
from migration_tool.config_values import DEFAULT_REGION
from migration_tool.costs import NEW_TABLE_UNITS, USUAL_TRAFFIC, Traffic
from migration_tool.exporting import export as exporting
from migration_tool.exporting.export import Exported
from migration_tool.job import design_path
from migration_tool.planning import Plan
from migration_tool.prices import load_prices
from migration_tool.proposing import proposals
from migration_tool.proposing.proposals import Proposals
from migration_tool.showing.overview import Shown, overview
from migration_tool.source.sqlite import check_source


def propose(
    source_db: str | PathLike[str],
    *,
    kinds: Sequence[str] = (),
    queries: str | PathLike[str] | None = None,
    aws_region: str = DEFAULT_REGION,
    prices: str | PathLike[str] | None = None,
) -> Proposals:
    """Designs for a database that nobody has designed anything for, ranked, as `design propose` makes them.

    kinds       only these: "aggregate", "adjacency", "aggregates", "relations"
    queries     a file of SQL that the application runs: statements, or a trace with one in each line
    aws_region  whose prices are taken; `monthly` is None where they are not known
    prices      a file in the form of config/prices.yaml; None: the one that ships
    Reads the database some times and writes nothing; `save` of a proposal does. Raises SourceError,
    UsageError for another kind or queries that cannot be read, ConfigError for the prices.
    """
    path = Path(source_db)
    check_source(path)
    region = load_prices(Path(prices) if prices else None).regions.get(aws_region)
    return proposals.propose(path, kinds, Path(queries) if queries else None, region)


def check(config: Config, *, data: bool = True) -> Examination:
    """Holds the designs of the configuration against the source, as `design check` does; needs no target.

    data  makes and measures every item, too; else the schema alone is looked at
    What rows do to the designs is in the result (`ok` is False); `require_sound` raises it as `run` would.
    Raises DesignError with the faults of all designs, SourceError.
    """
    paths = [design_path(config, name) for name in config.dynamodb_tables]
    return examine(paths, config.source_db, data, config.settings.allow_code)


def show(config: Config) -> Shown:
    """What the designs of the configuration make of the first rows of the source, as `design show` shows it.

    Raises DesignError, SourceError, ConfigError for the prices.
    """
    return overview(config, ())


def export(config: Config, form: str, *, items: int | None = None) -> Exported:
    """The tables of the configuration as a file for another tool, as `design export` writes it.

    form   "cloudformation", "terraform", "cdk-json", "nosql-workbench" or "json"
    items  for nosql-workbench: at most so many real items of each entity; None: 10
    Raises UsageError for another form, DesignError; for nosql-workbench SourceError, too.
    """
    return exporting.export(form, config, (), items, datetime.now().astimezone())


def plan(
    config: Config,
    *,
    wcu: int = NEW_TABLE_UNITS,
    reads_per_second: float = USUAL_TRAFFIC.reads,
    writes_per_second: float = USUAL_TRAFFIC.writes,
    current_monthly: float | None = None,
) -> Plan:
    """What `run` would do and cost, as `plan` shows it: every row is transformed, nothing is written.

    wcu                write units a second for a load with provisioned capacity, all tables together
    reads_per_second   items that the application reads afterwards, eventually consistent
    writes_per_second  items that it writes
    current_monthly    dollars a month that the database costs now, to compare with
    Asks the target only which tables exist; `prices` is a key of the configuration. Raises UsageError for
    what is no amount, DesignError, SourceError, ConfigError for the prices.
    """
    traffic = Traffic(reads_per_second, writes_per_second)
    return planning.make_plan(config, (), planning.Wishes(wcu, traffic, current_monthly))


def write_sample(path: str | PathLike[str], *, scale: int = 1, force: bool = False) -> Path:
    """Writes a database in the Chinook schema, the same on every machine, as `sample` does.

    scale  times the rows of Chinook
    force  replaces the file if it exists
    Raises UsageError for a scale below 1 or a file that exists, SourceError if it cannot be written.
    """
    sample.write(Path(path), scale, overwrite=force)
    return Path(path)
