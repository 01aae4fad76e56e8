"""How HTML pages look, on screen in light or dark and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #fff; --ink: #1d2126; --soft: #5d6570; --line: #e2e4e7;
  --good: #176b3a; --good-page: #e7f4ec; --bad: #a3221b; --bad-page: #fbeae8;
  --expected: #a3abb6; --actual: #2f6fb3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181c; --card: #1d2126; --ink: #e8eaed; --soft: #9aa3ae; --line: #33393f;
    --good: #6fcf97; --good-page: #17301f; --bad: #f2938b; --bad-page: #3a1c1a;
    --expected: #6b7480; --actual: #6ea8e6;
  }
}
* { box-sizing: border-box }
body {
  margin: 0 auto; max-width: 66rem; padding: 2rem 1.25rem 4rem;
  background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.05rem; font-weight: 600; margin: 0 0 1rem; color: var(--soft) }
h2 { font-size: 1.2rem; margin: 2.6rem 0 .6rem }
h3 { font-size: .95rem; margin: 1.6rem 0 .4rem }
.card > h3:first-child { margin-top: 0 }
p { margin: .4rem 0 }
code {
  font: 12.5px/1.45 ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; white-space: pre-wrap;
}
i {
  font: 600 10px/1 ui-monospace, monospace; padding: 1px 3px; border-radius: 3px;
  border: 1px solid currentColor; opacity: .75;
}
.verdict { border-radius: 10px; padding: 1.1rem 1.4rem; border: 1px solid }
.verdict.yes { background: var(--good-page); border-color: var(--good) }
.verdict.no { background: var(--bad-page); border-color: var(--bad) }
.verdict strong { display: block; font-size: 1.65rem; line-height: 1.25; letter-spacing: -.01em }
.good, .yes strong { color: var(--good); fill: var(--good) }
.bad, .no strong { color: var(--bad); fill: var(--bad) }
.good, .bad { font-weight: 600; white-space: nowrap }
.differs { display: block; background: var(--bad-page); border-radius: 4px }
.differs { padding: 0 .3rem; margin: 0 -.3rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 1.2rem 0 0 }
dt { color: var(--soft) }
dd { margin: 0; overflow-wrap: anywhere }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1rem 1.2rem; margin: 1rem 0;
}
svg { width: 100%; height: auto; display: block; font-size: 13px }
svg text { fill: var(--ink) }
svg .t { font-weight: 600 }
svg .e { fill: var(--expected) }
svg .a { fill: var(--actual) }
svg text.good { fill: var(--good) }
svg text.bad { fill: var(--bad) }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th { text-align: left; font-weight: 600; font-size: 12.5px; color: var(--soft); white-space: nowrap }
th, td { padding: .38rem 1.1rem .38rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th:last-child, td:last-child { padding-right: 0 }
tbody tr:last-child td { border-bottom: 0 }
th.n, td.n { text-align: right; white-space: nowrap }
.attr, .none, .soft { color: var(--soft); font-weight: 400 }
.attr { font-size: 12.5px }
.key { min-width: 19rem }
ul { margin: .3rem 0; padding-left: 1.2rem }
li { margin: .2rem 0 }
details { margin: 1rem 0 .4rem; border-left: 3px solid var(--bad); padding-left: .9rem }
summary { cursor: pointer }
footer { margin-top: 3rem; color: var(--soft); font-size: 12.5px }
@media print { body { max-width: none } details, .verdict, svg { break-inside: avoid } }
"""
