from __future__ import annotations

import os
from collections import Counter
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.canvas import Canvas
from pxgen.errors import InputError
from pxgen.ingest.clips import broken, gather
from pxgen.ingest.describe import describe_sizes
from pxgen.ingest.grid import Grid, cut
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.layout import choose_canvas, misfit, place
from pxgen.ingest.scale import choose_reductions, enlargement
from pxgen.ingest.spool import Spool
from pxgen.ingest.walk import Found, find_files
from pxgen.palette import Palette
from tests.drawings import SPRITES, redrawn


def visible(rgba: np.ndarray) -> np.ndarray:
    shown = rgba.copy()
    shown[rgba[..., 3] == 0] = 0
    return shown


@given(st.lists(SPRITES, min_size=1, max_size=5))
def test_the_spool_gives_back_what_can_be_seen(
    tmp_path_factory: pytest.TempPathFactory, sprites: list[np.ndarray]
) -> None:
    with closing(Spool(tmp_path_factory.getbasetemp())) as spool:
        for rgba in sprites:
            spool.append(IndexedSprite.of(rgba))
        for _ in range(2):
            for rgba, stored in zip(sprites, spool, strict=True):
                palette = Palette.of([tuple(c) for c in visible(rgba).reshape(-1, 4).tolist()])
                drawn = redrawn(stored, given=palette, alpha="keep")
                np.testing.assert_array_equal(palette.colors(drawn), visible(rgba))


def test_more_than_256_colours_in_one_sprite_survive_the_spool(tmp_path: Path) -> None:
    rgba = np.full((1, 20, 20, 4), 255, np.uint8)
    rgba[..., :2] = np.stack(np.meshgrid(np.arange(20), np.arange(20)), -1)
    with closing(Spool(tmp_path)) as spool:
        spool.append(IndexedSprite.of(rgba))
        (stored,) = spool
    assert len(stored.colors) == 400
    assert (stored.colors[stored.indices] >> 24 == rgba[..., 0]).all()


@given(SPRITES, st.integers(1, 4))
def test_an_enlarged_sprite_is_found_out(rgba: np.ndarray, k: int) -> None:
    large = rgba.repeat(k, 1).repeat(k, 2)
    factor = enlargement(IndexedSprite.of(large).indices)
    assert factor % k == 0
    assert factor == k * enlargement(IndexedSprite.of(rgba).indices)


def test_a_collection_shrinks_as_one() -> None:
    size = (32, 32)
    assert choose_reductions({size: 3}, {size: 4}) == {size: 4}
    assert choose_reductions({size: 3}, {size: 1}) == {size: 1}
    # Flat tiles fit any factor and decide nothing; alone they stay as they are.
    assert choose_reductions({size: 3, (16, 16): 1}, {size: 4, (16, 16): 0})[16, 16] == 4
    assert choose_reductions({size: 3}, {size: 0}) == {size: 1}
    # A factor that some sprite's sides cannot take is no common factor.
    assert choose_reductions({size: 3, (30, 30): 1}, {size: 4, (30, 30): 0})[size] == 2
    # Previews beside sprites shrink to the sprites' size, other sizes do not.
    mixed = choose_reductions(
        {(16, 16): 9, (64, 64): 2, (64, 32): 2}, {(16, 16): 1, (64, 64): 4, (64, 32): 2}
    )
    assert mixed == {(16, 16): 1, (64, 64): 4, (64, 32): 1}


def test_a_sheet_is_cut_in_reading_order() -> None:
    sheet = np.arange(4 * 6 * 4, dtype=np.uint8).reshape(4, 6, 4)
    cells = list(cut(sheet, Grid(3, 2), 1))
    assert [name for name, _ in cells] == ["0,0", "0,1", "1,0", "1,1"]
    np.testing.assert_array_equal(cells[2][1][0], sheet[2:4, 0:3])
    clips = list(cut(sheet, Grid(2, 2), 3))
    assert [clip.shape for _, clip in clips] == [(3, 2, 2, 4)] * 2
    np.testing.assert_array_equal(clips[1][1][2], sheet[2:4, 4:6])


def test_margin_and_spacing_lie_between_cells() -> None:
    sheet = np.zeros((1 + 2 + 1, 1 + 2 + 1 + 2 + 1, 4), np.uint8)
    sheet[1:3, 1:3], sheet[1:3, 4:6] = 7, 9
    cells = [cell for _, cell in cut(sheet, Grid(2, 2, margin=1, spacing=1), 1)]
    assert [np.unique(cell).tolist() for cell in cells] == [[7], [9]]


@pytest.mark.parametrize("grid", [Grid(4, 2), Grid(3, 3), Grid(7, 7), Grid(3, 2, margin=2)])
def test_a_sheet_that_is_no_whole_number_of_cells_is_refused(grid: Grid) -> None:
    with pytest.raises(InputError, match="no whole number"):
        list(cut(np.zeros((4, 6, 4), np.uint8), grid, 1))


def found(*names: str) -> list[Found]:
    return [Found(Path(name), name) for name in names]


def names_of(files: list[Found], frames: int | None) -> dict[str, int]:
    return {entry.name: len(entry.files) for entry in gather(files, frames)}


def test_marked_frames_become_clips_and_mere_numbers_do_not() -> None:
    marked = found("a/run_f0.png", "a/run_f1.png", "b/run-frame-1.png", "b/run-frame-2.png")
    assert names_of(marked, None) == {"a/run": 2, "b/run": 2}
    assert len(names_of(marked, 1)) == 4
    numbers = found("punk0.png", "punk1.png", "punk2.png")
    assert len(names_of(numbers, None)) == 3
    assert names_of(numbers, 4) == {"punk": 3}
    assert len(names_of([*marked, *found("a/still.png")], None)) == 5
    assert len(names_of(found("roof0.png", "roof1.png"), None)) == 2


def test_frames_are_ordered_by_number_and_gaps_break_a_run() -> None:
    files = found("r_f10.png", "r_f8.png", "r_f9.png")
    (clip,) = gather(files, None)
    assert [file.name for file in clip.files] == ["r_f8.png", "r_f9.png", "r_f10.png"]
    apart = gather(found("a/r_f0.png", "a/r_f2.png", "b/r_f0.png", "b/r_f1.png"), None)
    assert [len(entry.files) for entry in apart] == [1, 1, 2]
    assert broken(apart) == ["a/r"]
    assert broken(gather(found("a/r_f0.png", "b/r_f0.png"), None)) == []
    assert names_of(found("walk/0.png", "walk/1.png"), 2) == {"walk": 2}


def test_the_canvas_is_the_commonest_size_of_equals_the_largest() -> None:
    sizes = {Canvas(1, 16, 16): 3, Canvas(4, 8, 8): 2, Canvas(1, 8, 8): 1}
    assert choose_canvas(sizes, None, None) == (1, 16, 16)
    assert choose_canvas(sizes, (20, 24), 2) == (2, 20, 24)
    with pytest.raises(InputError, match="--cell"):
        choose_canvas({Canvas(1, 5000, 10): 1}, None, None)


def test_small_sprites_stand_on_the_lower_edge_in_the_middle() -> None:
    sprite = np.ones((1, 2, 3), np.uint8)
    placed = place(sprite, Canvas(2, 5, 6), "bottom")
    assert placed.shape == (2, 5, 6)
    np.testing.assert_array_equal(placed[0], placed[1])
    assert np.argwhere(placed[0]).min(0).tolist() == [3, 1]
    assert placed.sum() == 12
    centred = place(sprite, Canvas(1, 5, 6), "center")
    assert np.argwhere(centred[0]).min(0).tolist() == [1, 1]


def test_what_does_not_fit_says_why() -> None:
    canvas = Canvas(4, 16, 16)
    assert misfit(Canvas(2, 16, 8), canvas) is None
    assert "17x16 is larger" in str(misfit(Canvas(4, 16, 17), canvas))
    assert "5 frames" in str(misfit(Canvas(5, 16, 16), canvas))
    assert "loop" in str(misfit(Canvas(3, 16, 16), canvas))


def test_the_walk_is_sorted_skips_what_is_hidden_and_survives_loops(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10.png", "a/x.npy", "a/x_labels.npy", ".git/y.png", "b/n.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "labels.csv").touch()
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    listing = find_files([tmp_path])
    assert [file.name for file in listing.files] == ["a/x.npy", "b/10.png", "b/2.png"]
    assert [path.name for path in listing.tables] == ["labels.csv"]
    assert listing.ignored == 1


def test_several_folders_count_from_what_holds_them_all(tmp_path: Path) -> None:
    for name in ("cats/1.png", "dogs/2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    listing = find_files([tmp_path / "dogs", tmp_path / "cats", tmp_path / "cats" / "1.png"])
    assert [file.name for file in listing.files] == ["dogs/2.png", "cats/1.png"]


def test_prepared_datasets_are_no_sources(tmp_path: Path) -> None:
    for name in ("dataset/sheet.png", "dataset/dataset.safetensors", "hero.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [file.name for file in find_files([tmp_path]).files] == ["hero.png"]


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_nothing_to_take_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=name):
        find_files([tmp_path / name])


@pytest.mark.skipif(os.name == "nt", reason="file names are Unicode there")
def test_undecodable_file_names_do_not_stop_anything(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.png"))).touch()
    (name,) = (file.name for file in find_files([tmp_path]).files)
    name.encode("utf-8")


def test_a_frame_count_that_loops_all_clips_is_suggested() -> None:
    sizes = Counter({Canvas(3, 8, 8): 2, Canvas(4, 8, 6): 1})
    line = describe_sizes(sizes)
    assert "--size 8x8 holds them all" in line
    assert "--frames 12 loops them all evenly" in line
    assert "--frames" not in describe_sizes(Counter({Canvas(63, 8, 8): 1, Canvas(64, 8, 8): 1}))
