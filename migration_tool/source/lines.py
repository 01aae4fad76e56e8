"""What Python makes of the lines that SQLite has written, an item each: their case beyond ASCII, and checks.

Where most lines need nothing, nothing is done to each of them in turn.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from itertools import accumulate, filterfalse

from migration_tool.source.fragments import CASES

_IN_CACHE = 1 << 17
"""Bytes."""
_CASES = {mark.encode(): getattr(str, name) for name, mark in CASES.items()}


def split(blob: bytes) -> tuple[list[bytes], list[int]]:
    """The lines, and the places of those that are not UTF-8.

    Some at a time: each is looked at while it is in the processor's cache. Unlike bytes.split(), readlines()
    does not look at each byte.
    """
    file, texts, broken = BytesIO(blob), list[bytes](), list[int]()
    while some := file.readlines(_IN_CACHE):
        if not _are_text(filterfalse(bytes.isascii, some)):
            broken += (n for n, text in enumerate(some, len(texts)) if not _are_text([text]))
        texts += some
    return texts, broken


def change_case(blob: bytes, texts: list[bytes]) -> list[int]:
    """Puts marked text into its case; an escape or a broken character may be in the way.

    blob   the lines as one
    texts  the lines
    Gives the places of those that stay marked.
    """
    found = [mark for mark in _CASES if mark in blob]
    ends = list(accumulate(map(len, texts))) if found else []
    left = []
    for mark in found:
        places = list(_places(blob, ends, mark))
        changed = _in_case(b"".join([texts[n] for n in places]), mark, _CASES[mark])
        for n, text in zip(places, BytesIO(changed).readlines(), strict=True):
            texts[n] = text
        left += [n for n in places if mark in texts[n]]
    return left


def _places(blob: bytes, ends: Sequence[int], mark: bytes) -> Iterator[int]:
    """Of the lines with that mark.

    ends  where in the blob each line ends
    """
    at = blob.find(mark)
    while at >= 0:
        place = bisect_right(ends, at)
        yield place
        at = blob.find(mark, ends[place])


def _in_case(blob: bytes, mark: bytes, change: Callable[[str], str]) -> bytes:
    """All marked texts at once, if they can be: no letter's case depends on what stands on another line."""
    parts = blob.split(mark)
    lines = b"\n".join(parts[1::2])
    if b"\\" in lines or not _are_text([lines]):
        parts[1::2] = [_one_in_case(text, mark, change) for text in parts[1::2]]
    else:
        parts[1::2] = change(lines.decode()).encode().split(b"\n")
    return b"".join(parts)


def _one_in_case(text: bytes, mark: bytes, change: Callable[[str], str]) -> bytes:
    whole = b"\\" not in text and _are_text([text])
    return change(text.decode()).encode() if whole else mark + text + mark


def _are_text(values: Iterable[bytes]) -> bool:
    """One by one: a long decoded text has the width of its widest character, and leaves the cache."""
    try:
        deque(map(bytes.decode, values), maxlen=0)
    except UnicodeDecodeError:
        return False
    return True
