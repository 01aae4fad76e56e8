"""What a measure gives: the figures of product and peer, their ratio over the rounds, and what it must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True)
class Must:
    """A bound that the ratio, or the product's own figure, has to keep. Exactly one of the two is set."""

    of: Literal["ratio", "product"]
    least: float | None = None
    most: float | None = None

    def holds(self, value: float) -> bool:
        return value >= self.least if self.least is not None else value <= (self.most or 0.0)

    def __str__(self) -> str:
        sign, bound = (">=", self.least) if self.least is not None else ("<=", self.most)
        return f"{self.of} {sign} {bound:g}"


@dataclass(frozen=True)
class Result:
    """One line of the table and one object of the JSON file.

    product, peer  medians over the rounds, in `unit`; no peer: None
    ratio          median of the rounds' ratios
    spread         least and greatest ratio of a round; without a ratio, of the product's figure
    must           None: for information
    details        further figures of the same rounds, by name
    """

    name: str
    unit: str
    product: float
    spread: tuple[float, float]
    peer_name: str = ""
    peer: float | None = None
    ratio: float | None = None
    must: Must | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool | None:
        """Whether it reaches what it must; None where nothing is asked."""
        if self.must is None:
            return None
        value = self.ratio if self.must.of == "ratio" else self.product
        return value is not None and self.must.holds(value)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "product": self.product,
            "peer_name": self.peer_name,
            "peer": self.peer,
            "ratio": self.ratio,
            "spread": list(self.spread),
            "required": str(self.must) if self.must else None,
            "holds": self.holds,
            "details": dict(self.details),
        }


def compared(
    name: str,
    unit: str,
    pairs: Sequence[tuple[float, float]],
    peer_name: str,
    must: Must | None = None,
    **details: Any,
) -> Result:
    """From one (product, peer) per round; the ratio is product / peer."""
    ratios = [product / peer for product, peer in pairs]
    return Result(
        name, unit, median(p for p, _ in pairs), (min(ratios), max(ratios)), peer_name,
        median(p for _, p in pairs), median(ratios), must, details,
    )  # fmt: skip


def alone(name: str, unit: str, values: Sequence[float], must: Must | None = None, **details: Any) -> Result:
    """From one figure of the product per round."""
    return Result(name, unit, median(values), (min(values), max(values)), must=must, details=details)


_COLUMNS: tuple[tuple[str, Callable[[Mapping[str, Any]], str]], ...] = (
    ("measure", lambda r: str(r["name"])),
    ("product", lambda r: number(r["product"])),
    ("peer", lambda r: number(r["peer"])),
    ("unit", lambda r: str(r["unit"])),
    ("ratio", lambda r: number(r["ratio"])),
    ("spread", lambda r: f"{number(r['spread'][0])} .. {number(r['spread'][1])}"),
    ("must", lambda r: r["required"] or ""),
    ("holds", lambda r: {True: "yes", False: "NO", None: ""}[r["holds"]]),
    ("against", lambda r: str(r["peer_name"])),
)
_LEFT = ("measure", "unit", "must", "holds", "against")


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """The results, as in the JSON file, as aligned text."""
    names = [name for name, _ in _COLUMNS]
    rows = [names, *([show(result) for _, show in _COLUMNS] for result in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.ljust(width) if name in _LEFT else cell.rjust(width)
            for cell, width, name in zip(row, widths, names, strict=True)
        ).rstrip()
        for row in rows
    )
    return "\n".join(lines)


def number(value: float | None) -> str:
    """Three digits at least, no more than are of use."""
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
