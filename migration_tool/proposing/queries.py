"""The application's queries: what each compares with values, and which of them one Query could answer.

A query is read word by word, not parsed: what is not understood counts as not answered. Tables are those
after FROM, JOIN and commas; compared are columns with `=` or IS and a parameter or a literal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from migration_tool.errors import UsageError
from migration_tool.model import Schema, Table, folded
from migration_tool.proposing.drafts import Answer

_WEIGHT = re.compile(r"--\s*weight:\s*(\d{1,12}(?:\.\d{1,6})?)\s*$", re.IGNORECASE | re.MULTILINE)
_COMMENT = r"--[^\n]*|/\*.*?(?:\*/|\Z)"
_QUOTED = r"""'[^']*(?:''[^']*)*(?:'|\Z)|"[^"]*(?:""[^"]*)*(?:"|\Z)|`[^`]*(?:``[^`]*)*(?:`|\Z)|\[[^\]]*\]?"""
"""As SQLite reads them. What does not end takes the rest of the text: nothing is looked for in vain twice."""
_PIECE = re.compile(f"(?P<comment>{_COMMENT})|{_QUOTED}", re.DOTALL)
_TOKEN = re.compile(rf"{_QUOTED}|[:@$]\w+|\?\d*|[^\W\d]\w*|\d+(?:\.\d+)?|<=|>=|<>|!=|==|\|\||\S")
_VALUE = re.compile(r"[:@$?'\d]")
_STOPS = frozenset(
    [
        "where",
        "group",
        "order",
        "limit",
        "having",
        "union",
        "intersect",
        "except",
        "on",
        "using",
        "join",
        "left",
        "right",
        "inner",
        "outer",
        "cross",
        "natural",
        "full",
        "and",
        "or",
        "as",
        "set",
        "values",
    ]
)
_BORDER = re.compile(
    rf"{_COMMENT}|{_QUOTED}|[();]|"
    r"\n[^\S\n]*(?=(?:select|with|insert|update|delete|replace|begin|commit|rollback|savepoint|release|pragma)\b(?!\())",
    re.DOTALL | re.IGNORECASE,
)
"""What may end a statement, and what hides it: texts, comments, brackets, a line that begins with a verb."""
_ASKS = re.compile(r"(?:select|with)\b", re.IGNORECASE)
_CHANGES = frozenset(["insert", "update", "delete"])
_BEFORE_SELECT = frozenset(["with", "insert", "replace", "create", "explain"])
_JOINING = frozenset(["union", "all", "intersect", "except", "as", "do"])
_TOO_MUCH = frozenset(["union", "intersect", "except", "or", "not", "with", "having", "exists", "group"])
"""Words of questions that are more than one selection."""


@dataclass(frozen=True)
class WeightedQuery:
    """One query, how often it stands there or is said to run, and what it selects by.

    tables  the tables it reads; None: it was not understood, or is no SELECT of rows by values
    given   (table, column) pairs that are compared with a value
    """

    text: str
    weight: float
    tables: frozenset[str] | None
    given: frozenset[tuple[str, str]]

    def is_answered(self, answers: Sequence[Answer]) -> bool:
        return self.tables is not None and any(
            self.tables <= answer.tables and any(given <= self.given for given in answer.given)
            for answer in answers
        )


def read_queries(path: Path, schema: Schema) -> tuple[WeightedQuery, ...]:
    """Queries of a file of SQL, or of a trace of what was run. Raises UsageError.

    The weight of a statement is the number behind `-- weight:` in a comment before or in it, else 1; that of
    statements which differ in their values alone is added, under the first of them.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("read the queries", path, error, "Name a file of SQL in UTF-8.") from error
    weights: dict[tuple[str, ...], float] = {}
    first: dict[tuple[str, ...], str] = {}
    for statement, weight in _statements(text):
        form = tuple("?" if _VALUE.match(token) else token for token in _TOKEN.findall(statement))
        first.setdefault(form, statement)
        weights[form] = weights.get(form, 0.0) + weight
    if not weights:
        raise UsageError("read the queries", path, "it holds no SELECT", "Name a file of SQL statements.")
    return tuple(_understood(first[form], weight, schema) for form, weight in weights.items())


def _statements(text: str) -> Iterator[tuple[str, float]]:
    """The queries, each with its weight."""
    pending = 1.0
    for part in _parts(text):
        found = _WEIGHT.findall(part)
        pending = float(found[-1]) if found else pending
        statement = " ".join(_uncommented(part).split())
        if _is_query(statement):
            yield statement, pending
        if statement:
            pending = 1.0


def _parts(text: str) -> Iterator[str]:
    """A statement ends at a semicolon, or where the next one begins a line, as in a trace."""
    start = depth = 0
    for found in _BORDER.finditer(text):
        border = found.group()
        depth = max(0, depth + (border == "(") - (border == ")"))
        begins = border[0] == "\n" and not depth and not _goes_on(text[start : found.start()])
        if border == ";" or begins:
            yield text[start : found.start()]
            start, depth = found.end(), 0
    yield text[start:]


def _is_query(statement: str) -> bool:
    """A SELECT, or a WITH that nothing is changed by."""
    verb = _ASKS.match(statement)
    words = re.findall(r"[a-z]+", statement.lower())
    return verb is not None and (verb[0].lower() == "select" or not _CHANGES & {*words})


def _uncommented(text: str) -> str:
    return _PIECE.sub(lambda found: " " if found["comment"] else found.group(), text)


def _goes_on(statement: str) -> bool:
    """Whether a SELECT or the like on the next line still belongs to it."""
    shorter, statement = _uncommented(statement), ""
    while shorter != statement:
        shorter, statement = re.sub(r"\([^()]*\)", " ", shorter), shorter
    words = statement.lower().split()
    if not words or words[-1] in _JOINING:
        return True
    return words[0] in _BEFORE_SELECT and not {*words[1:]} & {"select", "values", *_CHANGES}


def _understood(statement: str, weight: float, schema: Schema) -> WeightedQuery:
    tokens = _TOKEN.findall(statement)
    lowered = [token.lower() for token in tokens]
    if _TOO_MUCH & {*lowered} or lowered.count("select") != 1 or "where" not in lowered:
        return WeightedQuery(statement, weight, None, frozenset())
    aliases = _aliases(tokens, schema)
    if aliases is None:
        return WeightedQuery(statement, weight, None, frozenset())
    given = frozenset(_compared(tokens[lowered.index("where") :], aliases))
    return WeightedQuery(statement, weight, frozenset(t.name for t in aliases.values()), given)


def _aliases(tokens: Sequence[str], schema: Schema) -> Mapping[str, Table] | None:
    """Alias, or name, → table; None where a table is not known."""
    found: dict[str, Table] = {}
    lowered = [token.lower() for token in tokens]
    place = lowered.index("from") if "from" in lowered else len(tokens)
    end = lowered.index("where")
    while place < end:
        if lowered[place] in ("from", "join", ","):
            table = schema.table(_bare(tokens[place + 1]))
            if table is None or table.is_view:
                return None
            follows = tokens[place + 2 : place + 4]
            alias = (
                follows[1]
                if len(follows) > 1 and follows[0].lower() == "as"
                else follows[0]
                if follows
                else ""
            )
            is_alias = alias and alias.lower() not in _STOPS and re.match(r"[^\W\d]|[\"`\[]", alias)
            found[folded(_bare(alias) if is_alias else table.name)] = table
        place += 1
    return found or None


def _compared(tokens: Sequence[str], aliases: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    for place, token in enumerate(tokens):
        if token.lower() not in ("=", "==", "is") or not 0 < place < len(tokens) - 1:
            continue
        before, after = tokens[place - 1], tokens[place + 1]
        if _VALUE.match(after):
            yield from _column(tokens[:place], aliases)
        elif _VALUE.match(before):
            later = tokens[place + 1 : place + 4]
            dotted = len(later) == 3 and later[1] == "."
            yield from _column(later if dotted else later[:1], aliases)


def _column(tokens: Sequence[str], aliases: Mapping[str, Table]) -> Iterator[tuple[str, str]]:
    """The column that the last tokens name."""
    name = _bare(tokens[-1])
    if len(tokens) > 2 and tokens[-2] == ".":
        tables = [aliases[folded(_bare(tokens[-3]))]] if folded(_bare(tokens[-3])) in aliases else []
    else:
        tables = list(aliases.values())
    owners = [(table, column) for table in tables if (column := table.readable(name))]
    if len(owners) == 1:
        yield owners[0][0].name, owners[0][1].name


def _bare(name: str) -> str:
    if name[:1] in ('"', "`") and len(name) > 1:
        return name[1:-1].replace(name[0] * 2, name[0])
    return name[1:-1] if name[:1] == "[" else name
