"""Mutants of the source and of the world around a run: order, position, changes."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_SQL = "migration_tool/source/sql.py"
_ROWS, _WINDOWS = "tests/source/test_rows.py::", "tests/source/test_windows.py::"

SOURCE = (
    Mutant(
        "rows-in-any-order",
        "rows come in the order of their cursor",
        _SQL,
        '        f"SELECT {_values(columns, careful)} {_from(read)} {_where(read, *conditions)} "\n'
        "        f\"ORDER BY {', '.join(cursor.order(read.alias))}\"\n",
        '        f"SELECT {_values(columns, careful)} {_from(read)} {_where(read, *conditions)} "\n',
        (_ROWS + "test_rows_of_a_table_without_rowid", _ROWS + "test_any_composite_key_can_be_resumed_from"),
    ),
    Mutant(
        "items-in-any-order",
        "items that SQLite writes come in the order of their rows",
        _SQL,
        "'NOT INDEXED')} {self._behind}",
        "'INDEXED BY ThingSize')} {self._behind}",
        (_WINDOWS + "test_rows_of_a_condition_come_in_the_order_of_the_table_whatever_is_indexed",),
    ),
    Mutant(
        "window-of-more-rows",
        "a window has the rows that were asked for",
        _SQL,
        "LIMIT 1 OFFSET ?2 - 1",
        "LIMIT 1 OFFSET ?2",
        (_WINDOWS + "test_a_row_of_a_window_can_be_read_again_later",),
    ),
    Mutant(
        "row-at-the-position-again",
        "a resume begins behind the last row, not with it",
        _SQL,
        "        return f\"({', '.join(cursor.order(alias))}) > (",
        "        return f\"({', '.join(cursor.order(alias))}) >= (",
        (_ROWS + "test_rows_of_a_rowid_table",),
    ),
    Mutant(
        "key-without-its-collation",
        "a key is resumed by the collation it is ordered by",
        _SQL,
        "        if not self.collations:\n            return names\n",
        "        return names\n",
        (_ROWS + "test_rows_of_a_table_without_rowid", _ROWS + "test_any_composite_key_can_be_resumed_from"),
    ),
    Mutant(
        "written-items-not-compared",
        "an item that SQLite would write differently is not taken",
        "migration_tool/source/windows.py",
        "        if first and not self._as_the_function(first, texts[0]):\n",
        "        if False:\n",
        (_WINDOWS + "test_an_item_that_sqlite_would_write_differently_is_not_taken",),
    ),
    Mutant(
        "broken-text-written",
        "text that is not UTF-8 is not written as it is",
        "migration_tool/source/windows.py",
        "chain(broken, change_case",
        "chain(change_case",
        (_WINDOWS + "test_broken_text_is_found_wherever_it_stands",),
    ),
    Mutant(
        "database-opened-for-writing",
        "a database with a hot journal is refused, not repaired",
        "migration_tool/source/connection.py",
        '    return "rw" if at_rest and header[18:20] == _WAL_VERSIONS else "ro"\n',
        '    return "rw"\n',
        ("tests/source/test_connection.py::test_a_hot_journal_is_refused_and_left_alone",),
    ),
)

WORLD = (
    Mutant(
        "log-not-fingerprinted",
        "a commit that only the write-ahead log holds is a change",
        "migration_tool/source/snapshot.py",
        "                _hash_into(digest, log, given_up)\n",
        "                pass\n",
        (
            "tests/source/test_snapshot.py::test_a_commit_that_is_only_in_the_wal_is_noticed",
            "tests/resume/test_changed_world.py::test_a_commit_that_only_the_write_ahead_log_holds_is_noticed",
        ),
    ),
    Mutant(
        "changed-rows-accepted",
        "a run does not go on with rows that have changed",
        "migration_tool/world.py",
        '    elif now["content"] != known["content"] and not _copy_is_current(config, checkpoint):\n',
        "    elif False:\n",
        (
            "tests/resume/test_changed_world.py::test_a_changed_source_is_refused_and_the_copy_still_completes_the_run",
        ),
    ),
    Mutant(
        "table-of-the-same-name",
        "a table that was dropped and made anew is another one",
        "migration_tool/world.py",
        "    if now == known:\n",
        "    if now and now.name == known.name:\n",
        ("tests/resume/test_changed_world.py::test_a_table_that_was_dropped_is_refused_then_loaded_again",),
    ),
    Mutant(
        "changed-design-accepted",
        "a run does not go on with another design",
        "migration_tool/world.py",
        "        if design.fingerprint != fingerprints[name]:\n",
        "        if False:\n",
        ("tests/resume/test_changed_world.py::test_a_changed_design_is_refused_then_loaded_again",),
    ),
    Mutant(
        "damage-not-looked-for",
        "a damaged source is refused before the first write",
        "migration_tool/source/examination.py",
        '        yield from (problem for problem in found if problem != "ok")\n',
        "        yield from ()\n",
        (
            "tests/source/test_connection.py::test_what_quick_check_finds_is_said",
            "tests/source/test_connection.py::test_a_primary_key_out_of_order_is_damage",
        ),
    ),
    Mutant(
        "two-libraries-at-once",
        "a database that is open in another SQLite library is refused",
        "migration_tool/source/connection.py",
        "    _require_alone(path)\n",
        "",
        ("tests/source/test_connection.py::test_a_database_that_is_open_in_another_library_is_refused",),
    ),
    Mutant(
        "second-statement-left-out",
        "of two statements neither is run",
        "migration_tool/source/question.py",
        "    if _first(connection, statement[len(text) :], arguments)[0]:\n",
        "    if False:\n",
        ("tests/source/test_query.py::test_one_statement_and_no_more",),
    ),
    Mutant(
        "fingerprint-ends-the-locks",
        "files that are hashed stay open while SQLite has its locks",
        "migration_tool/source/snapshot.py",
        '        _hash_into(digest, files.enter_context(path.open("rb")), given_up)\n',
        '        with path.open("rb") as file:\n            _hash_into(digest, file, given_up)\n',
        (
            "tests/source/test_connection.py::test_a_fingerprint_beside_a_connection_ends_no_lock",
            "tests/source/test_examination.py::test_the_end_of_the_hash_ends_no_lock",
        ),
    ),
)
