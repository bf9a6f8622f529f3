"""The flow diagram: side boxes meet neither each other nor the edges, whatever they hold."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reports.pdf.pictures import GAP, _gaps

HEIGHT = st.floats(15, 80)
LEVELS = st.lists(st.tuples(HEIGHT, st.one_of(st.just(0.0), st.floats(15, 160))), min_size=1, max_size=9)


@given(levels=LEVELS)
def test_no_side_box_meets_another_or_leaves_the_drawing(levels: list[tuple[float, float]]) -> None:
    heights, sides = [height for height, _ in levels], [side for _, side in levels]
    gaps = _gaps(heights, sides)
    spans, bottom = [], 0.0
    for height, side, gap in zip(heights, sides, gaps, strict=True):
        bottom += height
        if side:
            spans.append((bottom + gap / 2 - side / 2, bottom + gap / 2 + side / 2))
        bottom += gap
    assert all(gap >= GAP for gap in gaps[:-1])
    assert all(top >= -1e-9 for top, _ in spans)
    assert all(end <= bottom + 1e-9 for _, end in spans[-1:])
    assert all(above[1] < below[0] for above, below in pairwise(spans))
