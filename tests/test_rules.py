"""Every rule that a row can break has its cause and its remedy, and no other has."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import migration_tool
from migration_tool.rules import RULES, rule
from migration_tool.target.answers import Answer, Reaction, classify

OF_S3 = {"EntityTooLarge"}
CODES = {"ValidationException", "ValidationError", "RequestEntityTooLarge"}


def raised() -> Iterator[str]:
    """The names in all `RowRejected("name", …)` of the package; another form of it is a failure."""
    for path in Path(migration_tool.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RowRejected":
                match node.args[0]:
                    case ast.Constant(value=str(name)):
                        yield name
                    case ast.Attribute(attr="rule"):  # raised again with the attribute's name
                        continue
                    case other:
                        pytest.fail(f"{path.name}: {ast.unparse(other)} is no rule that can be looked up")


def test_no_rule_is_without_a_remedy_and_no_remedy_without_a_rule() -> None:
    assert set(raised()) == RULES.keys() - CODES - OF_S3


@pytest.mark.parametrize("code", sorted(CODES))
def test_what_dynamodb_says_of_an_item_has_a_remedy_of_its_own(code: str) -> None:
    body = f'{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"m"}}'.encode()
    verdict = classify(Answer(None, 413 if "Large" in code else 400, body), "UnprocessedItems")
    assert (verdict.reaction, verdict.code) == (Reaction.ROW, code)
    assert code in RULES


@pytest.mark.parametrize("code", ["InternalServerError", "no answer", "unknown", ""])
def test_a_failure_of_dynamodb_itself_is_sent_again(code: str) -> None:
    assert "retry-rejects" in rule(code).remedy


@pytest.mark.parametrize("name", RULES)
def test_they_are_sentences(name: str) -> None:
    for text in (RULES[name].cause, RULES[name].remedy):
        assert text[0].isupper() and text.endswith(".")
