"""Mutants of the files of an export, of the import that is made of them, and of items over 400 KB."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_NOTES = "tests/state/test_imports.py::"
_ANSWERS = "tests/target/test_importing.py::"
_LARGE = "tests/test_oversize.py::"

EXPORTING = (
    Mutant(
        "part-before-it-is-whole",
        "a part has its name only when every line is in it",
        "migration_tool/state/parts.py",
        '        self._temporary = self._path.with_name(f".{self._path.name}.tmp")\n',
        "        self._temporary = self._path\n",
        (_NOTES + "test_a_part_is_whole_or_not_there",),
    ),
    Mutant(
        "register-of-anything",
        "what the register says of a part is what was written there",
        "migration_tool/state/parts.py",
        '    if f.text("check") != _checksum(part):\n',
        "    if False:\n",
        (_NOTES + "test_a_line_of_the_register_that_was_changed_or_doubled_is_refused",),
    ),
    Mutant(
        "part-that-is-gone",
        "a part that was cut off is not sent, nor named in a manifest",
        "migration_tool/state/parts.py",
        "        if size != part.size:\n",
        "        if False:\n",
        (_NOTES + "test_the_file_of_a_part_has_to_be_there_whole",),
    ),
    Mutant(
        "parts-ahead-of-the-account",
        "a part that no checkpoint knows of does not count",
        "migration_tool/state/parts.py",
        "        if left <= 0:\n            break\n",
        "",
        (_NOTES + "test_only_the_parts_that_the_state_knows_of_count",),
    ),
    Mutant(
        "import-of-fewer",
        "an import has to have as many items as were sent",
        "migration_tool/target/importing.py",
        "    if not facts.processed == facts.imported == expected or facts.errors:\n",
        "    if not facts.processed == facts.imported or facts.errors:\n",
        (_ANSWERS + "test_other_counts_are_differences",),
    ),
    Mutant(
        "import-with-errors",
        "an import with errors is not whole",
        "migration_tool/target/importing.py",
        "facts.imported == expected or facts.errors:\n",
        "facts.imported == expected:\n",
        (_ANSWERS + "test_other_counts_are_differences",),
    ),
    Mutant(
        "import-begun-twice",
        "an import that nothing knows of is the same one when it is begun again",
        "migration_tool/target/importing.py",
        "            ClientToken=token,\n",
        "",
        (_ANSWERS + "test_the_token_makes_it_one_import",),
    ),
    Mutant(
        "object-without-its-checksum",
        "an object of another content is sent again",
        "migration_tool/target/s3.py",
        ' and found.get("Metadata", {}).get(_SHA256) == sha256',
        "",
        (_ANSWERS + "test_an_object_is_known_again_by_its_size_and_its_checksum",),
    ),
    Mutant(
        "objects-of-others",
        "nothing is imported but what was uploaded",
        "migration_tool/target/s3.py",
        "        if found != expected:\n",
        "        if not expected.items() <= found.items():\n",
        (_ANSWERS + "test_only_what_was_uploaded_is_imported",),
    ),
    Mutant(
        "import-of-colliding-keys",
        "rows that share a key are found before an import, which would keep one of them",
        "migration_tool/importing.py",
        "                require_sound(source, bound.compiled, self._config.state_dir)\n",
        "                pass\n",
        ("tests/files/test_s3_import.py::test_colliding_keys_are_refused_before_anything_is_sent",),
    ),
    Mutant(
        "chunks-of-another-item",
        "an item is put together only of all its chunks, in order",
        "migration_tool/oversize.py",
        '        if packed["Sha256"] != {"S": sha256(data).hexdigest()}:\n',
        "        if False:\n",
        (_LARGE + "test_chunks_of_another_time_are_not_those_of_the_item",),
    ),
    Mutant(
        "hidden-by-what-is-packed",
        "what is packed in an item hides no difference of the item",
        "migration_tool/oversize.py",
        " and not others.keys() & moved.keys()",
        "",
        (_LARGE + "test_only_attributes_that_the_item_lacks_are_put_back",),
    ),
    Mutant(
        "bomb",
        "a few bytes do not become gigabytes",
        "migration_tool/oversize.py",
        '_bytes(packed["Data"]), MOST_BYTES)',
        '_bytes(packed["Data"]))',
        (_LARGE + "test_more_than_can_be_meant_is_not_unpacked",),
    ),
)
