from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migration_tool.budget import MOST_ROWS, SENTENCE, Budget

percents = st.decimals(0, 100, places=9) | st.integers(0, 100).map(Decimal)
budgets = st.builds(Budget, st.integers(0, MOST_ROWS)) | st.builds(Budget, st.none(), percents)


@pytest.mark.parametrize(
    ("text", "total", "rows", "told"),
    [
        ("0", 5, 0, "0"),
        ("1200", 5, 1200, "1,200"),
        ("1%", 3503, 35, "1% of 3,503 rows: 35"),
        ("0.05%", 3503, 1, "0.05% of 3,503 rows: 1"),
        ("1%", 99, 0, "1% of 99 rows: 0"),
        ("100%", 7, 7, "100% of 7 rows: 7"),
        ("0%", 7, 0, "0% of 7 rows: 0"),
    ],
)
def test_rows_and_words(text: str, total: int, rows: int, told: str) -> None:
    budget = Budget.parse(text)
    assert (budget.of(total), budget.told(total)) == (rows, told)


@pytest.mark.parametrize(
    "text", ["", "-1", "1.5", " 1", "1 %", "%", "101%", "100.1%", "1e1%", "1000000001", "\u0665", "a"]
)
def test_anything_else_says_what_it_must_be(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(SENTENCE)):
        Budget.parse(text)


@given(budgets)
def test_the_text_of_a_budget_is_read_back(budget: Budget) -> None:
    assert Budget.parse(str(budget)) == budget


@given(percents, st.integers(0, 10**12))
def test_a_share_is_never_rounded_up(percent: Decimal, total: int) -> None:
    rows, exact = Budget(None, percent).of(total), Fraction(percent) * total / 100
    assert rows <= exact < rows + 1
