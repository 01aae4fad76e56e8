"""What a run does at the moment of a save: the wish in force, its speed, what holds it back, its lease."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from migration_tool.rates import MaxWcu
from migration_tool.state.fields import DamagedError, Fields

Trend = Literal["rising", "falling", "steady", ""]
TRENDS: tuple[Trend, ...] = get_args(Trend)


@dataclass(frozen=True, slots=True)
class Tuning:
    """What is in force, which acknowledges a wish.

    number   of the newest wish that was taken over; 0 while there was none
    max_wcu  as text, see rates
    """

    number: int = 0
    max_wcu: str = "off"
    paused: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"number": self.number, "max_wcu": self.max_wcu, "paused": self.paused}

    @classmethod
    def from_json(cls, value: object, where: str) -> Tuning:
        f = Fields(value, where, tuple(cls.__slots__))
        return cls(f.count("number"), str(limit(f.text("max_wcu"), f.where("max_wcu"))), f.flag("paused"))


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the loading is just now, and where that is going.

    items_per_second  of the last while
    seconds_left      at that pace; None where it is not known
    trend             of items_per_second; "" while neither is known yet
    """

    items_per_second: float = 0.0
    seconds_left: float | None = None
    trend: Trend = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "items_per_second": self.items_per_second,
            "seconds_left": self.seconds_left,
            "trend": self.trend,
        }

    @classmethod
    def from_json(cls, value: object, where: str) -> Pace:
        f = Fields(value, where, tuple(cls.__slots__))
        trend = next((t for t in TRENDS if t == f.any("trend")), None)
        if trend is None:
            raise DamagedError(f.where("trend"), f"is none of {', '.join(TRENDS)}")
        return cls(f.number("items_per_second"), f.optional_number("seconds_left"), trend)


@dataclass(frozen=True, slots=True)
class Flow:
    """How the loader gets on with the target.

    allowed    requests in flight that it allows itself now
    limit_wcu  write units per second that it keeps to now; None without a limit
    reasons    throttling reason -> how often since the run began
    indexes    table or index -> how often it was the one that throttled
    note       what the loader does about it now, one sentence; "" where there is nothing to do
    """

    allowed: int = 0
    limit_wcu: float | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    indexes: Mapping[str, int] = field(default_factory=dict)
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "allowed": self.allowed,
            "limit_wcu": self.limit_wcu,
            "reasons": dict(self.reasons),
            "indexes": dict(self.indexes),
            "note": self.note,
        }

    @classmethod
    def from_json(cls, value: object, where: str) -> Flow:
        f = Fields(value, where, tuple(cls.__slots__))
        return cls(
            allowed=f.count("allowed"),
            limit_wcu=f.optional_number("limit_wcu"),
            reasons=f.counts("reasons"),
            indexes=f.counts("indexes"),
            note=f.text("note"),
        )


@dataclass(frozen=True, slots=True)
class Lease:
    """What the run has of its tables, so that no other host loads them.

    generations  design name -> generation of the lease when this run took it last; {} without one
    until        unix seconds by our clock: when it is over unless it is renewed; None: it is given back
    """

    generations: Mapping[str, int] = field(default_factory=dict)
    until: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {"generations": dict(self.generations), "until": self.until}

    @classmethod
    def from_json(cls, value: object, where: str) -> Lease:
        f = Fields(value, where, tuple(cls.__slots__))
        return cls(f.counts("generations"), f.optional_number("until"))


def limit(text: str, where: str) -> MaxWcu:
    """The limit in a saved text. Raises DamagedError."""
    try:
        return MaxWcu.parse(text)
    except ValueError as error:
        raise DamagedError(where, f"is not {error}") from error
