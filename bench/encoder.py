"""The function that a design is compiled to, for tracks, against the best one we can write by hand.

    python -m bench.encoder SOURCE ROUNDS

The one by hand knows that every column but Composer holds what its name says, and checks nothing. First every
row of the source must give the same text with both; then both are timed in turn on rows held in memory.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Callable, Sequence
from itertools import islice
from json.encoder import encode_basestring as quoted
from pathlib import Path
from statistics import median
from typing import Any

from bench.items import compiled
from bench.product import MUSIC, design_file
from migration_tool.model import EncodedItem, Row
from migration_tool.source.sqlite import SqliteSource

LOW_TRACK = "\x01TRACK#"
TIMED_ROWS = 20_000
PASSES = 15
COLUMNS = (
    "TrackId", "Artist.ArtistId", "AlbumId", "GenreId", "Name", "MediaTypeId", "Composer", "Milliseconds",
    "Bytes", "UnitPrice", "Artist.Name", "Album.Title", "Genre.Name", "MediaType.Name",
)  # fmt: skip
"""The order of a row in which `by_hand` takes it."""


def by_hand(row: Row) -> EncodedItem:
    (track, artist, album, genre, name, media, composer, milliseconds, size, price,
     artist_name, title, genre_name, media_name) = row  # fmt: skip
    track_text = str(track)
    number = track_text.zfill(10)
    shard = (track & 2147483647) * 2654435761 % 4294967296 * 8 >> 32
    partition = f"ARTIST#{artist}"
    sort = f"TRACK#{str(album).zfill(10)}#{number}"
    composed = "" if composer is None else f',"Composer":{{"S":{quoted(composer)}}}'
    return partition, sort, (
        f'{{"AlbumId":{{"N":"{album}"}},"AlbumTitle":{{"S":{quoted(title)}}},"ArtistId":{{"N":"{artist}"}}'
        f',"ArtistName":{{"S":{quoted(artist_name)}}},"Bytes":{{"N":"{size}"}}{composed}'
        f',"EntityType":{{"S":"Track"}},"GSI1PK":{{"S":"ALBUM#{album}"}},"GSI1SK":{{"S":"TRACK#{number}"}}'
        f',"GSI2PK":{{"S":"TRACK#{track_text}"}},"GSI2SK":{{"S":"#TRACK"}}'
        f',"GSI3PK":{{"S":"GENRE#{genre}#{shard}"}},"GSI3SK":{{"S":"{number}"}}'
        f',"GSI4PK":{{"S":"SEARCH#{shard}"}}'
        f',"GSI4SK":{{"S":{quoted(name.lower() + LOW_TRACK + number)}}}'
        f',"GenreId":{{"N":"{genre}"}},"GenreName":{{"S":{quoted(genre_name)}}}'
        f',"MediaTypeId":{{"N":"{media}"}},"MediaTypeName":{{"S":{quoted(media_name)}}}'
        f',"Milliseconds":{{"N":"{milliseconds}"}},"Name":{{"S":{quoted(name)}}}'
        f',"PK":{{"S":"{partition}"}},"SK":{{"S":"{sort}"}},"TrackId":{{"N":"{track_text}"}}'
        f',"UnitPrice":{{"N":"{price!r}"}}}}'
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("rounds", type=int)
    given = parser.parse_args()
    with SqliteSource(given.source) as source:
        track = compiled(source, design_file(MUSIC)).entity("Track")
        if track.labels != COLUMNS:
            raise RuntimeError(f"the design reads {track.labels}: bench/encoder.py takes {COLUMNS}")
        equal = sum(_equal(track.item, row) for _, row in source.rows(track.read))
        rows = [row for _, row in islice(source.rows(track.read), TIMED_ROWS)]
    gc.freeze()
    pairs = [_in_turn(track.item, rows) for _ in range(given.rounds)]
    print(json.dumps({"pairs": pairs, "rows": len(rows), "rows_equal": equal}))


def _equal(item: Callable[[Row], EncodedItem], row: Row) -> bool:
    if item(row) != by_hand(row):
        raise RuntimeError(f"not the same item:\n{item(row)}\n{by_hand(row)}")
    return True


def _in_turn(item: Callable[[Row], EncodedItem], rows: Sequence[Row]) -> tuple[float, float]:
    """Rows per second of both: medians over passes that take turns."""
    passes = [(_rate(item, rows), _rate(by_hand, rows)) for _ in range(PASSES)]
    return median(a for a, _ in passes), median(b for _, b in passes)


def _rate(item: Callable[[Row], Any], rows: Sequence[Row]) -> float:
    began = time.perf_counter()
    for row in rows:
        item(row)
    return len(rows) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
