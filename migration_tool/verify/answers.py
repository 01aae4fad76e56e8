"""Is this item attribute that SQL value? And is this answer those rows?

Values are compared by storage class, as the design's items hold them: NULL is an absent attribute, a
number is equal when all its digits are, an embedded list is compared with JSON text.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from migration_tool.attributes import CONVERTERS, canonical_item, canonical_number, number_text, plain
from migration_tool.design.model import ENTITY_TYPE, Attribute, Design
from migration_tool.errors import RowRejected
from migration_tool.model import AttributeValue, Row, Scalar, WireItem
from migration_tool.verify.json_form import json_text
from migration_tool.verify.report import Failure

SHOWN_ROWS = 10
_ROWS_BEFORE = 2
_LONGEST_SHOWN = 80
_JSON_DIGITS = 15
ORDER_ONLY = "-"
"""SQL columns whose name starts so are there to order by and are compared with nothing."""


class Answers:
    """Compares answers of one pattern.

    columns  those of its SQL
    ordered  whether what is asked has a sort key; else the items may come in any order
    """

    def __init__(self, design: Design, columns: Sequence[str], ordered: bool = True) -> None:
        self._ordered = ordered
        self._columns = [(n, name) for n, name in enumerate(columns) if not name.startswith(ORDER_ONLY)]
        self._converters = _converters(design)

    def failure(
        self, arguments: Mapping[str, Scalar], rows: Sequence[Row], items: Sequence[WireItem]
    ) -> Failure | None:
        """What is wrong with the items that answered, or None when they are the rows."""
        items = items if self._ordered else self._paired(rows, items)
        wrong = next(
            (n for n, (row, item) in enumerate(zip(rows, items, strict=False)) if not self._same(row, item)),
            min(len(rows), len(items)),
        )
        if wrong == len(rows) == len(items):
            return None
        first = max(0, wrong - _ROWS_BEFORE)
        return Failure(
            arguments=dict(arguments),
            reason=self._reason(wrong, rows, items),
            expected_count=len(rows),
            actual_count=len(items),
            first_row=first,
            expected=tuple(self._shown_row(row, items) for row in rows[first : first + SHOWN_ROWS]),
            actual=tuple(self._shown_item(item) for item in items[first : first + SHOWN_ROWS]),
        )

    def _same(self, row: Row, item: WireItem) -> bool:
        return all(self._equal(row[n], name, item) for n, name in self._columns)

    def _paired(self, rows: Sequence[Row], items: Sequence[WireItem]) -> list[WireItem]:
        """The items in the order of the rows that they are; what is left of them in the gaps, then behind.

        Once both are sorted by how they read, the item of a row is nearly always the first that is left. As
        soon as more rows are without an item than must be, the answer is wrong, and the rest stays unpaired.
        """
        left, lacking = sorted(items, key=self._reading), max(0, len(rows) - len(items))
        found: dict[int, WireItem] = {}
        for tried, n in enumerate(sorted(range(len(rows)), key=lambda n: self._row_reading(rows[n]))):
            place = next((place for place, item in enumerate(left) if self._same(rows[n], item)), None)
            if place is not None:
                found[n] = left.pop(place)
            elif tried - len(found) >= lacking:
                break
        others = iter(left)
        paired = [found[n] if n in found else next(others, None) for n in range(len(rows))]
        return [item for item in (*paired, *others) if item is not None]

    def _reading(self, item: WireItem) -> list[str]:
        return [json_text(_plain(item.get(name)), indent=False) for _, name in self._columns]

    def _row_reading(self, row: Row) -> list[str]:
        return [json_text(_exact(row[n]), indent=False) for n, _ in self._columns]

    def lacks_only(self, rows: Sequence[Row], items: Sequence[WireItem], allowed: int) -> bool:
        """Whether the items are the rows, in their order, less at most `allowed` of them."""
        if not 0 < len(rows) - len(items) <= allowed:
            return False
        items = items if self._ordered else self._paired(rows, items)
        left = iter(rows)
        return all(any(self._same(row, item) for row in left) for item in items)

    def _equal(self, expected: Scalar, name: str, item: WireItem) -> bool:
        actual = item.get(name)
        if expected is None or actual is None:
            return expected is None and actual is None
        return same_value(expected, actual) or self._same_converted(expected, name, item, actual)

    def _same_converted(self, expected: Scalar, name: str, item: WireItem, actual: AttributeValue) -> bool:
        """The design may declare another type for the attribute; then SQL's value takes it too.

        An index may not project which entity the item is of: then it is one of those that have the attribute.
        """
        converters = self._converters.get(name, {})
        entity = item.get(ENTITY_TYPE)
        possible = converters.values() if entity is None else [converters.get(str(entity.get("S")))]
        return any(convert and _gives(convert, expected, actual) for convert in possible)

    def _reason(self, wrong: int, rows: Sequence[Row], items: Sequence[WireItem]) -> str:
        if len(rows) != len(items):
            return f"the SQL gives {_many(len(rows), 'row')}, the table {_many(len(items), 'item')}"
        if self._in_another_order(rows, items):
            return f"the items are the right ones in another order, from row {wrong + 1} on"
        n, name = next(
            (n, name) for n, name in self._columns if not self._equal(rows[wrong][n], name, items[wrong])
        )
        found = _plain(items[wrong].get(name))
        return f"row {wrong + 1}: {name} is {_shown(found)}, the SQL gives {_shown(_exact(rows[wrong][n]))}"

    def _in_another_order(self, rows: Sequence[Row], items: Sequence[WireItem]) -> bool:
        expected = sorted(json_text([_exact(row[n]) for n, _ in self._columns]) for row in rows)
        actual = sorted(json_text([_plain(item.get(name)) for _, name in self._columns]) for item in items)
        return expected == actual

    def _shown_row(self, row: Row, items: Sequence[WireItem]) -> dict[str, Any]:
        """The row as an item would show it: without NULLs, lists in place of their JSON text."""
        values = {name: _exact(row[n]) for n, name in self._columns if row[n] is not None}
        shown = (pair for item in items[:SHOWN_ROWS] for pair in item.items())
        nested = {name for name, value in shown if value.keys() & {"L", "M"}}
        texts = {name: values[name] for name in nested if isinstance(values.get(name), str)}
        return values | {name: _parsed(text) for name, text in texts.items()}

    def _shown_item(self, item: WireItem) -> dict[str, Any]:
        return {name: _plain(item[name]) for _, name in self._columns if name in item}


def same_value(expected: Scalar, actual: AttributeValue) -> bool:
    """Whether an attribute is exactly this SQLite value (not NULL)."""
    ((kind, content),) = actual.items()
    if kind == "S":
        return type(expected) is str and content == expected
    if kind == "N":
        return type(expected) in (int, float) and _number(expected) == canonical_number(content)
    if kind in ("L", "M"):
        return type(expected) is str and _same_json(expected, actual)
    if kind in ("SS", "NS", "BS"):
        return type(expected) is str and _same_set(expected, actual)
    return kind == "B" and type(expected) is bytes and base64.b64decode(content) == expected


def _number(value: Any) -> str | None:
    try:
        return str(value) if type(value) is int else number_text(repr(value))
    except RowRejected:
        return None


def _same_json(text: str, actual: AttributeValue) -> bool:
    expected = _parsed(text)
    return not isinstance(expected, str) and _same_plain(expected, plain(actual))


def _same_set(text: str, actual: AttributeValue) -> bool:
    """A set has no order: its values are those of the JSON list, each as often."""
    expected, found = _parsed(text), plain(actual)
    if not isinstance(expected, list) or len(expected) != len(found):
        return False
    return all(any(_same_plain(one, other) for other in found) for one in expected) and all(
        any(_same_plain(one, other) for one in expected) for other in found
    )


def _parsed(text: str) -> Any:
    """The list or map that JSON text describes, with exact numbers; any other text as it is."""
    try:
        found = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, list | dict) else text


def _exact(value: Scalar) -> Any:
    """A SQL value as an attribute would hold it."""
    number = _number(value) if isinstance(value, float) else None
    return value if number is None else plain({"N": number})


def _plain(value: AttributeValue | None) -> Any:
    """An attribute's plain value; None only where it is absent."""
    return value if value is None or "NULL" in value else plain(value)


def _same_plain(expected: Any, actual: Any) -> bool:
    """Equal JSON values; a null in a map is an absent attribute."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        names = {name for found in (expected, actual) for name, value in found.items() if value is not None}
        return all(_same_plain(expected.get(name), actual.get(name)) for name in names)
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(_same_plain, expected, actual))
    if _is_number(expected) and _is_number(actual):
        return _same_number(Decimal(expected), Decimal(actual))
    return type(expected) is type(actual) and bool(expected == actual)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _same_number(expected: Decimal, actual: Decimal) -> bool:
    """SQLite writes reals into JSON text with 15 digits; what it cut off cannot be compared."""
    if expected == actual:
        return True
    form = f".{_JSON_DIGITS - 1}e"
    return Decimal(format(expected, form)) == expected == Decimal(format(float(actual), form))


def _converters(design: Design) -> Mapping[str, Mapping[str, Callable[[Any], str]]]:
    """By attribute, then by entity. An expression may say true or false, for which SQL has 1 and 0."""
    found: dict[str, dict[str, Callable[[Any], str]]] = {}
    for entity in design.entities:
        for rule in entity.attributes:
            if isinstance(rule, Attribute) and (rule.convert or rule.expression):
                found.setdefault(rule.name, {})[entity.name] = CONVERTERS[rule.convert or "boolean"]
    return found


def _gives(convert: Callable[[Any], str], expected: Scalar, actual: AttributeValue) -> bool:
    try:
        return f'{{"x":{convert(expected)}}}' == canonical_item({"x": actual})
    except RowRejected:
        return False


def _shown(value: Any) -> str:
    if value is None:
        return "absent"
    text = json_text(value, indent=False)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
