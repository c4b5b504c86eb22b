"""The description of a collection."""

from __future__ import annotations

from collections import Counter

import pytest

from pxgen.canvas import Canvas
from pxgen.ingest.describe import describe_sheets, describe_sizes


def test_a_frame_count_that_loops_all_clips_is_suggested() -> None:
    sizes = Counter({Canvas(3, 8, 8): 2, Canvas(4, 8, 6): 1})
    line = describe_sizes(sizes)
    assert "--size 8x8 holds them all" in line
    assert "--frames 12 loops them all evenly" in line
    assert "--frames" not in describe_sizes(Counter({Canvas(63, 8, 8): 1, Canvas(64, 8, 8): 1}))


@pytest.mark.parametrize(
    ("sizes", "line"),
    [
        ({Canvas(1, 128, 96): 1}, "one picture of 96x128: if it is a sheet"),
        ({Canvas(1, 128, 96): 2, Canvas(1, 64, 200): 1}, "3 pictures of up to 200x128: if they"),
        ({Canvas(1, 128, 96): 2, Canvas(1, 16, 16): 2}, "2 pictures"),
        ({Canvas(1, 128, 96): 2, Canvas(1, 16, 16): 3}, None),
        ({Canvas(1, 128, 96): 33}, None),
        ({Canvas(4, 128, 96): 2}, None),
        ({Canvas(1, 64, 64): 2}, None),
    ],
)
def test_a_few_large_pictures_may_be_sheets(sizes: dict[Canvas, int], line: str | None) -> None:
    said = describe_sheets(Counter(sizes))
    assert said is None if line is None else line in (said or "")
