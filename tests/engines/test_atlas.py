"""Sheets hold every frame where it is said to be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.arrays import IndexMaps
from pxgen.engines.atlas import Atlas, lay_out
from pxgen.engines.clips import Clip
from pxgen.errors import UsageError
from tests.support.sheets import ARRANGEMENTS, clips, style


def restored(atlas: Atlas, number: int) -> IndexMaps:
    """A frame from the sheet by what is said of it."""
    cel = atlas.cels[number]
    width, height = atlas.source
    frame = np.zeros((height, width), np.uint8)
    part = atlas.pixels[cel.y : cel.y + cel.height, cel.x : cel.x + cel.width]
    frame[cel.top : cel.top + cel.height, cel.left : cel.left + cel.width] = part
    return frame


@given(
    count=st.integers(1, 5),
    frames=st.integers(1, 4),
    arrangement=st.sampled_from(ARRANGEMENTS),
    padding=st.integers(0, 3),
    extrude=st.integers(0, 2),
    power_of_two=st.booleans(),
)
def test_every_frame_is_where_it_is_said_to_be(
    count: int, frames: int, arrangement: Any, padding: int, extrude: int, power_of_two: bool
) -> None:
    made = clips(count, frames)
    atlas = lay_out(made, style(arrangement, padding, extrude, power_of_two))
    wanted = [frame for clip in made for frame in clip.frames]
    for number, frame in enumerate(wanted):
        assert np.array_equal(restored(atlas, number), frame)
    assert [tag.name for tag in atlas.tags] == [clip.name for clip in made]
    if power_of_two:
        assert all(side & (side - 1) == 0 for side in atlas.pixels.shape)


@given(
    arrangement=st.sampled_from(ARRANGEMENTS), padding=st.integers(0, 3), extrude=st.integers(0, 2)
)
def test_frames_keep_their_distance(arrangement: Any, padding: int, extrude: int) -> None:
    atlas = lay_out(clips(), style(arrangement, padding, extrude))
    apart = padding + 2 * extrude
    places = sorted({(c.x, c.y, c.width, c.height) for c in atlas.cels})
    for k, (x, y, w, h) in enumerate(places):
        for u, v, s, t in places[k + 1 :]:
            gap_x = max(u - (x + w), x - (u + s))
            gap_y = max(v - (y + h), y - (v + t))
            assert max(gap_x, gap_y) >= apart


def test_extruded_borders_are_repeated() -> None:
    frame = np.array([[[1, 2], [3, 1]]], np.uint8)
    atlas = lay_out([Clip("a", frame, [100])], style("rows", extrude=1))
    expected = [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 1, 1], [3, 3, 1, 1]]
    assert atlas.pixels.tolist() == expected


def test_packed_sheets_are_smaller_and_keep_equal_frames_once() -> None:
    made = clips(4)
    twice = [*made, *(Clip(f"again {clip.name}", clip.frames, clip.durations) for clip in made)]
    packed, rows = lay_out(twice, style("packed")), lay_out(twice, style("rows"))
    assert packed.pixels.size < rows.pixels.size / 2
    half = len(packed.cels) // 2
    assert [c[1:5] for c in packed.cels[:half]] == [c[1:5] for c in packed.cels[half:]]


def test_rows_hold_a_clip_each_and_columns_too() -> None:
    rows, columns = (lay_out(clips(3, 4), style(kind)) for kind in ("rows", "columns"))
    assert rows.pixels.shape == (3 * 6, 4 * 5)
    assert columns.pixels.shape == (4 * 6, 3 * 5)
    stills = lay_out(clips(9, 1, 6, 6), style("rows"))
    assert stills.pixels.shape == (18, 18)


def test_a_sheet_that_no_engine_loads_is_refused() -> None:
    wide = Clip("wide", np.zeros((20, 1, 4000), np.uint8), [100] * 20)
    with pytest.raises(UsageError, match="more than engines load"):
        lay_out([wide], style("rows"))
