from __future__ import annotations

import pytest

from migration_tool.target.answers import Reaction, Throttle, Verdict
from migration_tool.target.throttling import Cause, Tally, cause, place
from tests.target.simulation import ARN, CODE, Clock

KEYS = "TableWriteKeyRangeThroughputExceeded"


def verdict(*reasons: str, code: str = CODE, resource: str = ARN) -> Verdict:
    return Verdict(Reaction.THROTTLED, code, throttles=tuple(Throttle(r, resource) for r in reasons))


@pytest.mark.parametrize(
    ("found", "reasons", "code"),
    [
        (Cause.KEYS, [KEYS], CODE),
        (Cause.KEYS, ["IndexWriteKeyRangeThroughputExceeded"], CODE),
        (Cause.CAPACITY, ["TableWriteProvisionedThroughputExceeded"], CODE),
        (Cause.CAPACITY, ["IndexWriteMaxOnDemandThroughputExceeded"], "ThrottlingException"),
        (Cause.ACCOUNT, ["TableWriteAccountLimitExceeded"], "ThrottlingException"),
        (Cause.CAPACITY, [KEYS, "IndexWriteProvisionedThroughputExceeded"], CODE),
        (Cause.ACCOUNT, [KEYS, "IndexWriteAccountLimitExceeded"], CODE),
        (Cause.LEFT, [], "UnprocessedItems"),
        (Cause.CAPACITY, [], CODE),
        (Cause.ACCOUNT, [], "RequestLimitExceeded"),
        (Cause.ACCOUNT, [], "ThrottlingException"),
        (Cause.ACCOUNT, ["SomethingNew"], "ThrottlingException"),
    ],
)  # fmt: skip
def test_every_reason_has_its_cause(found: Cause, reasons: list[str], code: str) -> None:
    assert cause(verdict(*reasons, code=code)) is found


@pytest.mark.parametrize(
    ("named", "resource", "reason"),
    [
        ("Music", ARN, "TableWriteKeyRangeThroughputExceeded"),
        ("index GSI2 of Music", ARN + "/index/GSI2", "IndexWriteProvisionedThroughputExceeded"),
        ("an index of music", "", "IndexWriteProvisionedThroughputExceeded"),
        ("music", "", "TableWriteProvisionedThroughputExceeded"),
        ("music", "nonsense", "TableWriteProvisionedThroughputExceeded"),
    ],
)
def test_the_table_or_index_is_named(named: str, resource: str, reason: str) -> None:
    assert place(Throttle(reason, resource), "music") == named


def test_reasons_and_places_are_counted() -> None:
    tally = Tally(Clock())
    tally.note("Music", verdict("IndexWriteProvisionedThroughputExceeded", resource=ARN + "/index/GSI2"))
    tally.note("Music", verdict("IndexWriteProvisionedThroughputExceeded", resource=ARN + "/index/GSI2"))
    tally.note("Music", verdict(code="UnprocessedItems"))
    tally.note("Other", verdict(code="RequestLimitExceeded"))
    assert tally.reasons == {
        "IndexWriteProvisionedThroughputExceeded": 2,
        "UnprocessedItems": 1,
        "RequestLimitExceeded": 1,
    }
    assert tally.places == {"index GSI2 of Music": 2, "Other": 1}


@pytest.mark.parametrize(
    ("words", "one"),
    [
        ("partitions of Music are at their limit", verdict("TableWriteKeyRangeThroughputExceeded")),
        (
            "index GSI2 of Music is short of write capacity",
            verdict("IndexWriteProvisionedThroughputExceeded", resource=ARN + "/index/GSI2"),
        ),
        ("the account's limit is reached at Music", verdict("TableWriteAccountLimitExceeded")),
        ("Music leaves items unprocessed", verdict(code="UnprocessedItems")),
    ],
)
def test_a_sentence_says_what_was_short_for_ten_seconds(words: str, one: Verdict) -> None:
    clock = Clock()
    tally = Tally(clock)
    assert tally.sentence() == ""
    tally.note("Music", one)
    clock.now += 9.9
    assert words in tally.sentence()
    clock.now += 0.1
    assert tally.sentence() == ""


def test_unexplained_leavings_do_not_hide_what_was_explained() -> None:
    tally = Tally(Clock())
    tally.note("Music", verdict("TableWriteKeyRangeThroughputExceeded"))
    tally.note("Music", verdict(code="UnprocessedItems"))
    assert "partitions" in tally.sentence()
