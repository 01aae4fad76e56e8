"""What a migration would do, and cost, without doing it: every row is transformed, nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from migration_tool import costs, embedded
from migration_tool.checking.figures import TableFigures, figures_json
from migration_tool.checking.fitting import require_fit
from migration_tool.checking.survey import survey
from migration_tool.config import Config
from migration_tool.costs import Month, Recommendation, Traffic, Volume, Way
from migration_tool.design.definition import beyond_import
from migration_tool.design.model import Design
from migration_tool.errors import ConfigError, MigrationError, UsageError
from migration_tool.job import EMBEDDED, Bound, bind, open_target, selected
from migration_tool.prices import Prices, RegionPrices, load_prices
from migration_tool.source.sqlite import SqliteSource, check_source
from migration_tool.target import table
from migration_tool.verify.report import many

_MOST = 1e9


@dataclass(frozen=True)
class Wishes:
    """What the costs are asked for.

    wcu      write units a second to provision for the load
    traffic  of the application afterwards
    current  dollars a month that are paid now, if known
    Raises UsageError for what is no amount.
    """

    wcu: int
    traffic: Traffic
    current: float | None

    def __post_init__(self) -> None:
        amounts = {"reads": self.traffic.reads, "writes": self.traffic.writes, "current": self.current or 0}
        faults = [
            f"{name}: {amount:g} is not a number from 0 to {_MOST:,.0f}"
            for name, amount in amounts.items()
            if not 0 <= amount <= _MOST
        ]
        faults += [f"wcu: {self.wcu:,} is less than 1"] if self.wcu < 1 else []
        if faults:
            hint = "Give amounts that can be."
            raise UsageError("reckon the costs", "the wishes", many(len(faults), "fault"), hint, faults)


@dataclass(frozen=True)
class PlannedTable:
    """`exists`: None where the target could not be asked, and `note` says why."""

    figures: TableFigures
    design: Design
    table: str
    exists: bool | None
    note: str

    @property
    def obstacle(self) -> str:
        """Why the table cannot be made by an import, or ""."""
        if self.exists:
            return f"nothing can be imported into a table that exists ({self.table})"
        beyond = beyond_import(self.table, self.design)
        return f"an import cannot make {', '.join(beyond)} ({self.table})" if beyond else ""

    @property
    def volume(self) -> Volume:
        """What costs are reckoned from."""
        spreads = (self.figures.table, *self.figures.indexes)
        settings = self.design.settings
        local = {index.name for index in self.design.indexes if index.local}
        kept = [spread for spread in spreads if not spread.name or spread.name in local]
        return Volume(
            items=self.figures.items,
            bytes=self.figures.table.bytes,
            copies=sum(spread.items for spread in spreads),
            stored=sum(spread.bytes for spread in spreads),
            write_units=self.figures.write_units,
            busiest=max(spread.write_units for spread in spreads),
            hottest=max((key.write_units for spread in spreads for key in spread.hottest), default=0),
            json_bytes=self.figures.json_bytes,
            recoverable=sum(s.bytes + s.items * costs.ITEM_OVERHEAD_BYTES for s in kept)
            if settings.point_in_time_recovery
            else 0,
            objects=sum(entity.objects for entity in self.figures.entities),
            object_bytes=sum(entity.object_bytes for entity in self.figures.entities),
            table_class="infrequent_access" if settings.table_class == "infrequent_access" else "standard",
        )

    def to_json(self) -> dict[str, Any]:
        found = figures_json(self.figures)
        return {
            "name": found.pop("name"), "table": self.table, "exists": self.exists, "note": self.note, **found,
        }  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """The whole of it.

    priced    the day whose prices the region has; "" where it has none: `months` is empty then
    unpriced  why dollars are missing; else empty
    """

    source: str
    region: str
    prices: Prices
    priced: str
    unpriced: str
    tables: tuple[PlannedTable, ...]
    wishes: Wishes
    ways: tuple[Way, ...]
    recommended: Recommendation
    months: tuple[Month, ...]

    @property
    def items(self) -> int:
        return sum(planned.figures.items for planned in self.tables)

    @property
    def write_units(self) -> int:
        return sum(planned.figures.write_units for planned in self.tables)

    @property
    def refused(self) -> int:
        """Rows that would be rejected, and collisions that would stop the run before its first write."""
        return sum(planned.figures.refused + planned.figures.collisions.count for planned in self.tables)

    def to_json(self) -> dict[str, Any]:
        totals = {"items": self.items, "write_units": self.write_units, "refused": self.refused}
        estimate = asdict(self.ways[0])
        del estimate["name"]
        return {
            "source": self.source,
            **totals,
            "estimate": estimate,
            "prices": {"file": str(self.prices.path), "date": self.priced, "region": self.region,
                       "missing": self.unpriced},
            "loading": {"ways": [asdict(way) for way in self.ways], "recommended": asdict(self.recommended)},
            "monthly": {
                "reads_per_second": self.wishes.traffic.reads,
                "writes_per_second": self.wishes.traffic.writes,
                "current": self.wishes.current,
                "costs": [asdict(month) | {"total": month.total} for month in self.months],
            },
            "tables": [planned.to_json() for planned in self.tables],
        }  # fmt: skip


def make_plan(config: Config, names: Sequence[str], wishes: Wishes) -> Plan:
    """Reads the whole source; asks the target only which tables exist. Raises MigrationError."""
    chosen = selected(config, names)
    prices = load_prices(config.prices)
    region, unpriced = _priced(prices, config)
    check_source(config.source_db)
    require_fit(config, chosen, config.source_db)
    with SqliteSource(config.source_db) as source:
        tables = tuple(_table(config, source, bound) for bound in bind(config, chosen, source.schema))
    volumes = [planned.volume for planned in tables]
    found = costs.ways(volumes, region, wishes.wcu)
    return Plan(
        source=str(config.source_db),
        region=config.aws_region,
        prices=prices,
        priced=region.date if region else "",
        unpriced=unpriced,
        tables=tables,
        wishes=wishes,
        ways=found,
        recommended=costs.recommended(found, [planned.obstacle for planned in tables if planned.obstacle]),
        months=costs.months(volumes, region, wishes.traffic) if region else (),
    )


def _priced(prices: Prices, config: Config) -> tuple[RegionPrices | None, str]:
    """A region without prices costs the plan only its dollars; the second says which are missing."""
    try:
        found = prices.of(config.aws_region)
    except ConfigError as error:
        return None, f"{error.cause}. {error.hint}"
    if not found.missing:
        return found, ""
    return found, f"{config.aws_region} has no {', '.join(found.missing)}: add them in a copy: --prices FILE"


def _table(config: Config, source: SqliteSource, bound: Bound) -> PlannedTable:
    exists, note = _exists(config, bound.table_name)
    return PlannedTable(survey(source, bound.compiled), bound.compiled.design, bound.table_name, exists, note)


def _exists(config: Config, name: str) -> tuple[bool | None, str]:
    if config.endpoint == EMBEDDED and embedded.find(config.state_dir) is None:
        return False, ""
    try:
        return table.describe(open_target(config, start=False).target, name) is not None, ""
    except MigrationError as error:
        return None, error.cause
