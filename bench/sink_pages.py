"""Items that were put, kept for Scan: first as they came, at the first Scan cut into pages that stay.

Both lie in unlinked temporary files (in TMPDIR), so that memory holds offsets only: 3 million items of
1.3 KB take 8 GB there.
"""

from __future__ import annotations

import os
import re
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

BETWEEN = b'}},{"PutRequest":{"Item":'
"""What stands between two items in the product's BatchWriteItem; it can stand nowhere else."""

_PAGE_BYTES = 1024 * 1024 - 8 * 1024
"""Leaves room for the rest of an answer of 1 MB."""

_REMOVED = b"-"
_MAP = b'"M":'
_PLAIN_VALUE = rb':(\{"[SNB]":"[^"\\]*"\})'


class Spill:
    """Pieces of bytes, by number, in a file that is gone with this process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as this object
        self._ends = array("Q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, piece: bytes | memoryview) -> None:
        self._file.write(piece)
        self._ends.append(self._ends[-1] + len(piece))

    def __getitem__(self, number: int) -> bytes:
        begin, end = self._ends[number], self._ends[number + 1]
        return os.pread(self._file.fileno(), end - begin, begin)

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True)
class Page:
    """`items` separated by commas; `last` is the JSON of the last one's key, `more` whether there may be
    another page in its segment."""

    items: bytes
    count: int
    last: bytes
    more: bool

    def holding(self, names: Sequence[str]) -> int:
        """How many items have all these attributes. Looked for item by item only where some lack one."""
        if all(self.items.count(b'"%b":{' % name.encode()) == self.count for name in names):
            return self.count
        return sum(all(name in item for name in names) for item in orjson.loads(b"[%b]" % self.items))


class Pages:
    """The items of one table. Of several with the same key the one put last counts.

    Items put after the first Scan make the pages anew at the next.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys
        names = [orjson.dumps(name) for name in keys]
        self._patterns = [re.compile(re.escape(name) + _PLAIN_VALUE) for name in names]
        self._frame = b"{" + b",".join(name.replace(b"%", b"%%") + b":%s" for name in names) + b"}"
        self._runs = Spill()
        self._forget()

    def _forget(self) -> None:
        self._cut = len(self._runs)
        self._pages = Spill()
        self._counts = array("L")
        self._lasts: list[bytes] = []
        self._numbers: dict[bytes, int] = {}
        self._cutting = self._cut_all()

    def add(self, run: bytes | memoryview) -> None:
        """Items as JSON, BETWEEN between them."""
        self._runs.append(run)

    def remove(self, key: Any) -> None:
        self._runs.append(_REMOVED + self._key(key))

    def page(self, segment: int, segments: int, start: Any) -> Page:
        """The page after the one that ends with the key `start`; the segment's first one if that is None.

        Page i is of segment i % segments. Raises KeyError where no page ends with that key.
        """
        if self._cut != len(self._runs):
            self._pages.close()
            self._forget()
        number = segment if start is None else self._numbers[self._key(start)] + segments
        if not self._cut_until(number):
            return Page(b"", 0, b"", more=False)
        more = self._cut_until(number + segments)
        return Page(self._pages[number], self._counts[number], self._lasts[number], more)

    def prepare(self) -> int:
        """Cuts everything now, so that no Scan waits for it; gives how many pages there are."""
        self.page(0, 1, None)
        for _ in self._cutting:
            pass
        return len(self._pages)

    def close(self) -> None:
        self._runs.close()
        self._pages.close()

    def _cut_until(self, number: int) -> bool:
        """Whether there is a page of that number."""
        while len(self._pages) <= number:
            if not next(self._cutting, False):
                return False
        return True

    def _cut_all(self) -> Iterator[bool]:
        """Yields after each page."""
        texts: list[bytes] = []
        size, last = 0, b""
        for key, text in self._items():
            if texts and size + len(text) + 1 > _PAGE_BYTES:
                self._store(texts, last)
                texts, size = [], 0
                yield True
            texts.append(text)
            size += len(text) + 1
            last = key
        if texts:
            self._store(texts, last)
            yield True

    def _store(self, texts: list[bytes], last: bytes) -> None:
        self._numbers[last] = len(self._pages)
        self._pages.append(b",".join(texts))
        self._counts.append(len(texts))
        self._lasts.append(last)

    def _items(self) -> Iterator[tuple[bytes, bytes]]:
        """Key and text of each item, the last put first."""
        seen: set[int] = set()
        for number in reversed(range(len(self._runs))):
            for key, text in self._of_run(self._runs[number]):
                known = hash(key)
                if known not in seen:
                    seen.add(known)
                    if text:
                        yield key, text

    def _of_run(self, run: bytes) -> Iterable[tuple[bytes, bytes]]:
        if run.startswith(_REMOVED):
            return [(run[len(_REMOVED) :], b"")]
        return [(self._key_in(text), text) for text in run.split(BETWEEN)]

    def _key_in(self, text: bytes) -> bytes:
        """The item's key; found, not parsed, where nothing else in the text can look like it."""
        if _MAP not in text:
            found = [pattern.search(text) for pattern in self._patterns]
            values = [value[1] for value in found if value]
            if len(values) == len(self._keys):
                return self._frame % tuple(values)
        return self._key(orjson.loads(text))

    def _key(self, item: Any) -> bytes:
        return orjson.dumps({name: item[name] for name in self._keys})
