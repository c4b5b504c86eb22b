"""The colour census and the palette chosen from it."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.errors import InputError, UsageError
from pxgen.ingest import census as census_module
from pxgen.ingest.census import Census
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.palette_choice import choose_palette
from pxgen.ingest.palette_mapping import SharedPaletteMapper
from pxgen.palette import Palette
from tests.support.drawings import census_of, redrawn


def test_the_census_counts_exactly_and_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census_module, "MAX_EXACT_COLORS", 100)
    monkeypatch.setattr(census_module, "_BUFFER", 16)
    census = Census()
    for start in range(90):
        census.add(np.arange(start, start + 2, dtype=np.uint32) << 8, np.array([1, 2]))
    colors, counts = census.table()
    assert census.exact
    assert counts.tolist() == [1, *[3] * 89, 2]
    white = np.array([0xFFFFFFFF], np.uint32)
    for start in range(0, 4000, 16):
        noise = (np.arange(start, start + 16, dtype=np.uint32) << 8) | 255
        census.add(noise, np.ones(16, np.int64))
        census.add(white, np.array([50]))
    colors, counts = census.table()
    assert not census.exact
    assert counts.sum() == 90 * 3 + 4000 + 250 * 50
    assert counts[colors == white].tolist() == [250 * 50]
    assert len(colors) < 2000


def test_sprites_of_too_many_colours_to_count_are_still_drawn_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(census_module, "MAX_EXACT_COLORS", 1)
    sprite = IndexedSprite.of(
        np.array([[[[9, 9, 9, 255], [1, 1, 1, 255], [7, 0, 0, 0]]]], np.uint8)
    )
    census = census_of([sprite])
    palette = Palette.of([(1, 1, 1), (9, 9, 9)])
    choice = choose_palette(census, given=palette)
    assert not choice.counted_exactly
    assert SharedPaletteMapper(choice, "none", census).map(sprite).tolist() == [[[2, 1, 0]]]


def counted(colors: list[tuple[int, int, int, int]]) -> Census:
    rgba = np.array(colors, np.uint8).reshape(1, 1, -1, 4)
    return census_of([IndexedSprite.of(rgba)])


def test_255_colours_are_exact_and_256_are_reduced() -> None:
    many = [(i, 0, j, 255) for i in range(16) for j in range(16)]
    exact = choose_palette(counted(many[:255]))
    assert (len(exact.palette), exact.exact_share, exact.suggested) == (256, 1.0, None)
    reduced = choose_palette(counted(many))
    assert len(reduced.palette) == 256
    assert reduced.exact_share == 255 / 256
    assert np.isfinite(reduced.psnr)
    few = choose_palette(counted(many), colors=8)
    assert len(few.palette) == 9
    assert few.suggested is not None
    with pytest.raises(UsageError, match="--colors 256"):
        choose_palette(counted(many), colors=256)


def test_a_few_deliberate_semi_transparent_colours_are_kept_and_soft_edges_are_not() -> None:
    solid = [(9, 9, 9, 255), (1, 1, 1, 255)]
    glass = [(9, 9, 9, 128), (5, 5, 5, 40)]
    kept = choose_palette(counted(solid + glass))
    assert kept.keep_alpha
    assert len(kept.palette) == 5
    assert (kept.soft_colors, kept.soft_pixels) == (2, 2)
    cut_off = choose_palette(counted(solid + glass), alpha="threshold")
    assert {tuple(row) for row in cut_off.palette.rgba[1:].tolist()} == set(solid)
    edges = [(9, 9, 9, alpha) for alpha in range(1, 255, 10)]
    soft = choose_palette(counted(solid + edges))
    assert not soft.keep_alpha
    assert len(choose_palette(counted(solid + edges), alpha="keep").palette) == 29
    with pytest.raises(InputError, match="--alpha threshold"):
        choose_palette(counted(solid + edges), alpha="keep", colors=20)


def test_thresholded_pixels_become_opaque_or_transparent() -> None:
    rgba = np.array([[[[9, 9, 9, 127], [9, 9, 9, 128], [9, 9, 9, 255]]]], np.uint8)
    sprite = IndexedSprite.of(rgba)
    assert redrawn(sprite, alpha="threshold").tolist() == [[[0, 1, 1]]]


def test_a_given_palette_is_kept_as_it_is_and_loss_is_told() -> None:
    given_palette = Palette.of([(255, 255, 255), (0, 0, 0), (0, 0, 255)])
    rgba = np.array([[[[250, 250, 250, 255], [0, 0, 0, 255]]]], np.uint8)
    choice = choose_palette(census_of([IndexedSprite.of(rgba)]), given=given_palette)
    assert choice.palette == given_palette
    assert choice.exact_share == 0.5
    assert redrawn(IndexedSprite.of(rgba), given=given_palette).tolist() == [[[1, 2]]]


def test_the_order_of_a_shared_colour_table_is_its_authors() -> None:
    table = np.array(
        [[9, 0, 0, 255], [0, 0, 0, 0], [0, 9, 0, 255], [9, 0, 0, 255], [0, 0, 9, 255]], np.uint8
    )
    census = counted([(0, 9, 0, 255), (9, 0, 0, 255)])
    choice = choose_palette(census, shared_table=table)
    assert choice.palette.rgba[:, :3].tolist() == [[0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 9]]


def test_dithering_mixes_only_colours_off_the_palette() -> None:
    palette = Palette.of([(0, 0, 0), (255, 255, 255)])
    grey = IndexedSprite.of(np.full((1, 8, 8, 4), [118, 118, 118, 255], np.uint8))
    assert set(np.unique(redrawn(grey, "bayer4", given=palette))) == {1, 2}
    assert len(np.unique(redrawn(grey, given=palette))) == 1
    black = IndexedSprite.of(np.full((1, 8, 8, 4), [0, 0, 0, 255], np.uint8))
    assert set(np.unique(redrawn(black, "bayer4", given=palette))) == {1}
