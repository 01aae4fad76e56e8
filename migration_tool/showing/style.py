"""What a page about designs needs beyond the style of all pages."""

STYLE = """
.er { font-size: 12px; max-width: 100% }
.wide:has(> .er) { max-height: 60rem; overflow: auto }
@media print { .wide:has(> .er) { max-height: none } }
.er .box { fill: var(--card); stroke: var(--line) }
.er .head { stroke: var(--line) }
.er .line { fill: none; stroke: var(--actual); stroke-width: 1.4 }
.er .dashed { stroke-dasharray: 5 4 }
.er .s { fill: var(--soft); font-size: 10.5px }
.er .k { font-weight: 600 }
nav { margin: 1rem 0 0; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem }
a { color: var(--actual); text-decoration: none }
a:hover { text-decoration: underline }
h2 .soft { font-size: .95rem }
details { border-left-color: var(--line) }
pre { margin: .5rem 0; padding: .6rem .8rem; background: var(--page); border-radius: 6px }
.grid { width: auto; min-width: 100%; font-size: 12.5px; line-height: 1.35 }
.grid th, .grid td { border: 1px solid var(--line); padding: .25rem .55rem; white-space: nowrap }
.grid th:last-child, .grid td:last-child { padding-right: .55rem }
.grid tbody tr:last-child td { border-bottom: 1px solid var(--line) }
.grid td.v { max-width: 17rem; overflow: hidden; text-overflow: ellipsis }
.grid td.p { background: var(--page); font-weight: 600; vertical-align: middle }
.grid td.f { border-right: 0 }
.grid .names th { font-weight: 400; font-size: 11px; background: var(--page); padding-block: .1rem }
.grid thead th { text-align: center }
.grid thead tr:first-child th:last-child { text-align: left }
.grid tbody + tbody { border-top: 3px double var(--line) }
.grid .x { color: var(--soft) }
.kind { font-weight: 600; color: hsl(var(--hue) 65% 33%) }
@media (prefers-color-scheme: dark) { .kind { color: hsl(var(--hue) 70% 72%) } }
.ask td { min-width: 6rem; max-width: 24rem }
.ask td code { overflow-wrap: break-word }
.ask { margin: 1.1rem 0 0; padding-top: .9rem; border-top: 1px solid var(--line) }
.ask:first-of-type { border-top: 0; padding-top: 0; margin-top: .2rem }
"""
