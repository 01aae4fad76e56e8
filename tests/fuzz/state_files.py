"""The files of the state folder: the state itself, the rejected rows, the wish, who serves the tables."""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import orjson

from migration_tool import embedded
from migration_tool.errors import StateError
from migration_tool.model import InvalidText, Reject
from migration_tool.overview import overview
from migration_tool.rates import MaxWcu
from migration_tool.state.codec import encode
from migration_tool.state.control import Wish, Wishes, read_wish, write_wish
from migration_tool.state.envelope import seal, unseal
from migration_tool.state.proofs import every
from migration_tool.state.rejects import RejectLog, read_rejects
from migration_tool.state.store import StateStore
from migration_tool.state.targets import NAME, KnownTarget, known_targets, remember_target
from migration_tool.state.validation import read_validation, write_validation
from migration_tool.target.session import Target as Endpoint
from tests.fuzz.target import Target, scratch
from tests.state.samples import RUN, checkpoint, finished
from tests.state.test_targets import ONE, OTHER
from tests.state.test_validation import VALIDATION

_ROWS = (
    Reject("music", "Track", "Track", (7,), "not_a_number", "Price: 'x'", {"Price": "x", "TrackId": 7}, 0),
    Reject(
        "music", "Tag", "Tag", ("ä", b"\0\xff", 1.5, None), "null_key", "é", {"Name": InvalidText(b"\xff")}, 3
    ),
    Reject("music", "Album", "Album", (-1,), "item_too_large", "big", {"Songs": [("a", 1), ("b", None)]}, 1),
)


def _exact(value: Any) -> str:
    """JSON values are the same only if this is: 1 is not 1.0, and true is not 1."""
    return json.dumps(value, sort_keys=True)


def _parts(whole: Any, wanted: Any) -> Any:
    """What `wanted` has of names: an older version has fewer."""
    if isinstance(wanted, dict):
        return {name: _parts(whole[name], part) for name, part in wanted.items()}
    if isinstance(wanted, list) and len(whole) == len(wanted):
        return list(map(_parts, whole, wanted))
    return whole


def _states() -> list[bytes]:
    older = (Path(__file__).parent.parent / "state").glob("version*.json")
    return [seal(checkpoint()), seal(finished()), *(path.read_bytes() for path in sorted(older))]


def _resealed(data: bytes, chance: Random) -> bytes:
    """Half of the time with the checksum and the form that belong to the content."""
    try:
        envelope = orjson.loads(data)
        payload = orjson.dumps(envelope["payload"], option=orjson.OPT_SORT_KEYS)
    except (ValueError, TypeError, KeyError):
        return data
    if chance.random() < 0.5:
        return data
    both = envelope["payload"] if isinstance(envelope["payload"], dict) else {}
    envelope |= {"sha256": hashlib.sha256(payload).hexdigest(), "payload": orjson.Fragment(payload)}
    envelope |= {name: both[name] for name in ("run_id", "generation", "version") if name in both}
    return orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _check_state(data: bytes) -> None:
    """Accepted is only what says the same in a second reading, and what can be shown and saved again."""
    try:
        found = unseal(data)
    except StateError:
        return
    payload = json.loads(data)["payload"]
    payload.pop("version", None)
    written = json.loads(seal(found))["payload"]
    assert _exact(_parts(written, payload)) == _exact(payload)
    with scratch() as folder:
        (folder / f"{RUN}.json").write_bytes(data)
        store = StateStore(folder)
        if found.run_id == RUN:
            assert store.latest() == found
            assert store.save(found).entities == StateStore(folder).load(RUN).entities == found.entities
    overview(found, None, running=False)
    overview(found, None, running=True)


def _check_damaged_with_backup(data: bytes) -> None:
    """Beside a sound backup no content of the file is the end of the run, nor is it mistaken for another."""
    good = checkpoint(generation=4)
    with scratch() as folder:
        (folder / f"{RUN}.json").write_bytes(data)
        (folder / f"{RUN}.json.1").write_bytes(seal(good))
        store = StateStore(folder)
        try:
            found = store.latest()
        except StateError as error:
            assert "format version" in str(error) or "another run" in str(error)
            return
        assert found == (good if store.warnings else unseal(data))


def _rejects() -> list[bytes]:
    with scratch() as folder:
        log = RejectLog(folder / "x.jsonl", 0)
        log.append(_ROWS)
        return [log.path.read_bytes(), b"", log.path.read_bytes().splitlines(keepends=True)[0]]


def _check_rejects(data: bytes) -> None:
    """Each row that is given out is one line of the file, said again."""
    with scratch() as folder:
        path = folder / f"{RUN}.rejects.jsonl"
        path.write_bytes(data)
        lines = iter(data.split(b"\n"))
        try:
            for reject in read_rejects(path):
                said = json.loads(next(lines))
                assert _exact(encode(reject.row)["v"]) == _exact(said["row"])
                assert _exact(encode(list(reject.source_key))) == _exact(said["source_key"])
                assert all(
                    getattr(reject, name) == said[name] for name in ("table", "rule", "reason", "attempts")
                )
        except StateError as error:
            assert str(path) in str(error)


def _wishes() -> list[bytes]:
    wishes = [Wish(RUN), Wish(RUN, 3, MaxWcu.parse("500"), True), Wish(RUN, 9, MaxWcu.parse("auto:80%"))]
    with scratch() as folder:
        path = folder / f"{RUN}.control.json"
        return [write_wish(path, wish) or path.read_bytes() for wish in wishes]  # type: ignore[func-returns-value]


def _check_wish(data: bytes) -> None:
    """A wish that is followed says what the file says; any other is told and changes nothing."""
    with scratch() as folder:
        path = folder / f"{RUN}.control.json"
        path.write_bytes(data)
        wishes = Wishes(path)
        current = wishes.current()
        try:
            wish = read_wish(path)
        except StateError as error:
            assert current is None and wishes.warnings and str(path) in str(error)
            return
        assert wish == current and wish is not None
        said = json.loads(data)
        assert (wish.run_id, wish.number, wish.paused) == (said["run_id"], said["number"], said["paused"])
        assert wish.max_wcu == (None if said["max_wcu"] is None else MaxWcu.parse(said["max_wcu"]))
        write_wish(path, wish)
        assert read_wish(path) == wish


def _validations() -> list[bytes]:
    with scratch() as folder:
        path = folder / "x.validate.json"
        write_validation(path, VALIDATION)
        return [path.read_bytes()]


def _check_validation(data: bytes) -> None:
    """What an interrupted validation has found is believed only as it was written."""
    with scratch() as folder:
        path = folder / f"{RUN}.validate.json"
        path.write_bytes(data)
        try:
            found = read_validation(path, RUN)
        except StateError:
            return
        assert found is not None
        for sums in found.tables.values():
            assert sums.actual.keys() <= set(range(sums.shares))
            assert all(0 < part.rows >= part.items for part in every(sums.ranges))
        write_validation(path, found)
        assert path.read_bytes() == data


def _known() -> list[bytes]:
    with scratch() as folder:
        for target in (ONE, OTHER):
            remember_target(folder, target)
        return [(folder / NAME).read_bytes()]


def _check_known(data: bytes) -> None:
    """A target counts as agreed to only if the file says so."""
    with scratch() as folder:
        (folder / NAME).write_bytes(data)
        try:
            found = known_targets(folder)
        except StateError:
            return
        assert found == {KnownTarget(**target) for target in json.loads(data)["targets"]}
        remember_target(folder, ONE)
        assert known_targets(folder) == found | {ONE}


def _servers() -> list[bytes]:
    server = embedded.Server("http://127.0.0.1:1", 99, 1, "f" * 32, 1.5)
    return [json.dumps(vars(server)).encode()]


def _check_server(data: bytes) -> None:
    """Who serves the tables is read from a file, while the lock says that somebody does."""
    with scratch() as folder, closing((folder / embedded.LOCK).open("wb")) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (folder / embedded.REGISTRY).write_bytes(data)
        server = embedded.find(folder)
        if server is None:
            return
        assert vars(server) == orjson.loads(data)
        assert Endpoint(server.url, "us-east-1", 1, 1).loopback


TARGETS: Sequence[Target] = (
    Target("state", _states, _check_state, (b'"status":"completed"', b'"done":true', b"null"), _resealed),
    Target(
        "state-backup",
        _states,
        _check_damaged_with_backup,
        (b'"version":3', b"20261121T080000-000001"),
        _resealed,
    ),
    Target(
        "rejects", _rejects, _check_rejects, (b'{"t":"int","v":"1"}', b'{"t":"map","v":{}}', b'"t":"real"')
    ),
    Target(
        "validation", _validations, _check_validation, (b'"-1"', b'"0"', b"null", b'"until":null'), _resealed
    ),
    Target("known-targets", _known, _check_known, (b'"account":""', b"[]", b"{}")),
    Target("wish", _wishes, _check_wish, (b'"auto"', b'"1e9"', b"true")),
    Target("embedded-server", _servers, _check_server, (b'"url"', b"https://", b"//")),
)
