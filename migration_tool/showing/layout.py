"""Where the tables of a diagram stand: parents to the left of their children, few lines crossing.

Layered drawing after Sugiyama, Tagawa and Toda (1981): layers by the longest path, a line that passes a layer
keeps a place free in it, each layer in the order of its neighbours' middle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

PASSING = 10.0
"""The height that a line keeps free."""
_GAP = 26.0
_SWEEPS = 8

Line: TypeAlias = tuple[str, str]
"""From a parent to a child, by name."""
Node: TypeAlias = str | tuple[str, str, int]
"""A table, or the place that a line from one to another keeps free in a layer."""
Neighbours: TypeAlias = Mapping[Node, Sequence[Node]]


@dataclass(frozen=True)
class Layout:
    """Heights are in the unit of those of the tables.

    layers  of each table, from the left
    tops    of each table
    passes  line → the height at which it passes each layer between its ends
    height  of all together
    """

    layers: Mapping[str, int]
    tops: Mapping[str, float]
    passes: Mapping[Line, tuple[float, ...]]
    height: float


def layout(heights: Mapping[str, float], lines: Iterable[Line]) -> Layout:
    """`heights` of the tables by name, in the order in which equals are to stand."""
    straight = _without_circles(heights, sorted({line for line in lines if line[0] != line[1]}))
    layers = _layers(heights, straight)
    chains = {line: _chain(line, layers) for line in straight}
    left, right = _neighbours(chains.values())
    columns = _columns(heights, layers, chains)
    _order(columns, left, right)
    tall: dict[Node, float] = {node: PASSING for column in columns for node in column}
    tall.update(heights)
    tops = _tops(columns, tall, left, right)
    return Layout(
        layers=layers,
        tops={name: tops[name] for name in heights},
        passes={line: tuple(tops[n] + PASSING / 2 for n in chain[1:-1]) for line, chain in chains.items()},
        height=max((top + tall[node] for node, top in tops.items()), default=0.0),
    )


def _without_circles(names: Iterable[str], lines: Sequence[Line]) -> list[Line]:
    """The lines but those that would close a circle, wherever a search meets one first."""
    children = _grouped(lines)
    done: set[str] = set()
    kept: list[Line] = []
    for start in names:
        path = [(start, iter(children[start]))] if start not in done else []
        while path:
            name, rest = path[-1]
            child = next(rest, None)
            if child is None:
                done.add(name)
                path.pop()
            elif all(child != ancestor for ancestor, _ in path):
                kept.append((name, child))
                if child not in done:
                    path.append((child, iter(children[child])))
    return kept


def _grouped(pairs: Iterable[tuple[str, str]]) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one, other in pairs:
        found[one].append(other)
    return found


def _layers(names: Iterable[str], lines: Sequence[Line]) -> dict[str, int]:
    """The longest way from a table without parents; then each as near to its children as can be."""
    children, parents = _grouped(lines), _grouped((child, parent) for parent, child in lines)
    layers: dict[str, int] = {}
    waiting = list(names)
    while waiting:
        for name in waiting:
            if all(parent in layers for parent in parents[name]):
                layers[name] = 1 + max((layers[parent] for parent in parents[name]), default=-1)
        waiting = [name for name in waiting if name not in layers]
    for name in sorted(layers, key=lambda n: -layers[n]):
        layers[name] = min((layers[child] - 1 for child in children[name]), default=layers[name])
    return layers


def _chain(line: Line, layers: Mapping[str, int]) -> list[Node]:
    parent, child = line
    return [parent, *((parent, child, n) for n in range(layers[parent] + 1, layers[child])), child]


def _neighbours(chains: Collection[Sequence[Node]]) -> tuple[Neighbours, Neighbours]:
    """Of each node those to its left, and those to its right."""
    left: defaultdict[Node, list[Node]] = defaultdict(list)
    right: defaultdict[Node, list[Node]] = defaultdict(list)
    for chain in chains:
        for one, following in pairwise(chain):
            left[following].append(one)
            right[one].append(following)
    return left, right


def _columns(
    names: Iterable[str], layers: Mapping[str, int], chains: Mapping[Line, Sequence[Node]]
) -> list[list[Node]]:
    columns: list[list[Node]] = [[] for _ in range(1 + max(layers.values(), default=-1))]
    for name in names:
        columns[layers[name]].append(name)
    for (parent, _), chain in chains.items():
        for number, node in enumerate(chain[1:-1], layers[parent] + 1):
            columns[number].append(node)
    return columns


def _order(columns: list[list[Node]], left: Neighbours, right: Neighbours) -> None:
    """Sorts each column by the middle place of its neighbours, seen from the left and the right in turn."""
    for sweep in range(_SWEEPS):
        neighbours = right if sweep % 2 else left
        for column in columns[::-1] if sweep % 2 else columns:
            places = {node: float(number) for other in columns for number, node in enumerate(other)}
            middles = {node: _middle(places, neighbours.get(node, ()), places[node]) for node in column}
            column.sort(key=middles.__getitem__)


def _middle(values: Mapping[Node, float], nodes: Iterable[Node], otherwise: float) -> float:
    known = [values[node] for node in nodes if node in values]
    return sum(known) / len(known) if known else otherwise


def _tops(
    columns: Sequence[Sequence[Node]], tall: Mapping[Node, float], left: Neighbours, right: Neighbours
) -> dict[Node, float]:
    """Each node as near to the middle of its neighbours as those above it let it be."""
    middles: dict[Node, float] = {}
    for neighbours, order in ((left, columns), (right, columns[::-1]), (left, columns)):
        for column in order:
            below = 0.0
            for node in column:
                wished = _middle(middles, neighbours.get(node, ()), middles.get(node, 0.0))
                middles[node] = max(below + tall[node] / 2, wished)
                below = middles[node] + tall[node] / 2 + _GAP
    tops = {node: middle - tall[node] / 2 for node, middle in middles.items()}
    least = min(tops.values(), default=0.0)
    return {node: top - least for node, top in tops.items()}
