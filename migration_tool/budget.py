"""How many rows may be rejected before a run stops: the value of `max_rejects`.

12      so many rows
1%      so many of a hundred rows of the run, rounded down; 0.05% is fine, too
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

MOST_ROWS = 10**9
SENTENCE = f'a number of rows from 0 to {MOST_ROWS:,}, or a share of all rows like "1%"'
_ROWS = re.compile(r"[0-9]{1,10}")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?)%")


@dataclass(frozen=True)
class Budget:
    """A number of rows or a percentage, whichever is not None."""

    rows: int | None = 0
    percent: Decimal | None = None

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Raises ValueError with what it must be."""
        if (found := _PERCENT.fullmatch(text)) and Decimal(found[1]) <= 100:
            return cls(None, Decimal(found[1]))
        if not _ROWS.fullmatch(text) or int(text) > MOST_ROWS:
            raise ValueError(SENTENCE)
        return cls(int(text))

    def of(self, total: int) -> int:
        """The rows that may be rejected in a run of `total` rows."""
        return (self.rows or 0) if self.percent is None else int(total * self.percent / 100)

    def told(self, total: int) -> str:
        """The same for people: "12", "1% of 3,503 rows: 35"."""
        rows = f"{self.of(total):,}"
        return rows if self.percent is None else f"{self} of {total:,} rows: {rows}"

    def __str__(self) -> str:
        """The text that `parse` reads."""
        return str(self.rows) if self.percent is None else f"{self.percent:f}%"


NO_REJECTS = Budget()
