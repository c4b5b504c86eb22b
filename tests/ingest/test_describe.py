"""The description of a collection."""

from __future__ import annotations

from collections import Counter

from pxgen.canvas import Canvas
from pxgen.ingest.describe import describe_sizes


def test_a_frame_count_that_loops_all_clips_is_suggested() -> None:
    sizes = Counter({Canvas(3, 8, 8): 2, Canvas(4, 8, 6): 1})
    line = describe_sizes(sizes)
    assert "--size 8x8 holds them all" in line
    assert "--frames 12 loops them all evenly" in line
    assert "--frames" not in describe_sizes(Counter({Canvas(63, 8, 8): 1, Canvas(64, 8, 8): 1}))
