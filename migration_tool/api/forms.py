"""Results in the forms that the commands write."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Protocol

from migration_tool.showing import page
from migration_tool.showing.overview import Shown
from migration_tool.verify import html, json_form
from migration_tool.verify.report import Report, iso_time


class Result(Protocol):
    """What knows its documented form."""

    def to_json(self) -> Mapping[str, Any]: ...


def to_json(result: Result | Report) -> str:
    """What the command prints with --json: the text of one JSON document, described in docs/json.md."""
    found = json_form.to_json(result) if isinstance(result, Report) else result.to_json()
    return json_form.json_text(found)


def to_html(result: Report | Shown) -> str:
    """The page that `validate --report FILE.html` and `design show --html` write; it needs nothing else."""
    if isinstance(result, Report):
        return html.to_html(result)
    return page.to_html(result, iso_time(time.time()))
