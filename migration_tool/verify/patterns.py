"""Every access pattern is asked of the table and answered by its SQL; the answers must be the same.

The two know nothing of each other: one goes through keys and indexes that the design made up, the other
through the joins of the source. An error that both sides of the item comparison share is found here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from migration_tool.design.access import requests
from migration_tool.design.compile import CompiledDesign
from migration_tool.design.model import AccessPattern, Design, Requests
from migration_tool.errors import UsageError
from migration_tool.model import InvalidText, Row
from migration_tool.source.sqlite import SqliteSource
from migration_tool.target import reader
from migration_tool.target.wire import Wire
from migration_tool.verify.answers import Answers
from migration_tool.verify.cases import Arguments, answered, cases, possible
from migration_tool.verify.report import Advance, Failure, PatternResult, unwatched

FAILURES = 10
LONGEST_ANSWER = 20_000
"""Rows; a case whose SQL gives more is not asked, because one answer is held in memory whole."""

ASK_AGAIN_SECONDS = (0.5, 2.0)
"""Indexes follow their table a moment later: what disagrees is asked again after these pauses."""

_CASES_AT_ONCE = 512
_ASKED_AGAIN = 100


def check_patterns(
    source: SqliteSource,
    compiled: CompiledDesign,
    wire: Wire,
    table_name: str,
    limit: int | None = None,
    advance: Advance = unwatched,
    *,
    rejected: int = 0,
    pauses: Sequence[float] = ASK_AGAIN_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[PatternResult, ...]:
    """Asks every pattern with all its cases, or with `limit` of them in even distances.

    rejected  source rows of the table that have no item: answers may lack that many, and are counted
    pauses    seconds before an index is asked again about what did not agree

    Precondition: `cases.check_sql` has found nothing. Raises SourceError, TargetError.
    """
    return tuple(
        _Check(source, compiled.design, pattern, wire, table_name, advance, rejected).run(
            limit, () if pattern.consistent else pauses, sleep
        )
        for pattern in compiled.design.patterns
    )


@dataclass(frozen=True)
class _Case:
    """A call to make and the rows that must answer it."""

    arguments: Arguments
    answers: Answers
    calls: Requests
    rows: list[Row]


class _Check:
    """One pattern's check, and what it has counted so far."""

    def __init__(
        self,
        source: SqliteSource,
        design: Design,
        pattern: AccessPattern,
        wire: Wire,
        table_name: str,
        advance: Advance,
        rejected: int,
    ) -> None:
        self._source = source
        self._design = design
        self._pattern = pattern
        self._wire = wire
        self._table = table_name
        self._advance = advance
        self._rejected = rejected
        self._keys = design.key_of(pattern.index)
        self._impossible: list[Failure] = []
        self._asked = self._skipped = self._rows = self._requests = self._short = self._partial = 0

    def run(
        self, limit: int | None, pauses: Sequence[float], sleep: Callable[[float], None]
    ) -> PatternResult:
        given = cases(self._source, self._pattern, limit)
        tried = [case for case in given if not any(isinstance(v, InvalidText) for v in case.values())]
        self._partial = len(given) - len(tried)
        failures: list[Failure] = []
        failed = 0
        for failure in self._failing(tried):
            failed += 1
            if len(failures) < _ASKED_AGAIN:
                failures.append(failure)
        calls, rows, partial = self._asked, self._rows, self._partial
        if failed == len(failures):
            failures = self._lasting(failures, pauses, sleep)
            failed = len(failures)
        failures = self._impossible + failures
        return PatternResult(
            name=self._pattern.name,
            description=self._pattern.description,
            operation=self._pattern.operation,
            calls=calls + len(self._impossible),
            possible=len(tried) if limit is None else possible(self._source, self._pattern),
            passed=calls - failed,
            skipped=self._skipped,
            short=self._short,
            partial=partial,
            rows=rows,
            requests=self._requests,
            failures=tuple(failures[:FAILURES]),
        )

    def _lasting(
        self, failures: list[Failure], pauses: Sequence[float], sleep: Callable[[float], None]
    ) -> list[Failure]:
        """Those failures that are still there after the pauses."""
        for pause in pauses:
            if failures:
                sleep(pause)
                failures = list(self._failing([failure.arguments for failure in failures]))
        return failures

    def _failing(self, tried: Iterable[Arguments]) -> Iterator[Failure]:
        for group in self._groups(tried):
            answers = reader.fetch_many(self._wire, self._table, [case.calls for case in group])
            for case, items in zip(group, answers, strict=True):
                self._asked += 1
                self._rows += len(case.rows)
                failure = case.answers.failure(case.arguments, case.rows, items)
                if failure and case.answers.lacks_only(case.rows, items, self._rejected):
                    self._short += 1
                elif failure:
                    yield failure
            self._advance(len(group))

    def _groups(self, tried: Iterable[Arguments]) -> Iterator[list[_Case]]:
        """Cases with what the SQL says, a group at a time, so that the answers under way fit in memory."""
        group: list[_Case] = []
        size = 0
        for arguments in tried:
            case = self._case(arguments)
            if case is None:
                continue
            if group and (size + len(case.rows) > LONGEST_ANSWER or len(group) >= _CASES_AT_ONCE):
                yield group
                group, size = [], 0
            group.append(case)
            size += len(case.rows)
        if group:
            yield group

    def _case(self, arguments: Arguments) -> _Case | None:
        columns, rows, whole = answered(self._source, self._pattern.sql, arguments)
        if len(rows) > LONGEST_ANSWER:
            self._skipped += 1
            return None
        try:
            calls = requests(self._pattern, self._keys, arguments)
        except UsageError as error:
            self._impossible.append(Failure(dict(arguments), f"it cannot be asked: {error.cause}", len(rows)))
            return None
        self._requests = max(self._requests, len(calls.bodies))
        self._partial += not whole
        return _Case(arguments, Answers(self._design, columns, len(self._keys) > 1), calls, rows)
