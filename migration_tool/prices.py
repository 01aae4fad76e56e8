"""What AWS charges, by region: a dated table in a file that can be replaced.

The file that comes along is config/prices.yaml; its comments say what each figure means and where it is from.
Amounts are US dollars. Free tier, reservations, discounts and taxes are not in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from migration_tool.documents import read_mapping
from migration_tool.errors import ConfigError

VERSION = 1
_PACKAGE = Path(__file__).parent
_SHIPPED = (_PACKAGE / "defaults" / "prices.yaml", _PACKAGE.parent / "config" / "prices.yaml")
"""The table that comes along: inside an installed package, or beside the package in a checkout."""
_TOP = ("version", "sources", "regions")
_MOST_DOLLARS = 1e9
"""Of a unit of anything: more is a slip of the pen, and could not be reckoned with."""
_T = TypeVar("_T")
TableClass: TypeAlias = Literal["standard", "infrequent_access"]


@dataclass(frozen=True)
class ClassPrices:
    """Of a table class: a million on-demand request units, a GB-month, a provisioned unit for an hour.

    Those with None need not be in the table.
    """

    write_million: float
    read_million: float
    storage_gb_month: float
    write_hour: float | None = None
    read_hour: float | None = None


@dataclass(frozen=True)
class S3Prices:
    """Of the standard storage class: a GB-month, a thousand PUT requests."""

    storage_gb_month: float
    put_thousand: float


@dataclass(frozen=True)
class RegionPrices:
    """Of one region. A GB is 2^30 bytes; what is None is not in the table.

    date           the day whose prices these are
    pitr_gb_month  a GB of point-in-time recovery for a month
    import_gb      a GB of import from S3 before compression
    """

    date: str
    standard: ClassPrices
    infrequent_access: ClassPrices | None = None
    pitr_gb_month: float | None = None
    import_gb: float | None = None
    s3: S3Prices | None = None

    @property
    def classes(self) -> dict[TableClass, ClassPrices]:
        """Those that are in the table."""
        found: dict[TableClass, ClassPrices] = {"standard": self.standard}
        if self.infrequent_access:
            found["infrequent_access"] = self.infrequent_access
        return found

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the figures that are not in the table, dots between section and key."""
        return (*_unset(self), *(f"{name}.{key}" for name, p in self.classes.items() for key in _unset(p)))


@dataclass(frozen=True)
class Prices:
    """A whole table: the file, where its figures are from, and the regions."""

    path: Path
    sources: tuple[str, ...]
    regions: Mapping[str, RegionPrices]

    def of(self, region: str) -> RegionPrices:
        """Raises ConfigError naming the file where the region is not in it."""
        if region in self.regions:
            return self.regions[region]
        raise ConfigError(
            "find the prices of a region", region,
            f"{self.path} has only {', '.join(sorted(self.regions))}",
            "Copy the file, add the region from AWS's price pages, and name the copy with --prices FILE.",
        )  # fmt: skip


def _unset(prices: RegionPrices | ClassPrices) -> Iterator[str]:
    return (field.name for field in fields(prices) if getattr(prices, field.name) is None)


def load_prices(path: Path | None) -> Prices:
    """The table in the file; None: the one that comes along. Raises ConfigError with all faults."""
    path = path or next((shipped for shipped in _SHIPPED if shipped.exists()), _SHIPPED[-1])
    reading = _Reading()
    prices = reading.prices(path, _document(path))
    if prices is None or reading.faults:
        raise ConfigError(
            "use the prices", path, f"{len(reading.faults)} fault{'s' * (len(reading.faults) > 1)}",
            "Mend the file; docs/costs.md shows its form.", reading.faults,
        )  # fmt: skip
    return prices


def _document(path: Path) -> Any:
    try:
        return read_mapping(path)
    except OSError as error:
        cause, hint = error.strerror or str(error), "Check the path and its permissions."
    except ValueError as error:
        cause, hint = str(error), "Mend the file; docs/costs.md shows its form."
    raise ConfigError("read the prices", path, cause, hint)


_SECTIONS: dict[str, type] = {
    "standard": ClassPrices, "infrequent_access": ClassPrices, "s3": S3Prices,
}  # fmt: skip


class _Reading:
    """Notes every fault with its place."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def prices(self, path: Path, document: Any) -> Prices | None:
        top = self._section("", document, _TOP)
        if top.get("version", VERSION) != VERSION:
            self.faults.append(f"version: expected {VERSION}, found {top['version']!r:.60}")
        regions = top.get("regions", {})
        if not isinstance(regions, Mapping) or not regions:
            self.faults.append("regions: expected region names with prices")
            return None
        return Prices(
            path,
            self._sources(top.get("sources", [])),
            {name: self._values(f"regions.{name}", RegionPrices, found) for name, found in regions.items()},
        )

    def _date(self, place: str, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            self.faults.append(f"{place}: expected a day like 2026-01-31, found {value!r:.60}")
        return str(value)

    def _sources(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(page, str) for page in value):
            self.faults.append(f"sources: expected a list of addresses, found {value!r:.60}")
            return ()
        return tuple(value)

    def _section(
        self, place: str, value: Any, known: tuple[str, ...], spare: Collection[str] = ()
    ) -> Mapping[str, Any]:
        """The section, if it has no other keys than the known ones, and all of these but the spare ones."""
        if not isinstance(value, Mapping):
            self.faults.append(f"{place or 'the file'}: expected keys and values, found {value!r:.60}")
            return {}
        dot = f"{place}." if place else ""
        for name in value.keys() - set(known):
            near = get_close_matches(name, known, 1)
            meant = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
            self.faults.append(f"{dot}{name}: unknown key; {meant}")
        self.faults += [f"{dot}{name}: missing" for name in known if name not in value and name not in spare]
        return value

    def _values(self, place: str, kind: type[_T], value: Any) -> _T:
        known = fields(kind)  # type: ignore[arg-type]  # a dataclass
        names = tuple(field.name for field in known)
        spare = {field.name: field.default for field in known if field.default is not MISSING}
        section = self._section(place, value, names, spare)
        found = {
            name: self._value(f"{place}.{name}", name, section[name]) for name in names if name in section
        }
        return kind(**{name: found.get(name, spare.get(name, 0.0)) for name in names})

    def _value(self, place: str, name: str, value: Any) -> Any:
        if name == "date":
            return self._date(place, value)
        kind = _SECTIONS.get(name)
        return self._values(place, kind, value) if kind else self._amount(place, value)

    def _amount(self, place: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST_DOLLARS:
            self.faults.append(f"{place}: expected dollars, found {value!r:.60}")
            return 0.0
        return float(value)
