"""A database in the Chinook schema, at any scale, the same on every machine.

Scale 1 has exactly Chinook's table sizes. Scale N is N blocks of that size; only genres and media types
are the same 25 and 5 at every scale, as a bigger shop has more records and not more kinds of record.
Every row is a function of its number alone: nothing is remembered, so any scale streams, and a row that
needs another one (an invoice its customer's address) computes it again. The draws are splitmix64, written
out here because the algorithms of `random` may change between Python versions.
"""

from __future__ import annotations

import os
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path

import apsw

from migration_tool import sample_data as words
from migration_tool.errors import SourceError, UsageError
from migration_tool.model import Row
from migration_tool.sample_text import ASCII, draw, phrase, pick, reach, within

ARTISTS, ALBUMS, TRACKS, CUSTOMERS, INVOICES, LINES, EMPLOYEES = 275, 347, 3503, 59, 412, 2240, 8
PERFORMING = 204
"""Artists of a block that have an album; the other 71 have none."""
LINES_PER_INVOICE = (2, 4, 6, 9, 14, 1, 2)
FIRST_DAY, DAYS = date(2021, 1, 1), 1817
AGENTS = (3, 4, 5)
BOSSES = (0, 1, 2, 2, 2, 1, 6, 6)
"""Whom the employees of a block report to, as numbers within the block; the first one reports outside."""
MEDIA = (1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 5)
COMPANIONS = ("-journal", "-wal", "-shm")
"""What SQLite keeps beside a database; left over from another one, they would damage ours."""
BETWEEN = 5
"""From the track of a line to that of the next one."""
STRIDE = 1_000_003
"""A prime: multiples of it, taken modulo a table's size, visit every row once before any a second time."""


def row_counts(scale: int) -> dict[str, int]:
    """The number of rows of each table at that scale."""
    per_block = {
        "Album": ALBUMS, "Artist": ARTISTS, "Customer": CUSTOMERS, "Employee": EMPLOYEES, "Invoice": INVOICES,
        "InvoiceLine": LINES, "Playlist": len(words.PLAYLISTS), "PlaylistTrack": 8715, "Track": TRACKS,
    }  # fmt: skip
    counts = {name: count * scale for name, count in per_block.items()}
    return counts | {"Genre": len(words.GENRES), "MediaType": len(words.MEDIA_TYPES)}


def write(path: Path, scale: int, *, overwrite: bool = False) -> None:
    """Write the sample database of that scale to `path`, whole or not at all; missing folders are made.

    Raises UsageError for a scale below 1 or a file that exists, SourceError if it cannot be written.
    """
    _check_request(path, scale, overwrite)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            part = Path(folder) / path.name
            _fill(part, scale)
            for suffix in COMPANIONS:
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            part.replace(path)
    except (OSError, apsw.Error) as error:
        hint = "Give another place with --out, or make room there and repeat the command."
        raise SourceError("write the sample database", path, error, hint) from error


def _check_request(path: Path, scale: int, overwrite: bool) -> None:
    operation = "write the sample database"
    if scale < 1:
        hint = "Scale 1 has exactly Chinook's table sizes: --scale 1."
        raise UsageError(operation, f"scale {scale}", "the scale must be 1 or more", hint)
    taken = next((name for suffix in ("", *COMPANIONS) if os.path.lexists(name := f"{path}{suffix}")), None)
    if taken and not overwrite:
        hint = "Give another name with --out, or delete that file first."
        raise UsageError(operation, taken, "the file exists already", hint)


def _fill(path: Path, scale: int) -> None:
    connection = apsw.Connection(str(path))
    try:
        connection.execute("PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
        connection.execute(words.SCHEMA + "BEGIN;")
        for table, rows in _tables(scale):
            first = next(rows)
            statement = f"INSERT INTO [{table}] VALUES ({', '.join('?' * len(first))})"  # noqa: S608 - our own names
            connection.execute(statement, first)
            connection.executemany(statement, rows)
        connection.execute("COMMIT")
        connection.execute(words.INDEXES)
    finally:
        connection.close()


def _tables(scale: int) -> Iterator[tuple[str, Iterator[Row]]]:
    yield "Genre", enumerate(words.GENRES, 1)
    yield "MediaType", enumerate(words.MEDIA_TYPES, 1)
    yield "Employee", map(_employee, range(1, EMPLOYEES * scale + 1))
    yield "Artist", map(_artist, range(1, ARTISTS * scale + 1))
    yield "Album", map(_album, range(1, ALBUMS * scale + 1))
    yield "Track", map(_track, range(1, TRACKS * scale + 1))
    yield "Playlist", _playlists(scale)
    yield "PlaylistTrack", _playlist_tracks(scale)
    yield "Customer", map(_customer, range(1, CUSTOMERS * scale + 1))
    yield "Invoice", (_invoice(number, scale) for number in range(1, INVOICES * scale + 1))
    yield "InvoiceLine", _invoice_lines(scale)


def _artist(number: int) -> Row:
    return number, phrase(words.ARTIST_FORMS, draw(1, number))


def _album(number: int) -> Row:
    block, local = divmod(number - 1, ALBUMS)
    return number, phrase(words.NAME_FORMS, draw(2, number)), block * ARTISTS + _performer(local)


def _performer(album: int) -> int:
    """The artist of an album, both within their block: each performing artist once, then a few very often."""
    late = album - PERFORMING
    rank = album if late < 0 else late * late * PERFORMING // (ALBUMS - PERFORMING) ** 2 * 37 % PERFORMING
    return -(-(rank + 1) * ARTISTS // PERFORMING)


@cache
def _albums_of_tracks() -> tuple[int, ...]:
    """For each track of a block the album it is on, both counted from 0."""
    sizes = [1 + draw(3, album) % 17 for album in range(ALBUMS)]
    for extra in range(TRACKS - sum(sizes)):
        sizes[extra * extra % ALBUMS] += 1
    return tuple(album for album, size in enumerate(sizes) for _ in range(size))


def _is_series(album: int) -> bool:
    """One album in 16 is a video series: dearer, without composers, of its own genres."""
    return album % 16 == 8


def _cents(track: int) -> int:
    """The price of the track of that number."""
    return 199 if _is_series(_albums_of_tracks()[(track - 1) % TRACKS]) else 99


def _track(number: int) -> Row:
    block, local = divmod(number - 1, TRACKS)
    album = _albums_of_tracks()[local]
    bits = draw(4, number)
    common = bits % 32 == 0
    if common:
        name = pick(within(words.COMMON_NAMES, reach(bits)), bits >> 8)
    else:
        name = phrase(words.NAME_FORMS, draw(5, number))
    if _is_series(album):
        genre, media, milliseconds, rate = 18 + album % 5, 3, 1_200_000 + (bits >> 16) % 1_700_000, 190
    else:
        genre, media = 1 + (album * 11 + block) % len(words.GENRES), MEDIA[(bits >> 12) % len(MEDIA)]
        milliseconds, rate = 1_000 + (bits >> 16) % 560_000, 32
    composer = None if _is_series(album) or (bits >> 40) % 1000 < 245 else _composer(draw(6, number))
    size = milliseconds * rate + (bits >> 50)
    album_number = block * ALBUMS + album + 1
    return number, name, album_number, media, genre, composer, milliseconds, size, _cents(number) / 100


def _composer(bits: int) -> str:
    most = reach(bits)
    first, last = within(words.FIRST_NAMES, most), within(words.LAST_NAMES, most)
    people = [
        f"{pick(first, bits >> shift)} {pick(last, bits >> (shift + 7))}"
        for shift in range(0, 14 * (1 + bits % 3), 14)
    ]
    return pick((", ", " & ", "/"), bits >> 50).join(people)


def _playlists(scale: int) -> Iterator[Row]:
    for block in range(scale):
        for local, (name, _) in enumerate(words.PLAYLISTS, 1):
            yield block * len(words.PLAYLISTS) + local, f"{name} {block + 1}" if block else name


def _playlist_tracks(scale: int) -> Iterator[Row]:
    """Tracks of the playlist's own block, spread evenly, in the order of their numbers."""
    for playlist in range(scale * len(words.PLAYLISTS)):
        block, local = divmod(playlist, len(words.PLAYLISTS))
        size, start = words.PLAYLISTS[local][1], draw(7, playlist) % TRACKS
        for place in range(size):
            yield playlist + 1, block * TRACKS + (place * TRACKS + start) // size + 1


def _employee(number: int) -> Row:
    block, local = divmod(number - 1, EMPLOYEES)
    bits = draw(8, number)
    first, last = _name(bits)
    title = "Regional Manager" if block and not local else words.TITLES[local]
    born = _midnight(date(1950, 1, 1), (bits >> 20) % 15000)
    hired = _midnight(FIRST_DAY, -((bits >> 35) % 7000))
    home, contact = _home(9, number), _contact(9, number)
    mail = _mail(first, last, number, "example.com")
    return number, last, first, title, _boss(block, local), born, hired, *home, *contact, mail


def _boss(block: int, local: int) -> int | None:
    """Blocks form a binary tree: the first of a block reports to the sales manager of the block above."""
    if local:
        return block * EMPLOYEES + BOSSES[local]
    return (block - 1) // 2 * EMPLOYEES + 2 if block else None


def _customer(number: int) -> Row:
    block, local = divmod(number - 1, CUSTOMERS)
    bits = draw(10, number)
    first, last = _name(bits)
    company = pick(words.COMPANIES, bits >> 20) if (bits >> 30) % 6 == 0 else None
    mail = _mail(first, last, number, "example.net")
    agent = block * EMPLOYEES + AGENTS[local % len(AGENTS)]
    return number, first, last, company, *_home(11, number), *_contact(11, number), mail, agent


def _name(bits: int) -> tuple[str, str]:
    """First and last name. Three people of ten have any name, so that as many as in Chinook have accents."""
    most = sys.maxunicode if (bits >> 50) % 10 < 3 else ASCII
    first, last = within(words.FIRST_NAMES, most), within(words.LAST_NAMES, most)
    return pick(first, bits >> 3), pick(last, bits >> 11)


def _home(stream: int, number: int) -> Row:
    """Address, city, state, country and postal code."""
    bits = draw(stream, number)
    country, city, state, postal_form, _ = words.PLACES[bits % len(words.PLACES)]
    street = f"{1 + (bits >> 8) % 299} {pick(words.STREETS, bits >> 20)}"
    digits = f"{(bits >> 28) % 1000:03}", f"{(bits >> 40) % 1000:03}"
    return street, city, state, country, postal_form.format(*digits) if postal_form else None


def _contact(stream: int, number: int) -> Row:
    """Telephone and fax of whoever lives at `_home` of the same numbers; most have no fax."""
    bits = draw(stream, number)
    code = words.PLACES[bits % len(words.PLACES)][4]
    phone, fax = (f"{code} {(bits >> shift) % 900 + 100}-{(bits >> 17) % 10000:04}" for shift in (30, 31))
    return phone if (bits >> 45) % 40 else None, None if (bits >> 50) % 5 else fax


def _mail(first: str, last: str, number: int, domain: str) -> str:
    """Unique by its number; one in seven is written with capitals, as people do."""
    plain = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode()
    name = plain.replace(" ", "").replace("'", "")
    return f"{name if number % 7 == 0 else name.lower()}{number}@{domain}"


def _midnight(start: date, days: int) -> str:
    return f"{start + timedelta(days)} 00:00:00"


def _invoice(number: int, scale: int) -> Row:
    customer = number * STRIDE % (CUSTOMERS * scale) + 1
    day = _midnight(FIRST_DAY, (number - 1) * DAYS // (INVOICES * scale))
    cents = sum(_cents(_track_of_line(line)) for line in _lines(number))
    return number, customer, day, *_home(11, customer), cents / 100


@cache
def _first_lines() -> tuple[int, ...]:
    """For each invoice of a block, and the one after, how many lines of the block come before it."""
    sizes = (LINES_PER_INVOICE[invoice % len(LINES_PER_INVOICE)] for invoice in range(INVOICES))
    return tuple(accumulate(sizes, initial=0))


def _lines(invoice: int) -> range:
    """The numbers of the lines of an invoice."""
    block, local = divmod(invoice - 1, INVOICES)
    first, end = _first_lines()[local : local + 2]
    return range(block * LINES + first + 1, block * LINES + end + 1)


def _track_of_line(line: int) -> int:
    """As in Chinook, the lines walk through the tracks, each block's through its own."""
    block, local = divmod(line - 1, LINES)
    return block * TRACKS + local * BETWEEN % TRACKS + 1


def _invoice_lines(scale: int) -> Iterator[Row]:
    for invoice in range(1, INVOICES * scale + 1):
        for line in _lines(invoice):
            track = _track_of_line(line)
            yield line, invoice, track, _cents(track) / 100, 1
