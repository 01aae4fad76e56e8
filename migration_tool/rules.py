"""Why a row can be no item: every rule by the name that the reject file has, and what usually helps.

A rule is either one of ours (`RowRejected.rule`) or DynamoDB's error code for the one item that it refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """Both are sentences for people; names of design keys stand in backquotes."""

    cause: str
    remedy: str


_REFUSED = Rule(
    "DynamoDB refused the item; the reason is DynamoDB's own.",
    "Mend the value or the design as the reason says. The tool knows DynamoDB's limits and should have said "
    "it first: please report it.",
)
_LEAVE_OUT = "or leave such rows out with `where`"

RULES: Mapping[str, Rule] = {
    "null_key": Rule(
        "A column of the table's key is NULL, and an item must have both parts of its key.",
        f"Give the column a value, build the key of columns that always have one, {_LEAVE_OUT}.",
    ),
    "empty_key": Rule(
        "A part of the table's key is an empty text, which DynamoDB does not take.",
        f"Give the column a value, put literal text into the key's template, {_LEAVE_OUT}.",
    ),
    "key_too_long": Rule(
        "A key has more bytes of UTF-8 than DynamoDB takes: 2,048 for a partition key, 1,024 for a sort key.",
        "Shorten the value, or build the key of a shorter column.",
    ),
    "item_too_large": Rule(
        "The item, with its copies in local indexes, is larger than the 400 KB that DynamoDB takes.",
        "Have the entity compress or split such items, or put their values into S3 (`oversize`), leave large "
        "columns out of `attributes`, or make embedded rows their own entity.",
    ),
    "EntityTooLarge": Rule(
        "S3 refused the object that holds what is too large for the item.",
        "Leave large columns out of `attributes`, or have the entity split such items (`oversize: split`).",
    ),
    "value_too_large": Rule(
        "A text or blob of the row, or of those embedded in it, has more than 64 MB.",
        "Leave its column out of the design, or shorten it.",
    ),
    "invalid_utf8": Rule(
        "A text holds bytes that are not UTF-8.",
        "Write the text again in UTF-8, store it as a blob where it is no text, or omit the column.",
    ),
    "blob_in_text": Rule(
        "A blob stands where a text is needed: in a key, in a template, or in a column that is converted.",
        "Store the value as text (`CAST(column AS TEXT)` where it is one), or take another column.",
    ),
    "unexpected_null": Rule(
        "A column that is declared NOT NULL holds NULL.",
        "Give the column a value; `PRAGMA integrity_check` names all such rows.",
    ),
    "not_a_number": Rule(
        "The design makes the column a number, or reckons with it, and the value is none.",
        "Mend the value, or convert the column `as: text`; in an expression number() makes a number of text.",
    ),
    "number_not_finite": Rule(
        "The value is infinite or not a number, which DynamoDB cannot hold.",
        "Set the value to NULL or to a number, or convert the column `as: text`.",
    ),
    "number_out_of_range": Rule(
        "The number, stored or computed, is outside the range of DynamoDB, 1E-130 to 9.99E+125.",
        "Mend the value, or convert the column `as: text`.",
    ),
    "number_too_precise": Rule(
        "The number has more than the 38 digits that DynamoDB keeps.",
        "Round the value (round() in an expression does), or convert the column `as: text`, which keeps all.",
    ),
    "not_a_boolean": Rule(
        "The design makes the column a truth value, and the value is neither true nor false.",
        "Mend the value (docs/designs.md lists what is understood), or take the conversion away.",
    ),
    "not_a_date": Rule(
        "The design makes the column a date, and the value is none of SQLite's three forms of one.",
        "Write the value as ISO 8601 text, Unix seconds or a Julian day, or take the conversion away.",
    ),
    "not_json": Rule(
        "The design makes the column JSON, and the text is not JSON that all readers understand alike.",
        "Mend the text, or convert the column `as: text`.",
    ),
    "nested_too_deep": Rule(
        "The JSON has more lists and maps within one another than DynamoDB takes.",
        "Flatten the JSON, or convert the column `as: text`.",
    ),
    "empty_name": Rule(
        "A name in a map would be empty: one in a JSON object, or the key of an embedded row, maybe NULL.",
        "Name it, convert the JSON `as: text`, or build `key` of columns that always have a value.",
    ),
    "not_an_integer": Rule(
        "A template pads the value to a number of digits, or an expression counts by it: it is not whole.",
        "Mend the value, take the padding out of the template, or round() in the expression.",
    ),
    "does_not_fit": Rule(
        "A template pads the column to a number of digits, and the value is negative or has more digits.",
        "Mend the value, or pad to more digits (up to 19), which changes all keys of the entity.",
    ),
    "not_comparable": Rule(
        "An expression compares two values of different kinds, such as a text with a number.",
        "Say in the expression which is meant: `number(column)` or `text(column)`.",
    ),
    "duplicate_name": Rule(
        "Two embedded rows have the same key in a map, which holds one value under each.",
        "Build `key` of columns that tell the rows apart, or embed them as a list.",
    ),
    "mixed_set": Rule(
        "The values of a set are of different kinds, and DynamoDB has sets of one kind only.",
        "Compute the values with text() or number(), or embed them as a list.",
    ),
    "circular_ancestry": Rule(
        "The row is, through its parents, its own ancestor, so it has no path.",
        "Give one row of the circle another parent, or none.",
    ),
    "transform": Rule(
        "The design's own code failed on the row, or gave what cannot be stored.",
        "Mend the function that the reason names, or the row.",
    ),
    "ValidationException": _REFUSED,
    "ValidationError": _REFUSED,
    "RequestEntityTooLarge": Rule(
        "The item alone is larger than a request may be.",
        "Leave large columns out of `attributes`, or shorten them.",
    ),
}
"""Every name that `RowRejected` has, and DynamoDB's codes for what is wrong with an item."""

_FAILED = Rule(
    "DynamoDB failed on this item each time it was sent, and took others meanwhile.",
    "Send it once more with `migrate.py retry-rejects`; if that fails, too, look for what is odd in the row.",
)


def rule(name: str) -> Rule:
    """What a rule of the reject file means; a code without an entry is a failure of DynamoDB's own."""
    return RULES.get(name, _FAILED)
