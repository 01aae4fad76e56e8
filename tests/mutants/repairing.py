"""Mutants of what goes beyond the full comparison: a repair, a sample, the items of an index."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

REPAIRING = (
    Mutant(
        "repair-of-another-table",
        "a repair never touches a table that the run has not loaded",
        "migration_tool/repairing.py",
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
        "sample-too-small",
        "a sample without a fault shows its claim",
        "migration_tool/verify/claim.py",
        "        return ceil(round(",
        "        return int(round(",
        ("tests/verify/test_claim.py::test_a_sample_of_that_size_without_a_fault_shows_the_claim",),
    ),
    Mutant(
        "sample-without-chunk-items",
        "the row of a sample is wrong where one of its chunk items is",
        "migration_tool/verify/sampled.py",
        "*((CHUNK, chunk) for chunk in chunks)",
        "",
        ("tests/verify/test_chunks.py::test_a_sample_finds_it_where_the_row_is_drawn",),
    ),
    Mutant(
        "bound-before-all-is-seen",
        "a row counts as looked at when all of its items are",
        "migration_tool/verify/sampled.py",
        "    row = _Row(1 + len(chunks))\n",
        "    row = _Row(1)\n",
        ("tests/verify/test_chunks.py::test_a_row_is_looked_at_when_all_of_its_items_are",),
    ),
    Mutant(
        "moving-without-chunk-items",
        "of a long item that is written the chunk items are, too",
        "migration_tool/verify/moving.py",
        "                    yield _Group(number, after, len(chunk.rows), CHUNK), _texts(some.values())\n",
        "                    pass\n",
        ("tests/verify/test_chunks.py::test_what_is_wrong_with_one_is_found_while_running",),
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
