"""One SELECT of somebody else's, with named parameters."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from itertools import islice

import apsw

from migration_tool.model import Row, Scalar
from migration_tool.source.text import carefully, restored


def answer(
    connection: apsw.Connection,
    encoding: str,
    statement: str,
    arguments: Mapping[str, Scalar],
    most: int | None,
) -> tuple[list[str], list[Row]]:
    """Column names and rows, at most so many.

    encoding  of the database's texts
    Raises apsw.Error, ValueError; UnicodeDecodeError where a function is given text that is not UTF-8.
    """
    names, text = _only(connection, statement, arguments)
    try:
        rows = list(islice(connection.execute(text, arguments), most))
    except UnicodeDecodeError:
        careful = connection.execute(_carefully(text, len(names)), arguments)
        rows = list(map(restored(encoding), islice(careful, most)))
    return names, rows


def _only(
    connection: apsw.Connection, statement: str, arguments: Mapping[str, Scalar]
) -> tuple[list[str], str]:
    """As `_first`, of a text with one statement."""
    names, text = _first(connection, statement, arguments)
    if _first(connection, statement[len(text) :], arguments)[0]:
        raise ValueError("there is more than one statement")
    return names, text


def _first(
    connection: apsw.Connection, statements: str, arguments: Mapping[str, Scalar]
) -> tuple[list[str], str]:
    """Column names and text of the first statement, which is not run; a comment has no names."""
    if "\x00" in statements:
        raise ValueError("there is a null character in it")
    found: list[tuple[list[str], str]] = [([], "")]

    def looked_at(cursor: apsw.Cursor, text: str, bindings: object) -> bool:
        found.append(([column[0] for column in cursor.get_description()], text))
        return False

    cursor = connection.cursor()
    cursor.exec_trace = looked_at
    try:
        with suppress(apsw.ExecTraceAbort):
            cursor.execute(statements, arguments)
    except KeyError as error:
        raise ValueError(f"there is no binding for the parameter :{error.args[0]}") from error
    return found[-1]


def bare(connection: apsw.Connection, statement: str, arguments: Mapping[str, Scalar]) -> str:
    """The statement without what ends it: it can stand within another, before a line's end.

    Raises as `answer`.
    """
    return _bare(_only(connection, statement, arguments)[1])


def _bare(text: str) -> str:
    return text.rstrip().removesuffix(";")


def _carefully(statement: str, width: int) -> str:
    columns = [f"c{number}" for number in range(width)]
    values = ", ".join(map(carefully, columns))
    return f'WITH "~asked"({", ".join(columns)}) AS ({_bare(statement)}\n) SELECT {values} FROM "~asked"'
