"""One run names every fault of every design: of its file and against the source, by file and line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from migration_tool import Config, check
from migration_tool.errors import DesignError
from tests.cli.conftest import Project
from tests.cli.shell import Shell

FAULTY = """\
version: one
table: Shop
tables: Shop
indexes:
  GSI1: [GSI1PK, GSI1SK]
  GSI2: {keys: [GSI2PK, GSI2SK], projection: {include: [Nobody]}}
settings: {ttl: Never, billing: monthly}
entities:
  Artist:
    keys:
      PK: "ARTIST#{ArtistId}"
      SK: "#{Nmae}"
      GSI1PK: "NAME"
    attributes:
      Name: [Name]
      Letters: {expr: "length(Name"}
      Twice: {expr: "Nmae || Nmae"}
      Number: {column: ArtistId, as: digits}
  Album:
    where: Titel > 'A'
    lookup: {Artist: ArtistNo}
    embed:
      Tracks: {from: Trakc, match: {AlbumId: AlbumId, Id: AlbmuId}, order: 1}
    keys: {PK: "ARTIST#{Artist.Id:5}", SK: "ALBUM#{AlbumId:20}"}
    attributes: {"*": {of: Album, omit: [Titel]}}
    oversize: drop
  Track:
    where: UnitPrize > 1
    from: Track
    attributes: {Name: Name, Length: Miliseconds, Net: {colum: UnitPrice}}
    keys: {PK: "TRACK#{TrackId}", SK: "{Unitprize}{Album.Title}"}
    embeds: {Lines: {from: InvoiceLine}}
access_patterns:
  artist:
    parameters: {id: integer}
    get: {PK: "ARTIST#{id}", SK: "#{nmae}"}
    sql: SELECT Name FORM Artist WHERE ArtistId = :id
    cases: SELECT ArtistId AS id FROM Artists
  unindexed:
    query: {index: GSI9, partition: "NAME"}
    sql: SELECT Nmae FROM Artist
  unwritten:
    query: {index: GSI2, partition: "NAME"}
    sql: SELECT count(*) AS n FROM Artist
  both:
    query: {partition: "TRACK#1"}
    get: {PK: "TRACK#1", SK: x}
    sql: 5
"""
OTHER = """\
version: 1
table: Other
indexes:
  GSI1: {keys: [GSI1PK, GSI1SK], projection: {include: [Nobody]}}
settings: {ttl: Never, billing: monthly}
entities:
  Artist:
    keys: {PK: "{ArtistId}", SK: x, GSI1PK: "NAME", GSI1SK: "{Name}"}
access_patterns:
  names: {query: {index: GSI1, partition: "NAME"}, sql: SELECT Nmae FROM Artist}
"""
BROKEN = "version: 1\ntable: {\n"


def said(text: str, file: str) -> list[str]:
    """What the lines of faults say of a file, in their order."""
    return re.findall(rf"- (?:\S*/)?{file}:(.*)", text)


OF_FAULTY = """\
1:1: version: expected 1, found the text 'one'; write `version: 1`
3:1: tables: unknown key; did you mean 'table'?
7:24: settings.billing: expected on_demand, provisioned, found the text 'monthly'
10:5: entities.Artist.keys: GSI1 needs both GSI1PK and GSI1SK; write both, or neither
12:7: entities.Artist.keys.SK: unknown column of Artist 'Nmae'; did you mean 'Name'?
15:7: entities.Artist.attributes.Name: expected a mapping, found a list; write `key: value`
16:17: entities.Artist.attributes.Letters.expr: at 12: expected ')', found the end
17:15: entities.Artist.attributes.Twice.expr: unknown column of Artist 'Nmae'; did you mean 'Name'?
18:34: entities.Artist.attributes.Number.as: expected one of text, number, boolean, date, timestamp, json, found the text 'digits'
20:5: entities.Album.where: no such column: Titel; did you mean 'Title'?
21:14: entities.Album.lookup.Artist.by: unknown column of Album 'ArtistNo'; did you mean 'ArtistId'?
23:16: entities.Album.embed.Tracks.from: unknown table 'Trakc'; did you mean 'Track'?
23:55: entities.Album.embed.Tracks.match.Id: unknown column of Album 'AlbmuId'; did you mean 'AlbumId'?
23:69: entities.Album.embed.Tracks.order[0]: expected text, found 1; put it in quotes
24:12: entities.Album.keys.PK: unknown column of Artist 'Id'; there are ArtistId, Name
24:40: entities.Album.keys.SK: 'AlbumId:20': numbers can be padded to 1 … 19 digits
25:42: entities.Album.attributes.*.omit[0]: unknown column of Album 'Titel'; did you mean 'Title'?
26:5: entities.Album.oversize: expected one of reject, compress, split, s3, found the text 'drop'
28:5: entities.Track.where: no such column: UnitPrize; did you mean 'UnitPrice'?
30:30: entities.Track.attributes.Length: unknown column of Track 'Miliseconds'; did you mean 'Milliseconds'?
30:57: entities.Track.attributes.Net.colum: unknown key; did you mean 'column'?
31:35: entities.Track.keys.SK: unknown column of Track 'Unitprize'; did you mean 'UnitPrice'?
31:35: entities.Track.keys.SK: unknown alias 'Album'; there are Track
32:5: entities.Track.embeds: unknown key; did you mean 'embed'?
36:30: access_patterns.artist.get.SK: {nmae} is not a parameter of the pattern; there are id
37:5: access_patterns.artist.sql: near "Artist": syntax error
38:5: access_patterns.artist.cases: no such table: Artists; did you mean 'Artist'?
40:13: access_patterns.unindexed.query.index: there is no index 'GSI9' in this design; did you mean 'GSI2'?
41:5: access_patterns.unindexed.sql: no such column: Nmae; did you mean 'Name'?
43:26: access_patterns.unwritten.query.partition: GSI2PK equals 'NAME' finds nothing; entities write nothing
44:5: access_patterns.unwritten.sql: GSI2 does not project n; add it to its `include`, or write AS "-n": then it is not compared
45:3: access_patterns.both: expected either `get` or `query`
48:5: access_patterns.both.sql: expected text, found 5; put it in quotes
"""  # noqa: E501  # what the command says, a line each
OF_OTHER = """\
4:47: indexes.GSI1.projection.include: no entity writes Nobody; there are ArtistId, EntityType, GSI1PK, GSI1SK, Name, PK, SK
5:12: settings.ttl: no entity writes Never; there are ArtistId, EntityType, GSI1PK, GSI1SK, Name, PK, SK
5:24: settings.billing: expected on_demand, provisioned, found the text 'monthly'
10:52: access_patterns.names.sql: no such column: Nmae; did you mean 'Name'?
"""  # noqa: E501  # what the command says, a line each
OF_BROKEN = "3:1: expected the node content, but found '<stream end>', while parsing a flow node\n"


@pytest.fixture
def project(project: Project, tmp_path: Path, tiny_db: Path) -> Shell:
    """Three designs with faults, and a configuration that names them."""
    shell = project(tmp_path)
    path = tmp_path / "config/migration.json"
    tables = {name: name for name in ("shop", "other", "broken")}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dynamodb_tables": tables}))
    folder = tmp_path / "config/designs"
    folder.mkdir(exist_ok=True)
    for name, text in zip(tables, (FAULTY, OTHER, BROKEN), strict=True):
        (folder / f"{name}.yaml").write_text(text)
    return shell


@pytest.mark.parametrize(
    "command",
    [
        ("design", "check"),
        ("design", "show"),
        ("design", "export", "--format", "nosql-workbench"),
        ("plan",),
        ("migrate",),
        ("migrate", "--via", "files", "--out", "files"),
        ("validate",),
    ],
    ids=lambda command: "-".join(command[:3]),
)
def test_every_command_names_all_faults_of_all_designs(project: Shell, command: tuple[str, ...]) -> None:
    done = project(*command)
    assert done.returncode == 3
    for name, expected in (("shop", OF_FAULTY), ("other", OF_OTHER), ("broken", OF_BROKEN)):
        assert said(done.stderr, f"{name}.yaml") == expected.splitlines()
    files = re.findall(r"- \S*?(\w+)\.yaml:", done.stderr)
    assert files == sorted(files)


def test_the_faults_of_a_file_need_no_configuration(shell: Shell, tiny_db: Path) -> None:
    (shell.folder / "shop.yaml").write_text(FAULTY)
    done = shell("design", "check", "shop.yaml", "--source-db", tiny_db, "--json")
    assert (done.returncode, said(done.stderr, "shop.yaml")) == (3, OF_FAULTY.splitlines())
    faults = json.loads(done.stdout)["faults"]
    assert [f"{one['line']}:{one['column']}: {one['place']}" for one in faults] == [
        ": ".join(line.split(": ")[:2]) for line in OF_FAULTY.splitlines()
    ]


def test_a_file_that_is_named_twice_is_told_once(shell: Shell, tiny_db: Path) -> None:
    (shell.folder / "other.yaml").write_text(OTHER)
    done = shell("design", "check", "other.yaml", "other.yaml", "--source-db", tiny_db)
    assert said(done.stderr, "other.yaml") == OF_OTHER.splitlines()


def test_a_source_that_cannot_be_read_hides_no_fault_of_a_file(shell: Shell) -> None:
    (shell.folder / "other.yaml").write_text(OTHER)
    done = shell("design", "check", "other.yaml", "--source-db", "nothing.sqlite")
    assert (done.returncode, said(done.stderr, "other.yaml")) == (3, OF_OTHER.splitlines()[2:3])


def test_programs_are_told_all_at_once(project: Shell) -> None:
    with pytest.raises(DesignError) as raised:
        check(Config.load(project.folder / "config/migration.json"))
    told = "".join(f"- {line}\n" for line in raised.value.faults)
    for name, expected in (("shop", OF_FAULTY), ("other", OF_OTHER), ("broken", OF_BROKEN)):
        assert said(told, f"{name}.yaml") == expected.splitlines()


def test_a_run_is_not_begun_with_faults(project: Shell) -> None:
    assert project("migrate", "--force", "--yes").returncode == 3
    assert "no run" in project("status").stdout + project("status").stderr
