"""Where in a file a fault is."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_tool.documents import Faulty, located, read_mapping
from migration_tool.errors import Fault

BLOCK = """\
# a comment
version: 1

entities:
  Track:
    keys:
      PK: "A#{x}"
      "S K": >
        long
        text
    omit:
      - a
      -   b
    a.b: {c: [1, {d: 2}]}
"""


@pytest.mark.parametrize(
    ("place", "line", "column"),
    [
        ("", 2, 1),
        ("version", 2, 1),
        ("entities.Track.keys.PK", 7, 7),
        ("entities.Track.keys.S K", 8, 7),
        ("entities.Track.omit[1]", 13, 11),
        ("entities.Track.a.b", 14, 5),
        ("entities.Track.a.b.c[1].d", 14, 19),
        ("entities.Track.keys.missing.more", 6, 5),
        ("entities.Track.omit[7]", 11, 5),
        ("entities.Track.omit.x", 11, 5),
        ("nowhere", 2, 1),
        ("nowhere.at[0].all", 2, 1),
    ],
)
def test_a_place_has_the_line_of_its_key_or_of_what_surrounds_it(
    tmp_path: Path, place: str, line: int, column: int
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(BLOCK)
    for text in (BLOCK, BLOCK.replace("\n", "\r\n"), "\ufeff" + BLOCK):
        path.write_bytes(text.encode())
        assert located(path, [Fault(place, "r", "m")]) == [Fault(place, "r", "m", str(path), line, column)]


def test_json_has_lines_too(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{\n\t"a": {\n\t\t"\\u00e9": [1,\n\t2]}}')
    faults = [Fault("a.é[1]", "r"), Fault("a.é", "r"), Fault("a", "r")]
    assert [(f.line, f.column) for f in located(path, faults)] == [(2, 2), (3, 3), (4, 2)]


def test_a_file_that_has_gone_meanwhile_has_no_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    assert [str(fault) for fault in located(path, [Fault("a", "wrong", "mend it")])] == [
        f"{path}: a: wrong; mend it"
    ]


def test_the_file_is_named_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "x.yaml"
    path.write_text("a: 1")
    monkeypatch.chdir(tmp_path)
    for given in (path, Path("in/x.yaml")):
        assert [str(fault) for fault in located(given, [Fault("a", "wrong")])] == ["in/x.yaml:1:1: a: wrong"]


def test_keys_that_stand_twice_are_all_named_at_their_second_place(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: 1\nb: {c: 1,\n c: 2}\na: 3\n5: x\n")
    with pytest.raises(Faulty) as raised:
        read_mapping(path)
    assert [str(fault).partition("x.yaml:")[2] for fault in located(path, raised.value.faults)] == [
        "3:2: b.c: stands twice; leave one of the two out",
        "4:1: a: stands twice; leave one of the two out",
        "5:1: 5: a key must be text; put it in quotes",
    ]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        (
            "x.yaml",
            "a: 1\nb: [1\nc: 2\n",
            "3:2: expected ',' or ']', but got ':', while parsing a flow sequence",
        ),
        ("x.yaml", "a:\n  b: 1\n c: 2\n", "3:2: expected <block end>, but found '<block mapping start>'"),
        ("x.yaml", 'a: "x\n', "2:1: found unexpected end of stream, while scanning a quoted scalar"),
        ("x.yaml", "a: 1\nb: é\x00\n", "2:5: special characters are not allowed"),
        ("x.yaml", "a: &x 1\nb:\n  - *x\n", "3:5: aliases are not used here: *x; write out"),
        ("x.yaml", "a: 1\nb: !!binary aGk=\n", "2:4: the tag tag:yaml.org,2002:binary is not used here"),
        ("x.json", '{"a": 1,\n "b" 2}', "2:6: Expecting ':' delimiter"),
        ("x.json", '{"a": 1,\n', "2:1: Expecting property name enclosed in double quotes"),
    ],
)
def test_what_cannot_be_read_has_a_line(tmp_path: Path, name: str, text: str, fault: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode())
    with pytest.raises(Faulty) as raised:
        read_mapping(path)
    (found,) = located(path, raised.value.faults)
    assert str(found).startswith(f"{path}:{fault}")
