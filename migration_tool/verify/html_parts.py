"""Small pieces of HTML pages: the document, escaped text, tables, the chart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from migration_tool.verify.html_style import STYLE
from migration_tool.verify.json_form import json_text
from migration_tool.verify.report import TableReport

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_LABEL, _BARS, _ROW, _BAR, _WIDTH = 160, 640, 52, 16, 960


def page(title: str, body: str, style: str = "") -> str:
    """A whole document; `style` comes on top of the common one. `title` is escaped here, `body` is HTML."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def text(value: object) -> str:
    """Text as HTML; characters that cannot be seen, or that turn the text around, become their number."""
    pieces: list[str] = []
    end = 0
    for found in _UNSEEN.finditer(written := str(value)):
        pieces += [escape(written[end : found.start()]), f"<i>U+{ord(found.group()):04X}</i>"]
        end = found.end()
    return "".join([*pieces, escape(written[end:])])


def code(value: object) -> str:
    """A plain value as JSON; text without its quotes where it cannot be taken for something else."""
    if value is None:
        return '<span class="none">absent</span>'
    return f"<code>{text(json_text(value, indent=False))}</code>"


def key(value: Any) -> str:
    """The key attributes of an item, one below the other."""
    parts = (f"<span class=attr>{text(name)}</span> {code(part)}" for name, part in value.items())
    return f'<div class="key">{"<br>".join(parts)}</div>'


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of ready-made HTML cells; columns in `numbers` are set flush right."""
    kinds = [' class="n"' if n in numbers else "" for n in range(len(headings))]
    head = "".join(f"<th scope=col{kind}>{text(h)}</th>" for h, kind in zip(headings, kinds, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row, kinds, strict=True)) + "</tr>\n"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>\n'


def mark(ok: bool, words: str) -> str:
    """A verdict that does not depend on its colour."""
    return f'<span class="{"good" if ok else "bad"}">{"✓" if ok else "✗"} {text(words)}</span>'


def items(sentences: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{text(sentence)}</li>" for sentence in sentences) + "</ul>\n"


def chart(tables: Sequence[TableReport]) -> str:
    """Expected and actual items of each table as bars."""
    most = max([1, *(report.difference.total(side) for report in tables for side in ("expected", "actual"))])
    height = _ROW * len(tables) + 20
    body = "".join(_bars(report, 30 + _ROW * n, most) for n, report in enumerate(tables))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Expected and actual items by table">'
        f'<rect class="e" x="{_LABEL}" y="4" width="11" height="11" rx="2"/>'
        f'<text x="{_LABEL + 17}" y="14">expected from the source</text>'
        f'<rect class="a" x="{_LABEL + 205}" y="4" width="11" height="11" rx="2"/>'
        f'<text x="{_LABEL + 222}" y="14">in the table</text>{body}</svg>\n'
    )


def _bars(report: TableReport, top: int, most: int) -> str:
    difference = report.difference
    name = difference.name if len(difference.name) <= 20 else difference.name[:19] + "…"
    drawn = [f'<text class="t" x="0" y="{top + _BAR + 5}">{text(name)}</text>']
    for n, (side, kind) in enumerate((("expected", "e"), ("actual", "a"))):
        count, y = difference.total(side), top + n * (_BAR + 2)
        width = max(2 if count else 0, round(_BARS * count / most, 1))
        drawn.append(
            f'<rect class="{kind}" x="{_LABEL}" y="{y}" width="{width}" height="{_BAR}" rx="2"/>'
            f'<text x="{_LABEL + width + 7}" y="{y + 12}">{count:,}</text>'
        )
    words = "✓ equal" if difference.ok else "✗ differs"
    kind = "good" if difference.ok else "bad"
    drawn.append(f'<text class="{kind}" x="{_WIDTH}" y="{top + _BAR + 5}" text-anchor="end">{words}</text>')
    return "".join(drawn)
