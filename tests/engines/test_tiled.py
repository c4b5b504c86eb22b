"""Tilesets, read by a parser that is not ours."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import pytiled_parser

from pxgen.arrays import IndexMaps
from pxgen.config.options import SheetSettings
from pxgen.render.png import decode_png
from tests.support.sheets import clips, style, write


@pytest.mark.parametrize(
    "sheet", [style("rows"), style("columns", 2, 1), style("rows", 1, 0, True)]
)
def test_tiled_plays_every_clip(tmp_path: Path, sheet: SheetSettings) -> None:
    made = clips()
    file = write(tmp_path, "hero.tsx", sheet, made)
    tiles = pytiled_parser.parse_tileset(file)
    assert (tiles.tile_width, tiles.tile_height) == (5, 6)
    assert Path(file.parent / ET.parse(file).getroot()[0].attrib["source"]).resolve() == (
        tmp_path / "hero.png"
    )
    pixels, _ = decode_png(tmp_path / "hero.png")

    def tile(number: int) -> IndexMaps:
        row, column = divmod(number, tiles.columns)
        y = tiles.margin + row * (tiles.tile_height + tiles.spacing)
        x = tiles.margin + column * (tiles.tile_width + tiles.spacing)
        return pixels[y : y + tiles.tile_height, x : x + tiles.tile_width]

    # As Tiled finds out for itself, whatever the file says.
    across = (pixels.shape[1] - tiles.margin + tiles.spacing) // (5 + tiles.spacing)
    assert tiles.columns == across
    by_class = {each.class_: each for each in tiles.tiles.values()}
    for clip in made:
        animation = by_class[clip.name].animation
        assert [frame.duration for frame in animation] == clip.durations
        assert animation[0].tile_id == by_class[clip.name].id
        for frame, wanted in zip(animation, clip.frames, strict=True):
            assert np.array_equal(tile(frame.tile_id), wanted)
    assert max(frame.tile_id for c in by_class.values() for frame in c.animation) < tiles.tile_count


def test_columns_are_counted_as_tiled_does_where_a_sheet_has_room_to_spare(tmp_path: Path) -> None:
    """Its margin is before the tiles alone: one more fits than with a margin after them."""
    file = write(tmp_path, "hero.tsx", style("rows", 3, 1, True), clips(1, 20))
    pixels, _ = decode_png(tmp_path / "hero.png")
    tiles = pytiled_parser.parse_tileset(file)
    assert (pixels.shape[1], tiles.margin, tiles.spacing, tiles.columns) == (256, 1, 5, 26)
