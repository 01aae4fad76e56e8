"""Parents stand left of their children, nothing overlaps, and any graph is drawn."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from migration_tool.showing.layout import layout

NAMES = st.lists(st.sampled_from("abcdefghij"), unique=True, min_size=1)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, float], list[tuple[str, str]]]:
    names = draw(NAMES)
    ends = st.sampled_from(names)
    heights = {name: float(draw(st.integers(27, 300))) for name in names}
    return heights, draw(st.lists(st.tuples(ends, ends), max_size=20))


@given(graphs())
def test_tables_of_a_layer_do_not_overlap(graph: tuple[dict[str, float], list[tuple[str, str]]]) -> None:
    heights, lines = graph
    placed = layout(heights, lines)
    assert placed.layers.keys() == placed.tops.keys() == heights.keys()
    for layer in set(placed.layers.values()):
        stacked = sorted((placed.tops[n], n) for n in heights if placed.layers[n] == layer)
        assert all(top + heights[name] < below for (top, name), (below, _) in pairwise(stacked))
    assert all(top >= 0 for top in placed.tops.values())
    assert all(placed.tops[name] + tall <= placed.height + 1e-6 for name, tall in heights.items())


@given(graphs())
def test_parents_are_left_of_their_children(graph: tuple[dict[str, float], list[tuple[str, str]]]) -> None:
    """But for lines that close a circle: those pass no layer."""
    heights, lines = graph
    placed = layout(heights, lines)
    assert placed.passes.keys() <= set(lines)
    for (parent, child), passes in placed.passes.items():
        assert len(passes) == placed.layers[child] - placed.layers[parent] - 1


def test_lines_without_circles_are_all_kept() -> None:
    lines = [("a", "b"), ("b", "c"), ("a", "c"), ("d", "c"), ("a", "a")]
    placed = layout(dict.fromkeys("abcd", 50.0), lines)
    assert placed.layers == {"a": 0, "b": 1, "c": 2, "d": 1}
    assert placed.passes.keys() == set(lines[:4]) and len(placed.passes["a", "c"]) == 1


def test_a_circle_loses_one_line() -> None:
    placed = layout(dict.fromkeys("abc", 50.0), [("a", "b"), ("b", "c"), ("c", "a")])
    assert placed.passes.keys() == {("a", "b"), ("b", "c")}


def test_nothing_is_drawn_of_nothing() -> None:
    assert layout({}, []).height == 0
