"""The figures of a sample against exact arithmetic: no confidence may be claimed that is not there."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb, isclose, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migration_tool.verify.claim import Claim, chance_of_at_most, chance_to_meet, rows_to_meet, upper_bound

CONFIDENCES = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
SHARES = st.floats(1e-6, 0.9)


def exact_chance(wrong: int, looked_at: int, share: Fraction) -> Fraction:
    return sum(
        (comb(looked_at, k) * share**k * (1 - share) ** (looked_at - k) for k in range(wrong + 1)), Fraction()
    )


@pytest.mark.parametrize(
    ("confidence", "at_most", "size"),
    [(0.95, 0.001, 2_995), (0.99, 0.001, 4_603), (0.99, 0.0001, 46_050), (0.5, 0.5, 1), (0.75, 0.5, 2)],
)
def test_sizes_that_are_known(confidence: float, at_most: float, size: int) -> None:
    assert Claim(confidence, at_most).size == size


@given(CONFIDENCES, st.floats(1e-3, 0.9))
def test_the_size_is_the_least_one(confidence: float, at_most: float) -> None:
    size, right = Claim(confidence, at_most).size, 1 - Fraction(at_most)
    slack = Fraction(1, 10**7)
    assert right**size <= 1 - Fraction(confidence) + slack
    assert right ** (size - 1) > 1 - Fraction(confidence) - slack


@given(CONFIDENCES, SHARES)
def test_a_sample_of_that_size_without_a_fault_shows_the_claim(confidence: float, at_most: float) -> None:
    claim = Claim(confidence, at_most)
    assert upper_bound(0, claim.size, confidence) <= at_most * (1 + 1e-9)
    if claim.size > 1:
        assert upper_bound(0, claim.size - 1, confidence) > at_most * (1 - 1e-9)
    assert upper_bound(1, claim.size, confidence) > at_most


@given(st.integers(1, 60), st.data(), st.floats(0.001, 0.999))
def test_the_chance_is_the_binomial_one(looked_at: int, data: st.DataObject, share: float) -> None:
    wrong = data.draw(st.integers(0, looked_at - 1))
    exact = float(exact_chance(wrong, looked_at, Fraction(share)))
    assert isclose(chance_of_at_most(wrong, looked_at, share), exact, rel_tol=1e-9, abs_tol=1e-12)


@given(st.integers(1, 60), st.data(), CONFIDENCES)
def test_a_greater_share_than_the_bound_would_have_shown_more(
    looked_at: int, data: st.DataObject, confidence: float
) -> None:
    wrong = data.draw(st.integers(0, looked_at - 1))
    bound = upper_bound(wrong, looked_at, confidence)
    left = 1 - Fraction(confidence)
    assert wrong / looked_at < bound < 1
    assert exact_chance(wrong, looked_at, Fraction(min(1, bound * 1.000001))) <= left * (
        1 + Fraction(1, 10**6)
    )
    assert exact_chance(wrong, looked_at, Fraction(bound * 0.9999)) > left


@given(st.integers(1, 10**7), CONFIDENCES)
def test_the_bound_without_a_fault_has_a_formula(looked_at: int, confidence: float) -> None:
    formula = 1 - (1 - confidence) ** (1 / looked_at)
    assert isclose(upper_bound(0, looked_at, confidence), formula, rel_tol=1e-6)


@given(st.integers(2, 500), st.data(), CONFIDENCES)
def test_the_bound_grows_with_faults_and_falls_with_what_was_looked_at(
    looked_at: int, data: st.DataObject, confidence: float
) -> None:
    wrong = data.draw(st.integers(0, looked_at - 1))
    bound = upper_bound(wrong, looked_at, confidence)
    assert (
        upper_bound(wrong + 1, looked_at, confidence) > bound > upper_bound(wrong, looked_at + 1, confidence)
    )
    assert upper_bound(looked_at, looked_at, confidence) == 1


@given(CONFIDENCES, st.floats(0.001, 0.5), st.lists(st.integers(0, 10**6), max_size=6))
def test_every_entity_has_its_share(confidence: float, at_most: float, rows: list[int]) -> None:
    claim = Claim(confidence, at_most)
    shares, total = claim.shares(rows), sum(rows)
    assert len(shares) == len(rows)
    for share, count in zip(shares, rows, strict=True):
        assert min(count, 1) <= share <= count
        assert share == count or share * total >= claim.size * count > (share - 1) * total
    assert min(total, claim.size) <= sum(shares) < claim.size + len(rows) or sum(shares) == total


@settings(max_examples=60)
@given(
    st.sampled_from([0.5, 0.8, 0.9]),
    st.sampled_from([0.1, 0.2, 0.34]),
    st.lists(st.integers(1, 9), max_size=3),
)
def test_wherever_the_wrong_rows_are_the_sample_misses_all_of_them_no_oftener_than_claimed(
    confidence: float, at_most: float, rows: list[int]
) -> None:
    claim = Claim(confidence, at_most)
    for wrong in product(*(range(count + 1) for count in rows)):
        if sum(wrong) <= at_most * sum(rows):
            continue
        missed = prod(
            Fraction(comb(count - bad, share), comb(count, share))
            for count, bad, share in zip(rows, wrong, claim.shares(rows), strict=True)
        )
        assert missed <= 1 - Fraction(confidence) + Fraction(1, 10**9)


@given(st.integers(1, 30), st.integers(30, 200), st.data())
def test_the_chance_to_meet_a_lost_batch_is_not_overstated(lost: int, rows: int, data: st.DataObject) -> None:
    drawn = data.draw(st.integers(0, rows))
    exact = 1 - Fraction(comb(rows - lost, drawn), comb(rows, drawn))
    assert chance_to_meet(lost, drawn, rows) <= exact + Fraction(1, 10**9)


def test_a_lost_batch_takes_many_rows_to_be_met() -> None:
    needed = rows_to_meet(25, 1_000_000, 0.99)
    assert needed == 168_237
    assert chance_to_meet(25, needed, 1_000_000) >= 0.99 > chance_to_meet(25, needed - 1, 1_000_000)
    assert chance_to_meet(25, 4_603, 1_000_000) < 0.12
    assert chance_to_meet(25, 0, 0) == 1
