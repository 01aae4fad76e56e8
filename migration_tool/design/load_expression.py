"""The text of an expression → its tree. Every fault names the position of the character where it begins."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from migration_tool.design.expression import Call, Expression, Literal, Node, Operand
from migration_tool.design.operations import CALLS, OPERATIONS, Kind
from migration_tool.design.scope import unknown
from migration_tool.design.template import parse_reference
from migration_tool.design.tokens import Token, tokens
from migration_tool.errors import RowRejected
from migration_tool.numbers import number_text

MAX_CHARACTERS = 4_000
MAX_DEPTH = 40
"""Brackets and prefixes within one another in the text."""
MAX_BRACKETS = 100
"""The same in the Python that comes of it, of which Python reads 200."""

T = TypeVar("T")

_COMPARISONS = {
    "=": "equal", "<>": "unequal", "!=": "unequal",
    "<": "less", "<=": "at_most", ">": "greater", ">=": "at_least",
}  # fmt: skip
_LEVELS = (
    {"+": "add", "-": "subtract"},
    {"*": "multiply", "/": "divide", "%": "remainder"},
    {"||": "join"},
)
"""Operators between two, the ones that bind least first."""
_CONSTANTS = {"null": None, "true": True, "false": False}


def parse_expression(source: str) -> Expression:
    """Raises ValueError with the position and the reason when `source` is not an expression."""
    if len(source) > MAX_CHARACTERS:
        raise ValueError(
            f"an expression has {MAX_CHARACTERS:,} characters at most; make two attributes of it"
        )
    parser = _Parser(tokens(source))
    node = parser.whole()
    return Expression(source, node)


def parse_condition(source: str) -> Expression:
    """An expression that is true or false. Raises ValueError."""
    expression = parse_expression(source)
    if expression.node.kind not in ("any", "truth"):
        raise ValueError(f"expected a condition, found {_WHAT[expression.node.kind]}")
    return expression


_WHAT: dict[Kind, str] = {
    "number": "a number",
    "text": "a text",
    "truth": "a condition",
    "moment": "a column or a text",
}


class _Parser:
    """Recursive descent, one method per level of precedence."""

    def __init__(self, words: list[Token]) -> None:
        self._tokens = words
        self._place = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._or()
        if self._now.kind != "end":
            raise self._unexpected("an operator or the end")
        return node

    @property
    def _now(self) -> Token:
        return self._tokens[self._place]

    def _next(self) -> Token:
        token = self._now
        self._place += 1
        return token

    def _take(self, word: str) -> bool:
        """Whether that word comes now; if so it is passed."""
        found = self._now.word == word
        self._place += found
        return found

    def _ahead(self, *words: str) -> bool:
        """Whether those words come now."""
        coming = self._tokens[self._place : self._place + len(words)]
        return tuple(token.word for token in coming) == words

    def _require(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected(repr(word))

    def _unexpected(self, wanted: str) -> ValueError:
        found = repr(self._now.text) if self._now.text else "the end"
        return ValueError(f"at {self._now.position}: expected {wanted}, found {found}")

    def _or(self) -> Node:
        return self._several("or", lambda: self._several("and", self._not))

    def _several(self, word: str, part: Callable[[], Node]) -> Node:
        parts = [part()]
        sign = self._now
        while self._take(word):
            parts.append(part())
        return self._call(word, sign, *parts) if len(parts) > 1 else parts[0]

    def _not(self) -> Node:
        start = self._now
        if self._take("not"):
            return self._call("negation", start, self._within(self._not))
        return self._comparison()

    def _comparison(self) -> Node:
        left = self._binary(0)
        while True:
            start = self._now
            if start.word in _COMPARISONS:
                self._next()
                left = self._call(_COMPARISONS[start.word], start, left, self._binary(0))
            elif self._take("is"):
                negated = self._take("not")
                self._require("null")
                left = self._negated(negated, self._call("is_null", start, left), start)
            elif start.word in ("in", "between") or self._ahead("not", "in") or self._ahead("not", "between"):
                negated = self._take("not")
                ranged = self._next().word == "between"
                found = self._between(left, start) if ranged else self._in(left, start)
                left = self._negated(negated, found, start)
            else:
                return left

    def _negated(self, negated: bool, node: Node, start: Token) -> Node:
        return self._call("negation", start, node) if negated else node

    def _between(self, value: Node, start: Token) -> Node:
        least = self._binary(0)
        self._require("and")
        return self._call("between", start, value, least, self._binary(0))

    def _in(self, value: Node, start: Token) -> Node:
        self._require("(")
        return self._call("among", start, value, *self._arguments())

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._prefixed()
        left = self._binary(level + 1)
        while (start := self._now).word in _LEVELS[level]:
            self._next()
            left = self._call(_LEVELS[level][start.word], start, left, self._binary(level + 1))
        return left

    def _prefixed(self) -> Node:
        start = self._now
        if self._take("-"):
            return self._call("negative", start, self._within(self._prefixed))
        return self._primary()

    def _primary(self) -> Node:
        token = self._next()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "text":
            return Literal(token.text[1:-1].replace("''", "'"))
        if token.word in _CONSTANTS:
            return Literal(_CONSTANTS[token.word])
        if token.word == "case":
            return self._within(lambda: self._case(token))
        if token.word == "(":
            node = self._within(self._or)
            self._require(")")
            return node
        if token.kind == "name" and not token.word:
            called = self._take("(")
            return self._function(token) if called else Operand(parse_reference(token.text))
        self._place -= 1
        raise self._unexpected("a column, a number, a 'text' or a function")

    def _number(self, token: Token) -> Literal:
        try:
            digits = number_text(token.text)
        except RowRejected as rejected:
            raise ValueError(f"at {token.position}: {rejected.reason}") from None
        return Literal(Decimal(digits) if "." in digits else int(digits))

    def _case(self, start: Token) -> Node:
        parts: list[Node] = []
        while self._take("when"):
            parts.append(self._checked(self._or(), "truth", start, "case"))
            self._require("then")
            parts.append(self._or())
        if not parts:
            raise self._unexpected("'when'")
        if self._take("else"):
            parts.append(self._or())
        self._require("end")
        return self._call("case", start, *parts)

    def _function(self, token: Token) -> Node:
        name = token.text.lower()
        if name not in CALLS:
            raise ValueError(f"at {token.position}: {'; '.join(unknown('function', token.text, CALLS))}")
        arguments = [] if self._take(")") else self._within(self._arguments)
        return self._call(name, token, *arguments)

    def _arguments(self) -> list[Node]:
        """Up to the closing bracket, one at least."""
        found = [self._or()]
        while self._take(","):
            found.append(self._or())
        self._require(")")
        return found

    def _within(self, part: Callable[[], T]) -> T:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError(f"at {self._now.position}: more than {MAX_DEPTH} brackets within one another")
        found = part()
        self._depth -= 1
        return found

    def _call(self, name: str, start: Token, *arguments: Node) -> Call:
        operation = OPERATIONS[name]
        most = len(operation.takes)
        least = most - operation.optional
        if len(arguments) < least or (len(arguments) > most and not operation.repeats):
            wanted = f"{least}" if least == most else f"{least} or {most}"
            raise ValueError(
                f"at {start.position}: {start.text}() takes {wanted} values, found {len(arguments)}"
            )
        for place, argument in enumerate(arguments):
            self._checked(argument, operation.taken(place), start, start.text)
        if name in _ALIKE and len({argument.kind for argument in arguments} - {"any"}) > 1:
            raise ValueError(f"at {start.position}: {start.text} compares values of different kinds")
        call = Call(name, arguments)
        if call.brackets > MAX_BRACKETS:
            raise ValueError(f"at {start.position}: too much in one expression; make two attributes of it")
        return call

    def _checked(self, node: Node, wanted: Kind, start: Token, name: str) -> Node:
        if node.kind not in _FITS[wanted]:
            found = _WHAT[node.kind]
            raise ValueError(f"at {start.position}: {name} takes {_WHAT[wanted]}, found {found}")
        return node


_ALIKE = frozenset({"nullif", "among", "between", *_COMPARISONS.values()})
_FITS: dict[Kind, tuple[Kind, ...]] = {
    "any": ("any", "number", "text", "truth"),
    "number": ("any", "number"),
    "text": ("any", "number", "text", "truth"),
    "truth": ("any", "truth"),
    "moment": ("any", "text"),
}
