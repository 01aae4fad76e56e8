"""Mutants of what a design says beyond columns, of its survey, of own code, and of what is proposed."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_SURVEY = "tests/checking/test_survey.py::"
_PROPOSED = "tests/proposing/test_corpus.py::"

DESIGNING = (
    Mutant(
        "condition-inverted",
        "an item is in an index where its condition is true, and only there",
        "migration_tool/design/codegen.py",
        'filter(None, [f"not {present}", nullable])',
        "filter(None, [present, nullable])",
        ("tests/design/test_computed.py::test_computed_attributes_are_columns_of_keys_and_templates",),
    ),
    Mutant(
        "own-code-ends-the-run",
        "whatever own code raises rejects its row",
        "migration_tool/design/own_code.py",
        "    except BaseException as error:\n",
        "    except Exception as error:\n",
        ("tests/design/test_own_code.py::test_what_cannot_be_a_row_is_rejected",),
    ),
    Mutant(
        "survey-without-chunks",
        "the survey counts every item that is stored",
        "migration_tool/checking/survey.py",
        "            self._stored(counts, chunk)\n",
        "",
        (_SURVEY + "test_items_over_the_limit_are_measured_as_they_are_stored",),
    ),
    Mutant(
        "survey-without-members",
        "the survey counts the members of every index",
        "migration_tool/checking/survey.py",
        "            counts.members[index.name] += 1\n",
        "",
        (_SURVEY + "test_the_figures_of_an_entity",),
    ),
    Mutant(
        "proposed-key-with-nulls",
        "a proposed key is made of what every row has",
        "migration_tool/proposing/keys.py",
        "        if facts.all_present(key) and all(",
        "        if all(",
        (_PROPOSED + "test_every_row_is_an_item_with_a_key_of_its_own",),
    ),
    Mutant(
        "proposed-key-without-escapes",
        "two keys of two columns each are not one text",
        "migration_tool/proposing/keys.py",
        '"text": f"{{escape({name})}}"',
        '"text": f"{{{name}}}"',
        (_PROPOSED + "test_every_row_is_an_item_with_a_key_of_its_own",),
    ),
)
