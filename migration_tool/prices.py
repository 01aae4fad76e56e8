"""What AWS charges, by region: a dated table in a file that can be replaced.

The file that comes along is config/prices.yaml; its comments say what each figure means and where it is from.
Amounts are US dollars. Free tier, reservations, discounts and taxes are not in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar

from migration_tool.documents import read_mapping
from migration_tool.errors import ConfigError

VERSION = 1
_PACKAGE = Path(__file__).parent
_SHIPPED = (_PACKAGE / "defaults" / "prices.yaml", _PACKAGE.parent / "config" / "prices.yaml")
"""The table that comes along: inside an installed package, or beside the package in a checkout."""
_TOP = ("version", "date", "sources", "regions")
_T = TypeVar("_T")
TableClass: TypeAlias = Literal["standard", "infrequent_access"]


@dataclass(frozen=True)
class ClassPrices:
    """Of a table class: a million on-demand request units, a provisioned unit for an hour, a GB-month."""

    write_million: float
    read_million: float
    write_hour: float
    read_hour: float
    storage_gb_month: float


@dataclass(frozen=True)
class S3Prices:
    """Of the standard storage class: a GB-month, a thousand PUT requests."""

    storage_gb_month: float
    put_thousand: float


@dataclass(frozen=True)
class RegionPrices:
    """Of one region. `import_gb`: a GB of import from S3 before compression; a GB is 2^30 bytes."""

    standard: ClassPrices
    infrequent_access: ClassPrices
    import_gb: float
    streams_read_million: float
    s3: S3Prices

    @property
    def classes(self) -> dict[TableClass, ClassPrices]:
        return {"standard": self.standard, "infrequent_access": self.infrequent_access}


@dataclass(frozen=True)
class Prices:
    """A whole table: the file, the date of its figures, the pages they are from, and the regions."""

    path: Path
    date: str
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


def load_prices(path: Path | None) -> Prices:
    """The table in the file; None: the one that comes along. Raises ConfigError with all faults."""
    path = path or next((shipped for shipped in _SHIPPED if shipped.exists()), _SHIPPED[-1])
    reading = _Reading()
    prices = reading.prices(path, _document(path))
    if prices is None or reading.faults:
        raise ConfigError(
            "use the prices", path, f"{len(reading.faults)} faults",
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
            self._date(top.get("date", "")),
            tuple(map(str, top.get("sources", ()))),
            {name: self._values(f"regions.{name}", RegionPrices, found) for name, found in regions.items()},
        )

    def _date(self, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            self.faults.append(f"date: expected a day like 2026-01-31, found {value!r:.60}")
        return str(value)

    def _section(self, place: str, value: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
        """The section with all of the known keys and no other ones."""
        if not isinstance(value, Mapping):
            self.faults.append(f"{place or 'the file'}: expected keys and values, found {value!r:.60}")
            return {}
        dot = f"{place}." if place else ""
        for name in value.keys() - set(known):
            near = get_close_matches(name, known, 1)
            meant = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
            self.faults.append(f"{dot}{name}: unknown key; {meant}")
        self.faults += [f"{dot}{name}: missing" for name in known if name not in value]
        return value

    def _values(self, place: str, kind: type[_T], value: Any) -> _T:
        names = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]  # a dataclass
        section = self._section(place, value, names)
        found = {
            name: self._value(f"{place}.{name}", name, section[name]) for name in names if name in section
        }
        return kind(**{name: found.get(name, 0.0) for name in names})

    def _value(self, place: str, name: str, value: Any) -> Any:
        if name in ("standard", "infrequent_access"):
            return self._values(place, ClassPrices, value)
        return self._values(place, S3Prices, value) if name == "s3" else self._amount(place, value)

    def _amount(self, place: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            self.faults.append(f"{place}: expected dollars, found {value!r:.60}")
            return 0.0
        return float(value)
