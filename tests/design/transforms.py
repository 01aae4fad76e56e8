"""What the four designs make of Chinook's rows, written here with nothing of the tool's own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from boto3.dynamodb.types import TypeSerializer

Tables: TypeAlias = dict[str, dict[Any, dict[str, Any]]]
Item: TypeAlias = dict[str, Any]


def tables(path: Path) -> Tables:
    """Every row of the database by its primary key and in its order, as a dict without its NULLs."""
    keys = {"PlaylistTrack": ("PlaylistId", "TrackId")}
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        connection.row_factory = sqlite3.Row
        found: Tables = {}
        for name in names:
            rows = [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')]
            key = keys.get(name, (f"{name}Id",))
            found[name] = dict(sorted((tuple(row[column] for column in key), present(row)) for row in rows))
    return found


def present(row: Item) -> Item:
    return {name: value for name, value in row.items() if value is not None}


def shard(value: int, count: int) -> int:
    return value * 2_654_435_761 % 2**32 * count // 2**32


def low(*parts: Any) -> str:
    return "\x01".join(parts)


def music_catalog(db: Tables) -> Iterator[Item]:
    for (id,), artist in db["Artist"].items():
        name = artist.get("Name")
        yield artist | {
            "EntityType": "Artist",
            "PK": f"ARTIST#{id}",
            "SK": "#ARTIST",
            "GSI2PK": f"ARTISTS#{shard(id, 8)}",
            "GSI2SK": name and low(name.lower(), f"{id:010}"),
            "GSI4PK": f"SEARCH#{shard(id, 8)}",
            "GSI4SK": name and low(name.lower(), f"ARTIST#{id:010}"),
        }
    for (id,), album in db["Album"].items():
        artist = db["Artist"][album["ArtistId"],]
        yield album | {
            "EntityType": "Album",
            "PK": f"ARTIST#{album['ArtistId']}",
            "SK": f"ALBUM#{id:010}",
            "GSI1PK": f"ALBUM#{id}",
            "GSI1SK": "#ALBUM",
            "GSI4PK": f"SEARCH#{shard(id, 8)}",
            "GSI4SK": low(album["Title"].lower(), f"ALBUM#{id:010}"),
            "ArtistName": artist.get("Name"),
        }
    for (id,), track in db["Track"].items():
        album = db["Album"][track["AlbumId"],]
        artist = db["Artist"][album["ArtistId"],]
        yield track | {
            "EntityType": "Track",
            "PK": f"ARTIST#{album['ArtistId']}",
            "SK": f"TRACK#{track['AlbumId']:010}#{id:010}",
            "GSI1PK": f"ALBUM#{track['AlbumId']}",
            "GSI1SK": f"TRACK#{id:010}",
            "GSI2PK": f"TRACK#{id}",
            "GSI2SK": "#TRACK",
            "GSI3PK": f"GENRE#{track['GenreId']}#{shard(id, 8)}",
            "GSI3SK": f"{id:010}",
            "GSI4PK": f"SEARCH#{shard(id, 8)}",
            "GSI4SK": low(track["Name"].lower(), f"TRACK#{id:010}"),
            "ArtistId": album["ArtistId"],
            "ArtistName": artist.get("Name"),
            "AlbumTitle": album["Title"],
            "GenreName": db["Genre"][track["GenreId"],].get("Name"),
            "MediaTypeName": db["MediaType"][track["MediaTypeId"],].get("Name"),
        }


def customer_data(db: Tables) -> Iterator[Item]:
    for (id,), customer in db["Customer"].items():
        by_name = low(customer["LastName"].lower(), customer["FirstName"].lower(), f"{id:010}")
        rep = customer.get("SupportRepId")
        support = db["Employee"].get((rep,), {})
        yield customer | {
            "EntityType": "Customer",
            "PK": f"CUSTOMER#{id}",
            "SK": "#CUSTOMER",
            "GSI1PK": f"EMAIL#{customer['Email'].lower()}",
            "GSI1SK": f"{id:010}",
            "GSI2PK": f"REP#{rep}" if rep else None,
            "GSI2SK": by_name,
            "GSI3PK": f"COUNTRY#{customer['Country']}" if "Country" in customer else None,
            "GSI3SK": by_name,
            "SupportRepName": f"{support['FirstName']} {support['LastName']}" if support else None,
        }
    for (id,), invoice in db["Invoice"].items():
        lines = [line for line in db["InvoiceLine"].values() if line["InvoiceId"] == id]
        yield invoice | {
            "EntityType": "Invoice",
            "PK": f"CUSTOMER#{invoice['CustomerId']}",
            "SK": f"INVOICE#{invoice['InvoiceDate']}#{id:010}",
            "GSI1PK": f"INVOICE#{id}",
            "GSI1SK": "#INVOICE",
            "Lines": [
                line | {"TrackName": db["Track"][line["TrackId"],]["Name"]}
                for line in sorted(lines, key=lambda line: line["InvoiceLineId"])
            ],
        }


def playlist_data(db: Tables) -> Iterator[Item]:
    for (id,), playlist in db["Playlist"].items():
        yield playlist | {
            "EntityType": "Playlist",
            "PK": f"PLAYLIST#{id}",
            "SK": "#PLAYLIST",
            "GSI1PK": f"PLAYLISTS#{shard(id, 4)}",
            "GSI1SK": low(playlist["Name"].lower(), f"{id:010}") if "Name" in playlist else None,
        }
    for (playlist_id, track_id), row in db["PlaylistTrack"].items():
        track = db["Track"][track_id,]
        album = db["Album"][track["AlbumId"],]
        yield row | {
            "EntityType": "PlaylistTrack",
            "PK": f"PLAYLIST#{playlist_id}",
            "SK": f"TRACK#{track_id:010}",
            "GSI1PK": f"TRACK#{track_id}",
            "GSI1SK": f"PLAYLIST#{playlist_id:010}",
            "PlaylistName": db["Playlist"][playlist_id,].get("Name"),
            "TrackName": track["Name"],
            "AlbumTitle": album["Title"],
            "ArtistName": db["Artist"][album["ArtistId"],].get("Name"),
        }


def employee_data(db: Tables) -> Iterator[Item]:
    def path(id: int) -> str:
        boss = db["Employee"][id,].get("ReportsTo")
        return f"{path(boss)}{boss}/" if boss else "/"

    for (id,), employee in db["Employee"].items():
        boss = employee.get("ReportsTo")
        manager = db["Employee"].get((boss,), {})
        yield employee | {
            "EntityType": "Employee",
            "PK": f"EMPLOYEE#{id}",
            "SK": "#EMPLOYEE",
            "GSI1PK": f"MANAGER#{boss}" if boss else None,
            "GSI1SK": low(employee["LastName"].lower(), employee["FirstName"].lower(), f"{id:010}"),
            "GSI2PK": f"EMPLOYEES#{shard(id, 4)}",
            "GSI2SK": f"{id:010}",
            "ManagerName": f"{manager['FirstName']} {manager['LastName']}" if manager else None,
            "ManagerPath": path(id),
        }


TRANSFORMS: dict[str, Callable[[Tables], Iterator[Item]]] = {
    "music_catalog": music_catalog,
    "customer_data": customer_data,
    "playlist_data": playlist_data,
    "employee_data": employee_data,
}


def exact(value: Any) -> Any:
    """Reals as the decimals that they are written as."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, list):
        return [exact(element) for element in value]
    if isinstance(value, dict):
        return {name: exact(element) for name, element in value.items()}
    return value


def wire_items(path: Path, design: str) -> Iterator[Item]:
    """Every item of a design as DynamoDB's JSON, entity by entity in the order of the primary keys."""
    serialize = TypeSerializer().serialize
    for item in TRANSFORMS[design](tables(path)):
        yield {attribute: serialize(exact(value)) for attribute, value in present(item).items()}
