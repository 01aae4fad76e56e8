"""Mutants of what goes beyond the full comparison: a repair, a sample, the items of an index."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

REPAIRING = (
    Mutant(
        "repair-of-another-table",
        "a repair never touches a table that the run has not loaded",
        "migration_tool/repair.py",
        "        _require_same_tables(config, endpoint, run)\n",
        "",
        ("tests/cli/test_repair.py::test_another_table_of_the_same_name_is_not_touched",),
    ),
    Mutant(
        "repair-not-journaled",
        "the old item is kept before it is replaced",
        "migration_tool/mending.py",
        "        log.append([_intention(plan, change, clock()) for change in ready])\n",
        "",
        ("tests/verify/test_mending.py::test_the_journal_is_there_before_the_write",),
    ),
    Mutant(
        "repair-of-what-has-changed",
        "an item that is not what was shown is left alone",
        "migration_tool/mending.py",
        "        ready = [change for change in group if now.get(change.key) == change.before]\n",
        "        ready = list(group)\n",
        ("tests/verify/test_mending.py::test_what_has_changed_since_it_was_shown_is_left_alone",),
    ),
    Mutant(
        "repair-without-condition",
        "a change at the last moment is not overwritten",
        "migration_tool/target/swap.py",
        '    body = {"TableName": table, **_condition(swap)}\n',
        '    body = {"TableName": table}\n',
        ("tests/target/test_swap.py::test_what_has_changed_stays",),
    ),
    Mutant(
        "repaired-because-it-was-answered",
        "an item is repaired when it has been read as it is to be",
        "migration_tool/mending.py",
        "    if then.get(change.key) == change.after:\n",
        '    if refused.get(change.key) == "":\n',
        ("tests/verify/test_mending.py::test_an_answer_to_a_write_proves_nothing",),
    ),
    Mutant(
        "repair-forgets-what-was-there",
        "the journal holds every item that a repair replaces",
        "migration_tool/mending.py",
        '"action": change.action, "before": before, "after": after}',
        '"action": change.action, "before": None, "after": after}',
        ("tests/verify/test_mending.py::test_an_answer_to_a_write_proves_nothing",),
    ),
    Mutant(
        "items-that-nobody-asked-for",
        "an answer about other keys says nothing about these",
        "migration_tool/target/reader.py",
        "        if not known:\n",
        "        if False:\n",
        ("tests/target/test_reader.py::test_what_was_not_asked_for_is_no_answer",),
    ),
    Mutant(
        "sample-too-small",
        "a sample without a fault shows its claim",
        "migration_tool/verify/claim.py",
        "        return ceil(round(",
        "        return int(round(",
        ("tests/verify/test_claim.py::test_a_sample_of_that_size_without_a_fault_shows_the_claim",),
    ),
    Mutant(
        "index-by-half-a-key",
        "an index holds the items that have both of its keys",
        "migration_tool/verify/indexes.py",
        "all(_is_key(item, key) for key in keys)",
        "_is_key(item, keys[0])",
        ("tests/verify/test_indexes.py::test_members_are_the_items_that_have_both_keys_as_text",),
    ),
    Mutant(
        "part-of-the-members",
        "what an interrupted validation has not counted is not taken for nothing",
        "migration_tool/verify/indexes.py",
        "for index in indexes if known.members.keys() == known.actual.keys()",
        "for index in indexes",
        ("tests/verify/test_indexes.py::test_what_was_counted_before_counts_if_all_of_it_was",),
    ),
)
