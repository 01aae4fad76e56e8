"""What expressions can do: operators and functions, with SQL's NULL and exact decimal numbers.

A value is a text, a whole number, a real as SQLite has it, a decimal number that was computed, a truth value,
a blob, or None for NULL. Nothing is converted in silence: where a number is needed a text rejects its row,
but number() says otherwise. Only what makes text takes numbers too, as templates do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
    Overflow,
    Subnormal,
)
from typing import Any, Literal, TypeAlias

from migration_tool.attributes import boolean, iso_date, key_text
from migration_tool.design.functions import FUNCTIONS
from migration_tool.errors import RowRejected
from migration_tool.limits import MAX_ITEM_BYTES
from migration_tool.numbers import LARGEST_EXPONENT, MAX_DIGITS, SMALLEST_EXPONENT, number_text

Kind: TypeAlias = Literal["any", "number", "text", "truth", "moment"]
"""What an operation takes or gives. "text" is also made of numbers; a "moment" is a column or a text: what a
date means depends on the storage class, which a computed number has lost."""

_ROUNDED = Context(
    prec=MAX_DIGITS,
    Emax=LARGEST_EXPONENT,
    Emin=SMALLEST_EXPONENT,
    traps=[InvalidOperation, Overflow, Subnormal],
)
"""DynamoDB's numbers and no others: a result out of their range is an error."""
_EXACT = _ROUNDED.copy()
_EXACT.traps[Inexact] = True
"""So is one with more digits."""
_WIDE = Context(prec=2 * (LARGEST_EXPONENT - SMALLEST_EXPONENT))
"""For rounding, which only takes digits away."""


@dataclass(frozen=True)
class Operation:
    """An operator or a function.

    takes     kinds of the arguments
    gives     kind of the value
    run       the function; None: `expression.code` writes it out, since it need not look at all of them
    optional  how many of the last arguments may be left out
    repeats   the last argument may come any number of times
    nulls     the function looks at NULL itself; with any other, NULL gives NULL
    """

    takes: tuple[Kind, ...]
    gives: Kind
    run: Callable[..., Any] | None
    optional: int = 0
    repeats: bool = False
    nulls: bool = False

    def taken(self, place: int) -> Kind:
        """The kind of the argument at that place."""
        return self.takes[min(place, len(self.takes) - 1)]


def decimal(value: Any) -> Decimal:
    """A number with all its digits; a real is the shortest decimal that gives it. Raises RowRejected."""
    if type(value) is int:
        return Decimal(value)
    if type(value) is float:
        return Decimal(number_text(repr(value)))
    if type(value) is Decimal:
        return value
    raise RowRejected("not_a_number", f"{value!r:.60} is not a number; number() makes one of text")


def _number(value: Decimal) -> int | Decimal:
    """A whole number as one, so that it can be padded in a key."""
    return int(value) if value == value.to_integral_value() else value


def _arithmetic(name: str, context: Context) -> Callable[[Any, Any], Any]:
    """A method of decimal numbers. Division by zero is NULL, as in SQLite. Raises RowRejected."""
    method = getattr(context, name)

    def run(left: Any, right: Any) -> int | Decimal | None:
        one, other = decimal(left), decimal(right)
        if not other and name in ("divide", "remainder"):
            return None
        try:
            return _number(method(one, other))
        except (Overflow, Subnormal):
            reason = f"{name} {one!s:.40} and {other!s:.40}: outside 1E-130 … 9.99E+125"
            raise RowRejected("number_out_of_range", reason) from None
        except (Inexact, InvalidOperation):
            reason = f"{name} {one!s:.40} and {other!s:.40}: DynamoDB keeps 38 digits"
            raise RowRejected("number_too_precise", reason) from None

    return run


def _rounding(rounding: str) -> Callable[..., Any]:
    def run(value: Any, places: Any = 0) -> Any:
        number = decimal(value)
        if type(places) is not int or abs(places) > LARGEST_EXPONENT:
            raise RowRejected("not_an_integer", f"{places!r:.60} is no number of places to round to")
        if -int(number.as_tuple().exponent) <= places:
            return _number(number)
        step = Decimal(1).scaleb(-places, _WIDE)
        return _plus(number.quantize(step, rounding, _WIDE), 0)

    return run


_NUMBERS = (int, float, Decimal)


def comparable(left: Any, right: Any) -> tuple[Any, Any]:
    """Both as Python compares them: numbers by their value, texts by their bytes. Raises RowRejected."""
    if type(left) in _NUMBERS and type(right) in _NUMBERS:
        return decimal(left), decimal(right)
    if type(left) is type(right) and type(left) in (str, bytes, bool):
        return left, right
    reason = f"{left!r:.40} and {right!r:.40} are no two numbers and no two texts; see number() and text()"
    raise RowRejected("not_comparable", reason)


def _comparison(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: test(*comparable(left, right))


def truth(value: Any) -> bool | None:
    """What a condition says; a column may hold it as `as: boolean` takes it. Raises RowRejected."""
    return value if value is None or type(value) is bool else boolean(value)


def both(left: bool | None, right: Any) -> bool | None:
    """SQL's AND of a condition that is not false, and another."""
    other = truth(right)
    return False if other is False else None if left is None or other is None else True


def either(left: bool | None, right: Any) -> bool | None:
    """SQL's OR of a condition that is not true, and another."""
    other = truth(right)
    return True if other else None if left is None or other is None else False


def negation(value: Any) -> bool:
    return not truth(value)


def among(value: Any, *wanted: Any) -> bool | None:
    """SQL's IN: NULL where only a NULL could be the value."""
    if value is None:
        return None
    if any(one == other for one, other in (comparable(value, w) for w in wanted if w is not None)):
        return True
    return None if None in wanted else False


def between(value: Any, least: Any, most: Any) -> bool | None:
    low = _strict(OPERATORS["at_least"].run)(value, least)
    high = _strict(OPERATORS["at_most"].run)(value, most)
    return False if low is False else both(low, high)


def _bounded(length: int) -> None:
    """Raises RowRejected for a text that no item could hold, before it is made."""
    if length > MAX_ITEM_BYTES:
        raise RowRejected("item_too_large", f"an expression makes a text of {length:,} characters")


def concat(*values: Any) -> str:
    """All of them together; NULL is nothing."""
    texts = [key_text(value) for value in values if value is not None]
    _bounded(sum(map(len, texts)))
    return "".join(texts)


def replace(value: Any, old: Any, new: Any) -> str:
    text, out, into = key_text(value), key_text(old), key_text(new)
    if not out:
        return text
    _bounded(len(text) + text.count(out) * (len(into) - len(out)))
    return text.replace(out, into)


def substr(value: Any, start: Any, length: Any = None) -> str:
    """SQL's: characters are counted from 1, or from -1 backwards."""
    text = key_text(value)
    if type(start) is not int or type(length) not in (int, type(None)):
        raise RowRejected(
            "not_an_integer", f"substr() at {start!r:.40}, {length!r:.40}: whole numbers needed"
        )
    first = start - 1 if start >= 0 else len(text) + start
    last = len(text) if length is None else first + max(length, 0)
    return text[max(first, 0) : max(last, 0)]


def nullif(value: Any, unwanted: Any) -> Any:
    """NULL in place of an unwanted value."""
    if value is None or unwanted is None:
        return value
    one, other = comparable(value, unwanted)
    return None if one == other else value


def number(value: Any) -> int | Decimal:
    """A number, or text that holds one."""
    if type(value) in _NUMBERS:
        return _number(decimal(value))
    return _number(Decimal(number_text(key_text(value))))


def _strict(run: Callable[..., Any] | None) -> Callable[..., Any]:
    """NULL where an argument is NULL."""

    def strict(*arguments: Any) -> Any:
        return None if run is None or any(a is None for a in arguments) else run(*arguments)

    return strict


def _of_templates(name: str) -> Kind:
    return "moment" if name in ("year", "month", "day") else "text"


_plus = _arithmetic("add", _EXACT)
_TWO_NUMBERS: tuple[Kind, ...] = ("number", "number")
_TWO: tuple[Kind, ...] = ("any", "any")

OPERATORS: Mapping[str, Operation] = {
    "add": Operation(_TWO_NUMBERS, "number", _plus),
    "subtract": Operation(_TWO_NUMBERS, "number", _arithmetic("subtract", _EXACT)),
    "multiply": Operation(_TWO_NUMBERS, "number", _arithmetic("multiply", _EXACT)),
    "divide": Operation(_TWO_NUMBERS, "number", _arithmetic("divide", _ROUNDED)),
    "remainder": Operation(_TWO_NUMBERS, "number", _arithmetic("remainder", _EXACT)),
    "negative": Operation(("number",), "number", lambda value: _number(decimal(value).copy_negate())),
    "join": Operation(("text", "text"), "text", concat),
    "equal": Operation(_TWO, "truth", _comparison(lambda one, other: bool(one == other))),
    "unequal": Operation(_TWO, "truth", _comparison(lambda one, other: bool(one != other))),
    "less": Operation(_TWO, "truth", _comparison(lambda one, other: bool(one < other))),
    "at_most": Operation(_TWO, "truth", _comparison(lambda one, other: bool(one <= other))),
    "greater": Operation(_TWO, "truth", _comparison(lambda one, other: bool(one > other))),
    "at_least": Operation(_TWO, "truth", _comparison(lambda one, other: bool(one >= other))),
    "negation": Operation(("truth",), "truth", negation),
    "is_null": Operation(("any",), "truth", lambda value: value is None, nulls=True),
    "among": Operation(_TWO, "truth", among, repeats=True, nulls=True),
    "between": Operation((*_TWO, "any"), "truth", between, nulls=True),
    "and": Operation(("truth",), "truth", None, repeats=True),
    "or": Operation(("truth",), "truth", None, repeats=True),
    "case": Operation(("any",), "any", None, repeats=True),
}

CALLS: Mapping[str, Operation] = {
    "abs": Operation(("number",), "number", lambda value: _number(decimal(value).copy_abs())),
    "round": Operation(_TWO_NUMBERS, "number", _rounding(ROUND_HALF_UP), optional=1),
    "floor": Operation(("number",), "number", _rounding(ROUND_FLOOR)),
    "ceil": Operation(("number",), "number", _rounding(ROUND_CEILING)),
    "number": Operation(("any",), "number", number),
    "text": Operation(("text",), "text", key_text),
    "boolean": Operation(("any",), "truth", truth),
    "date": Operation(("moment",), "text", iso_date),
    **{name: Operation((_of_templates(name),), "text", run) for name, run in FUNCTIONS.items()},
    "length": Operation(("text",), "number", lambda value: len(key_text(value))),
    "substr": Operation(("text", "number", "number"), "text", substr, optional=1),
    "replace": Operation(("text", "text", "text"), "text", replace),
    "instr": Operation(
        ("text", "text"), "number", lambda text, part: key_text(text).find(key_text(part)) + 1
    ),
    "concat": Operation(("text",), "text", concat, repeats=True, nulls=True),
    "coalesce": Operation(("any",), "any", None, repeats=True),
    "nullif": Operation(_TWO, "any", nullif, nulls=True),
    "if": Operation(("truth", "any", "any"), "any", None, optional=1),
}

OPERATIONS: Mapping[str, Operation] = {**OPERATORS, **CALLS}


def namespace() -> dict[str, Any]:
    """What generated source calls, by `name_of`."""
    functions = {
        name_of(name): operation.run if operation.nulls else _strict(operation.run)
        for name, operation in OPERATIONS.items()
        if operation.run
    }
    return {**functions, "sql_both": both, "sql_either": either, "sql_truth": truth, "Decimal": Decimal}


def name_of(operation: str) -> str:
    return f"sql_{operation}"
