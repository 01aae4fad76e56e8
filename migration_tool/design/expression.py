"""Expressions: "if(Quantity > 9, Quantity * UnitPrice, null)".

SQL's operators, by SQLite's precedence, over columns, numbers and texts. Names that are no plain words stand
in backquotes, as in templates. Text becomes a small tree (load_expression.py), and `code` writes the tree as
Python. Nothing of the text itself is ever run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import count
from typing import TypeAlias

from migration_tool.design.operations import OPERATIONS, Kind, name_of
from migration_tool.design.template import Reference


@dataclass(frozen=True)
class Literal:
    """A text, a number, a truth value or NULL."""

    value: str | int | Decimal | bool | None

    @property
    def kind(self) -> Kind:
        if self.value is None:
            return "any"
        if isinstance(self.value, bool):
            return "truth"
        return "text" if isinstance(self.value, str) else "number"


@dataclass(frozen=True)
class Operand:
    """The value of a column, of whatever class the row has there."""

    reference: Reference
    kind: Kind = "any"


@dataclass(frozen=True)
class Call:
    """An operation, by its name in OPERATIONS, on other expressions."""

    operation: str
    arguments: tuple[Node, ...]

    @property
    def kind(self) -> Kind:
        return OPERATIONS[self.operation].gives

    @cached_property
    def brackets(self) -> int:
        """How many of them are within one another in the source, or more."""
        lazy = OPERATIONS[self.operation].run is None
        inner = max((a.brackets for a in self.arguments if isinstance(a, Call)), default=0)
        return inner + (2 * len(self.arguments) if lazy else 1)


Node: TypeAlias = Literal | Operand | Call


@dataclass(frozen=True)
class Expression:
    """Parsed expression; `source` is the text it came from."""

    source: str
    node: Node

    def references(self) -> tuple[Reference, ...]:
        """Each column once, in the order of the text."""
        return tuple(dict.fromkeys(_references(self.node)))


def _references(node: Node) -> Iterator[Reference]:
    if isinstance(node, Operand):
        yield node.reference
    elif isinstance(node, Call):
        for argument in node.arguments:
            yield from _references(argument)


def code(expression: Expression, variable: Callable[[Reference], str]) -> str:
    """Python source of the value, for `operations.namespace()`.

    variable  gives the name of the variable that holds a reference's value, None for NULL
    """
    names = (f"t{number}" for number in count())

    def written(node: Node) -> str:
        if isinstance(node, Operand):
            return variable(node.reference)
        if isinstance(node, Literal):
            return f"Decimal('{node.value}')" if isinstance(node.value, Decimal) else repr(node.value)
        arguments = [written(argument) for argument in node.arguments]
        if OPERATIONS[node.operation].run:
            return f"{name_of(node.operation)}({', '.join(arguments)})"
        return _LAZY[node.operation](arguments, names)

    return written(expression.node)


_Lazy: TypeAlias = Callable[[list[str], Iterator[str]], str]
"""Source of an operation that looks at its arguments one by one, each only if it has to."""


def _case(arguments: list[str], names: Iterator[str]) -> str:
    """Conditions and values in pairs; then, or not, the value where none of them holds."""
    if len(arguments) < 2:
        return arguments[0] if arguments else "None"
    condition, value, *others = arguments
    return f"({value} if sql_truth({condition}) else {_case(others, names)})"


def _coalesce(arguments: list[str], names: Iterator[str]) -> str:
    first, *others = arguments
    if not others:
        return first
    name = next(names)
    return f"({name} if ({name} := {first}) is not None else {_coalesce(others, names)})"


def _logic(decided: str, otherwise: str) -> _Lazy:
    def source(arguments: list[str], names: Iterator[str]) -> str:
        first, *others = arguments
        if not others:
            return first
        name = next(names)
        rest = f"{otherwise}({name}, {source(others, names)})"
        return f"({decided} if ({name} := sql_truth({first})) is {decided} else {rest})"

    return source


_LAZY: dict[str, _Lazy] = {
    "if": _case,
    "case": _case,
    "coalesce": _coalesce,
    "and": _logic("False", "sql_both"),
    "or": _logic("True", "sql_either"),
}
