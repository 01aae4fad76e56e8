"""How many items it takes to say something of all of them, and what can be said.

The bounds are the exact binomial ones (Clopper and Pearson, Biometrika 26, 1934). The samples are drawn from
each entity in proportion and never the same row twice, which finds what is wrong at least as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, lgamma, log, log1p

from migration_tool.errors import UsageError

_HALVINGS = 60


@dataclass(frozen=True)
class Claim:
    """ "With this confidence at most this share of the items is wrong"; both above 0 and below 1.

    seed  of the sample that is to show it
    Raises UsageError for what is no such share.
    """

    confidence: float = 0.99
    at_most: float = 0.001
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0 < self.confidence < 1 and 0 < self.at_most < 1):
            claimed = f"confidence={self.confidence:g}, at_most={self.at_most:g}"
            hint = "Give shares above 0 and below 1, as 0.99 and 0.001."
            raise UsageError("compare a sample", claimed, "these are no shares", hint)

    @property
    def size(self) -> int:
        """The least number of items that show it if none of them is wrong."""
        return ceil(round(log1p(-self.confidence) / log1p(-self.at_most), 9))

    def shares(self, rows: Sequence[int]) -> list[int]:
        """How many rows to draw of entities with so many: in proportion, rounded up, so of each at least one.

        That keeps the bound: if a share p of all rows is wrong, p_h of entity h, which is a part w_h of all,
        the chance to draw none of them is at most the product of (1 - p_h) ** (size * w_h). And that is at
        most (1 - p) ** size, because the logarithm is concave.
        """
        total = sum(rows)
        return [min(count, -(-self.size * count // total)) if count else 0 for count in rows]


def upper_bound(wrong: int, looked_at: int, confidence: float) -> float:
    """The share of wrong ones that is not exceeded, with this confidence, where `wrong` of a sample were."""
    if wrong >= looked_at:
        return 1.0
    low, high = wrong / looked_at, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if chance_of_at_most(wrong, looked_at, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def chance_of_at_most(wrong: int, looked_at: int, share: float) -> float:
    """The probability of no more than `wrong` among `looked_at`, where that share (above 0, below 1) is."""
    return sum(
        exp(
            lgamma(looked_at + 1) - lgamma(k + 1) - lgamma(looked_at - k + 1)
            + k * log(share) + (looked_at - k) * log1p(-share)
        )
        for k in range(wrong + 1)
    )  # fmt: skip


def chance_to_meet(lost: int, drawn: int, rows: int) -> float:
    """The probability, or less, that `drawn` of so many rows have at least one of the `lost` among them."""
    return 1 - (1 - drawn / rows) ** lost if rows else 1.0


def rows_to_meet(lost: int, rows: int, confidence: float) -> int:
    """How many to draw so that `chance_to_meet` is no less than that."""
    missed: float = (1 - confidence) ** (1 / lost)
    return ceil(rows * (1 - missed))
