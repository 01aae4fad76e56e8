"""How fast a run may write: the value of `max_wcu`, in the configuration, in the state and in a wish.

off         no limit of ours
500         write units per second, for all tables together
auto        what the tables have: a provisioned one its capacity, an on-demand one what it accepts
auto:80%    the same, of a provisioned capacity only this share
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LEAST, MOST = 0.1, 1_000_000_000
SENTENCE = f"off, auto, auto:80%, or a number of write units per second from {LEAST} to {MOST:,}"
_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?")
_AUTO = re.compile(r"auto(?::([1-9][0-9]?|100)%)?")


@dataclass(frozen=True)
class MaxWcu:
    """A limit; the default is none.

    units  write units per second; None for off and for auto
    share  of a provisioned capacity, above 0 and up to 1; only auto has less than 1
    """

    units: float | None = None
    auto: bool = False
    share: float = 1.0

    @classmethod
    def parse(cls, text: str) -> MaxWcu:
        """Raises ValueError with what it must be."""
        if text == "off":
            return cls()
        if found := _AUTO.fullmatch(text):
            return cls(auto=True, share=int(found[1] or 100) / 100)
        if not _NUMBER.fullmatch(text) or not LEAST <= float(text) <= MOST:
            raise ValueError(SENTENCE)
        return cls(units=float(text))

    def __str__(self) -> str:
        """The text that `parse` reads."""
        if self.auto:
            return "auto" if self.share == 1 else f"auto:{round(self.share * 100)}%"
        if self.units is None:
            return "off"
        return str(int(self.units)) if self.units.is_integer() else repr(self.units)


OFF = MaxWcu()
