"""`--sample` and what belongs to it: options that a command gets as one claim, or None."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from migration_tool.cli.fitting import require_fitting

if TYPE_CHECKING:
    from migration_tool.verify.claim import Claim

CONFIDENCE, AT_MOST = "99%", "0.1%"
_SEEDS = 2**32
_FITTING = frozenset({
    "tables", "as_json", "report", "all_parameters", "sample_parameters", "items_only",
    "sample", "confidence", "at_most", "seed",
})  # fmt: skip


class Share(click.ParamType[float]):
    """A percentage, "0.1%" or "0.1", as the share 0.001; above 0 and below 1."""

    name = "percentage"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            share = float(Decimal(value.removesuffix("%").strip()) / 100)
        except InvalidOperation:
            share = 0.0
        if not 0 < share < 1:
            self.fail(f"{value!r} is no percentage between 0% and 100%", param, ctx)
        return share


def claimed(function: Callable[..., None]) -> Callable[..., None]:
    """Gives the options to a command; its argument `claim` is None without --sample."""

    @click.option(
        "--sample", is_flag=True, help="Compare a random sample of the items; shows a claim, not equality."
    )
    @click.option(
        "--confidence",
        type=Share(),
        metavar="P%",
        help=f"With --sample: how sure the claim is to be.  [default: {CONFIDENCE}]",
    )
    @click.option(
        "--at-most",
        type=Share(),
        metavar="P%",
        help=f"With --sample: the share of the items that may be wrong.  [default: {AT_MOST}]",
    )
    @click.option(
        "--seed", type=click.IntRange(min=0), metavar="N",
        help="With --sample: draw the rows that were drawn with this seed.  [default: any]",
    )  # fmt: skip
    @wraps(function)
    def with_claim(
        *arguments: Any, sample: bool, confidence: float | None, at_most: float | None, seed: int | None,
        **options: Any,
    ) -> None:  # fmt: skip
        if sample:
            require_fitting(
                "leave --sample out", _FITTING, "a sample reads rows at random, and their items by key"
            )
        else:
            _require_none({"--confidence": confidence, "--at-most": at_most, "--seed": seed})
        claim = _claim(confidence, at_most, seed) if sample else None
        function(*arguments, claim=claim, **options)

    return with_claim


def _claim(confidence: float | None, at_most: float | None, seed: int | None) -> Claim:
    from migration_tool.verify.claim import Claim

    return Claim(
        confidence or Share()(CONFIDENCE),
        at_most or Share()(AT_MOST),
        secrets.randbelow(_SEEDS) if seed is None else seed,
    )


def _require_none(options: Mapping[str, object]) -> None:
    from migration_tool.errors import UsageError

    if given := [name for name, value in options.items() if value is not None]:
        raise UsageError("compare the items", ", ".join(given), "it is about a sample", "Add --sample.")
