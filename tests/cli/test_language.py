"""All that a design can say of an entity, from the sample to a table that is compared and asked."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.conftest import Project

DESIGN = """
version: 1
table: Catalogue
indexes:
  Open: [OpenPK, OpenSK]
entities:
  Artist:
    embed:
      Albums:
        from: Album
        match: {ArtistId: ArtistId}
        order: [{AlbumId: descending}]
        limit: 2
        attributes: {"*": {of: Album, include: [AlbumId, Title], rename: {Title: Name}}}
        embed:
          Tracks:
            from: Track
            match: {AlbumId: AlbumId}
            order: TrackId
            attributes: {TrackId: TrackId, Minutes: {expr: "round(Milliseconds / 60000, 2)"}}
      Titles: {from: Album, match: {ArtistId: ArtistId}, as: map, key: "A{AlbumId}", value: Title}
      Initials:
        from: Album
        match: {ArtistId: ArtistId}
        as: set
        value: {expr: "upper(substr(Title, 1, 1))"}
    keys: {PK: "ARTIST#{ArtistId}", SK: "#ARTIST"}
  Track:
    keys:
      PK: "TRACK#{TrackId}"
      SK: "#TRACK"
      OpenPK: {template: "LONG#{Genre}", when: "Milliseconds > 240000 and Composer is not null"}
      OpenSK: "{Seconds:8}#{TrackId:8}"
    attributes:
      "*": Track
      Seconds: {expr: "floor(Milliseconds / 1000)"}
      Genre: {expr: "case when GenreId = 1 then 'rock' when GenreId in (2, 3) then 'loud' else 'other' end"}
      Gross: {expr: "UnitPrice * 1.19"}
      Known: {expr: "Composer is not null"}
  Entry:
    from: PlaylistTrack
    keys: {PK: "PLAYLIST#{PlaylistId}", SK: "TRACK#{TrackId:8}"}
  OnPlaylist:
    from: PlaylistTrack
    lookup:
      Pair: {table: PlaylistTrack, by: [PlaylistId, TrackId]}
      Track: Pair.TrackId
    keys: {PK: "TRACK#{TrackId}", SK: "PLAYLIST#{PlaylistId:8}"}
    attributes: {"*": PlaylistTrack, Name: Track.Name}
access_patterns:
  artist:
    parameters: {artist_id: integer}
    get: {PK: "ARTIST#{artist_id}", SK: "#ARTIST"}
    sql: >
      SELECT ArtistId,
        (SELECT json_group_array(json_object('AlbumId', AlbumId, 'Name', Title, 'Tracks', json(Ts))) FROM (
          SELECT AlbumId, Title, (SELECT json_group_array(json_object('TrackId', TrackId,
              'Minutes', round(Milliseconds / 60000.0, 2))) FROM (
              SELECT * FROM Track WHERE Track.AlbumId = Album.AlbumId ORDER BY TrackId)) AS Ts
          FROM Album WHERE Album.ArtistId = Artist.ArtistId ORDER BY AlbumId DESC LIMIT 2)) AS Albums,
        (SELECT json_group_object('A' || AlbumId, Title) FROM Album WHERE Album.ArtistId = Artist.ArtistId)
          AS Titles,
        (SELECT json_group_array(DISTINCT upper(substr(Title, 1, 1))) FROM Album
          WHERE Album.ArtistId = Artist.ArtistId HAVING count(*)) AS Initials
      FROM Artist WHERE ArtistId = :artist_id
    cases: SELECT ArtistId AS artist_id FROM Artist
  long_tracks:
    parameters: {genre: text}
    query: {index: Open, partition: "LONG#{genre}"}
    sql: >
      SELECT TrackId, Milliseconds / 1000 AS Seconds, round(UnitPrice * 1.19, 4) AS Gross, 1 AS Known
      FROM Track WHERE Milliseconds > 240000 AND Composer IS NOT NULL
        AND CASE GenreId WHEN 1 THEN 'rock' WHEN 2 THEN 'loud' WHEN 3 THEN 'loud' ELSE 'other' END = :genre
      ORDER BY Seconds, TrackId
    cases: SELECT 'rock' AS genre UNION SELECT 'loud' UNION SELECT 'other'
  tracks_of_playlist:
    parameters: {playlist_id: integer}
    query: {partition: "PLAYLIST#{playlist_id}"}
    sql: SELECT TrackId FROM PlaylistTrack WHERE PlaylistId = :playlist_id ORDER BY TrackId
    cases: SELECT DISTINCT PlaylistId AS playlist_id FROM PlaylistTrack
  playlists_of_track:
    parameters: {track_id: integer}
    query: {partition: "TRACK#{track_id}", sort: {begins_with: "PLAYLIST#"}}
    sql: >
      SELECT PlaylistId, Name FROM PlaylistTrack JOIN Track USING (TrackId) WHERE TrackId = :track_id
      ORDER BY PlaylistId
    cases: SELECT TrackId AS track_id FROM Track
"""


def test_what_a_design_can_say_is_loaded_compared_and_asked(
    project: Project, tmp_path: Path, tiny_db: Path
) -> None:
    shell = project(tmp_path)
    path = tmp_path / "config/migration.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"dynamodb_tables": {"catalogue": "Catalogue"}}))
    (tmp_path / "config/designs").mkdir(exist_ok=True)
    (tmp_path / "config/designs/catalogue.yaml").write_text(DESIGN)
    shown = shell.ok("design", "show", COLUMNS="200")
    assert "when Milliseconds > 240000 and Composer is not null" in shown
    assert "map of Album" in shown
    assert "UnitPrice * 1.19" in shown
    assert "is complete" in shell.ok("migrate")
    assert "source and target are equal" in shell.ok("validate", "--fresh")
    with closing(sqlite3.connect(tiny_db)) as source:
        counts = {
            name: source.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for name, table in (
                ("Entry", "PlaylistTrack"),
                ("OnPlaylist", "PlaylistTrack"),
                ("Track", "Track"),
            )
        }
    status = json.loads(shell.ok("status", "--json"))
    (table,) = status["tables"]
    assert {e["name"]: e["items_written"] for e in table["entities"] if e["name"] in counts} == counts
    found = json.loads(shell.ok("query", "catalogue", "artist", "artist_id=1", "--json"))
    assert [album["AlbumId"] for album in found["Albums"]] == sorted(
        (album["AlbumId"] for album in found["Albums"]), reverse=True
    )
