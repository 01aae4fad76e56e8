"""Mutants of the proof: the comparison of all items, and the search for keys that rows share."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_COMPARING = "tests/verify/test_compare.py::"

COMPARISON = (
    Mutant(
        "missing-not-counted",
        "a row without its item is a difference",
        "migration_tool/verify/pairing.py",
        "        self.missing_count[_entity(record)] += 1\n",
        "",
        (_COMPARING + "test_one_changed_one_deleted_one_added_are_named",),
    ),
    Mutant(
        "extra-not-counted",
        "an item that no row gives is a difference",
        "migration_tool/verify/pairing.py",
        "        self.extra_count[_entity(record)] += 1\n",
        "",
        (_COMPARING + "test_one_changed_one_deleted_one_added_are_named",),
    ),
    Mutant(
        "different-not-counted",
        "an item with another value is a difference",
        "migration_tool/verify/pairing.py",
        "        self.different_count[_entity(record)] += 1\n",
        "",
        (_COMPARING + "test_one_changed_one_deleted_one_added_are_named",),
    ),
    Mutant(
        "sums-of-beginnings",
        "the sums are of whole items",
        "migration_tool/verify/tallies.py",
        "    return sum([int.from_bytes(blake2b(text).digest()) for text in texts])\n",
        "    return sum([int.from_bytes(blake2b(text[:1000]).digest()) for text in texts])\n",
        (_COMPARING + "test_long_values_are_cut_to_where_they_differ",),
    ),
    Mutant(
        "sums-without-chunk-items",
        "the chunk items are in the sum of the expected side",
        "migration_tool/verify/tallies.py",
        "            digest += _sum(text.encode() for _, _, text in part.chunks)\n",
        "            pass\n",
        ("tests/verify/test_chunks.py::test_equal_sums_are_a_proof_that_counts_chunk_items",),
    ),
    Mutant(
        "sums-ignore-how-often",
        "an item that is there twice is not one",
        "migration_tool/verify/tallies.py",
        "    return sum([int.from_bytes(blake2b(text).digest()) for text in texts])\n",
        "    return sum({int.from_bytes(blake2b(text).digest()) for text in texts})\n",
        ("tests/verify/test_tallies.py::test_sums_are_equal_where_every_item_is_there_equally_often",),
    ),
    Mutant(
        "sums-although-keys-may-collide",
        "two rows with one item are not hidden by a scan that gives it twice",
        "migration_tool/verify/compare.py",
        "        if proof(self.compiled):\n",
        "        if False:\n",
        (_COMPARING + "test_two_rows_with_one_item_are_not_hidden_by_a_scan_that_gives_it_twice",),
    ),
    Mutant(
        "scan-ends-with-its-first-page",
        "a scan ends only where an answer says so",
        "migration_tool/target/reader.py",
        '            if start := page.get("LastEvaluatedKey"):\n                ask(segment, start)\n',
        "",
        ("tests/target/test_reader.py::test_a_scan_follows_each_segment_to_its_end_over_empty_pages",),
    ),
    Mutant(
        "share-of-a-lost-helper",
        "what a reader that was killed had begun is read again",
        "migration_tool/verify/readers.py",
        "        self._left += [helper.share] if helper.share else []\n",
        "",
        ("tests/verify/test_readers.py::test_what_a_killed_helper_had_begun_is_read_again",),
    ),
    Mutant(
        "collisions-not-counted",
        "rows that share a key are found before the first write",
        "migration_tool/verify/collisions.py",
        "                count += more\n",
        "",
        ("tests/verify/test_collisions.py::test_rows_that_share_a_key_are_named",),
    ),
    Mutant(
        "any-column-is-unique",
        "a design is proved only by a whole unique key of its table",
        "migration_tool/design/uniqueness.py",
        "    if any(set(key) <= readable for key in unique):\n",
        "    if any(set(key) & readable for key in unique):\n",
        ("tests/verify/test_uniqueness.py::test_doubted",),
    ),
    Mutant(
        "differences-are-no-failure",
        "complete means compared: a difference is not completion",
        "migration_tool/phases.py",
        "        if not report.ok:\n",
        "        if False:\n",
        ("tests/cli/test_exit_codes.py::test_a_run_with_differences_7_is_not_complete",),
    ),
)
