from __future__ import annotations

from tests.verify.conftest import Bind, bind

__all__ = ["Bind", "bind"]
