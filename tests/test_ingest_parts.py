from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pxgen.canvas import Canvas
from pxgen.errors import InputError, UsageError
from pxgen.ingest import census as census_module
from pxgen.ingest.census import Census
from pxgen.ingest.clips import gather
from pxgen.ingest.describe import describe_sizes
from pxgen.ingest.grid import Grid, cut
from pxgen.ingest.layout import choose_canvas, misfit, place
from pxgen.ingest.palette_choice import PaletteWish, Recolorer, choose_palette
from pxgen.ingest.scale import choose_reductions, enlargement
from pxgen.ingest.split import exact_key, family_key, groups_of, split_of
from pxgen.ingest.spool import Compact, Spool, compact
from pxgen.ingest.walk import Found, find_files
from pxgen.palette import Palette

SPRITES = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6), st.just(4)),
    elements=st.sampled_from([0, 40, 255]),
)


def visible(rgba: np.ndarray) -> np.ndarray:
    shown = rgba.copy()
    shown[rgba[..., 3] == 0] = 0
    return shown


def drawing(seed: int = 0, side: int = 8, colors: int = 4) -> np.ndarray:
    """A still in opaque colours with a transparent border."""
    random = np.random.default_rng(seed)
    table = random.integers(0, 256, (colors, 4), dtype=np.uint8)
    table[:, 3] = 255
    table[0] = 0
    maps = random.integers(0, colors, (1, side, side))
    maps[:, [0, -1]] = maps[:, :, [0, -1]] = 0
    maps[0, 1, 1:3] = 1, 2
    return table[maps]


@given(st.lists(SPRITES, min_size=1, max_size=5))
def test_the_spool_gives_back_what_can_be_seen(
    tmp_path_factory: pytest.TempPathFactory, sprites: list[np.ndarray]
) -> None:
    with Spool(tmp_path_factory.getbasetemp()) as spool:
        for rgba in sprites:
            spool.append(compact(rgba))
        for _ in range(2):
            for rgba, stored in zip(sprites, spool, strict=True):
                palette = Palette.of([tuple(c) for c in visible(rgba).reshape(-1, 4).tolist()])
                wish = PaletteWish(given=palette, alpha="keep")
                drawn = redrawn(stored, wish)
                np.testing.assert_array_equal(palette.colors(drawn), visible(rgba))


def redrawn(sprite: Compact, wish: PaletteWish, method: str = "none") -> np.ndarray:
    census = _census([sprite])
    return Recolorer(choose_palette(census, wish), method, census).draw(sprite)


def _census(sprites: list[Compact]) -> Census:
    census = Census()
    for sprite in sprites:
        census.add(sprite.colors, sprite.counts())
    return census


def test_more_than_256_colours_in_one_sprite_survive_the_spool(tmp_path: Path) -> None:
    rgba = np.full((1, 20, 20, 4), 255, np.uint8)
    rgba[..., :2] = np.stack(np.meshgrid(np.arange(20), np.arange(20)), -1)
    with Spool(tmp_path) as spool:
        spool.append(compact(rgba))
        (stored,) = spool
    assert len(stored.colors) == 400
    assert (stored.colors[stored.indices] >> 24 == rgba[..., 0]).all()


@given(SPRITES, st.integers(1, 4))
def test_an_enlarged_sprite_is_found_out(rgba: np.ndarray, k: int) -> None:
    large = rgba.repeat(k, 1).repeat(k, 2)
    factor = enlargement(compact(large).indices)
    assert factor % k == 0
    assert factor == k * enlargement(compact(rgba).indices)


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
    assert len(gather(found("r_f0.png", "r_f2.png"), None)) == 2
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


def key(rgba: np.ndarray) -> int:
    sprite = compact(rgba)
    return family_key(sprite, enlargement(sprite.indices))


def test_copies_mirrors_recolours_shifts_and_enlargements_are_one_family() -> None:
    rgba = drawing()
    recolour = rgba.copy()
    recolour[rgba[..., 3] > 0, :3] = 255 - rgba[rgba[..., 3] > 0, :3]
    hidden = rgba.copy()
    hidden[rgba[..., 3] == 0, :3] = 77
    likes = [
        rgba[:, :, ::-1],
        recolour,
        recolour[:, :, ::-1],
        hidden,
        np.pad(rgba, ((0, 0), (3, 1), (0, 5), (0, 0))),
        rgba.repeat(3, 1).repeat(3, 2),
    ]
    assert {key(like) for like in likes} == {key(rgba)}
    assert exact_key(compact(hidden)) == exact_key(compact(rgba))
    assert exact_key(compact(recolour)) != exact_key(compact(rgba))


def test_different_drawings_are_different_families() -> None:
    keys = {key(drawing(seed)) for seed in range(50)}
    assert len(keys) == 50
    rgba = drawing()
    upside_down = rgba[:, ::-1]
    assert key(upside_down) != key(rgba)
    two_frames = np.concatenate([rgba, rgba])
    assert key(two_frames) != key(rgba)


@given(SPRITES)
def test_a_mirror_is_always_family(rgba: np.ndarray) -> None:
    assert key(rgba) == key(rgba[:, :, ::-1])


KEYS = st.lists(st.integers(0, 30), min_size=1, max_size=60)


@given(KEYS, st.integers(0, 5))
def test_families_stay_on_one_side_and_neither_side_is_empty(keys: list[int], seed: int) -> None:
    split, group = split_of(keys, 0.1, seed), groups_of(keys)
    for same in (split, group):
        assert len({(k, int(v)) for k, v in zip(keys, same, strict=True)}) == len(set(keys))
    assert group[0] == 0
    assert (split == 0).any()
    assert (split == 1).any() == (len(set(keys)) > 1)


def test_added_sprites_move_no_others_and_the_share_is_kept() -> None:
    keys = [hash((i, "k")) % 2**64 for i in range(5000)]
    few, many = split_of(keys[:1000], 0.1, 3), split_of(keys, 0.1, 3)
    np.testing.assert_array_equal(few, many[:1000])
    assert 0.08 < many.mean() < 0.12
    assert (split_of(keys, 0.1, 4) != many).any()
    assert not split_of(keys, 0.0, 3).any()


def test_the_census_counts_exactly_and_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(census_module, "LIMIT", 100)
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
    monkeypatch.setattr(census_module, "LIMIT", 1)
    sprite = compact(np.array([[[[9, 9, 9, 255], [1, 1, 1, 255], [7, 0, 0, 0]]]], np.uint8))
    census = _census([sprite])
    palette = Palette.of([(1, 1, 1), (9, 9, 9)])
    choice = choose_palette(census, PaletteWish(given=palette))
    assert not choice.counted_exactly
    assert Recolorer(choice, "none", census).draw(sprite).tolist() == [[[2, 1, 0]]]


def counted(colors: list[tuple[int, int, int, int]]) -> Census:
    rgba = np.array(colors, np.uint8).reshape(1, 1, -1, 4)
    return _census([compact(rgba)])


def test_255_colours_are_exact_and_256_are_reduced() -> None:
    many = [(i, 0, j, 255) for i in range(16) for j in range(16)]
    exact = choose_palette(counted(many[:255]), PaletteWish())
    assert (len(exact.palette), exact.exact_share, exact.suggested) == (256, 1.0, None)
    reduced = choose_palette(counted(many), PaletteWish())
    assert len(reduced.palette) == 256
    assert reduced.exact_share == 255 / 256
    assert np.isfinite(reduced.psnr)
    few = choose_palette(counted(many), PaletteWish(colors=8))
    assert len(few.palette) == 9
    assert few.suggested is not None
    with pytest.raises(UsageError, match="--colors 256"):
        choose_palette(counted(many), PaletteWish(colors=256))


def test_a_few_deliberate_semi_transparent_colours_are_kept_and_soft_edges_are_not() -> None:
    solid = [(9, 9, 9, 255), (1, 1, 1, 255)]
    glass = [(9, 9, 9, 128), (5, 5, 5, 40)]
    kept = choose_palette(counted(solid + glass), PaletteWish())
    assert kept.keep_alpha
    assert len(kept.palette) == 5
    assert (kept.soft_colors, kept.soft_pixels) == (2, 2)
    cut_off = choose_palette(counted(solid + glass), PaletteWish(alpha="threshold"))
    assert {tuple(row) for row in cut_off.palette.rgba[1:].tolist()} == set(solid)
    edges = [(9, 9, 9, alpha) for alpha in range(1, 255, 10)]
    soft = choose_palette(counted(solid + edges), PaletteWish())
    assert not soft.keep_alpha
    assert len(choose_palette(counted(solid + edges), PaletteWish(alpha="keep")).palette) == 29
    with pytest.raises(InputError, match="--alpha threshold"):
        choose_palette(counted(solid + edges), PaletteWish(alpha="keep", colors=20))


def test_thresholded_pixels_become_opaque_or_transparent() -> None:
    rgba = np.array([[[[9, 9, 9, 127], [9, 9, 9, 128], [9, 9, 9, 255]]]], np.uint8)
    sprite = compact(rgba)
    assert redrawn(sprite, PaletteWish(alpha="threshold")).tolist() == [[[0, 1, 1]]]


def test_a_given_palette_is_kept_as_it_is_and_loss_is_told() -> None:
    given_palette = Palette.of([(255, 255, 255), (0, 0, 0), (0, 0, 255)])
    rgba = np.array([[[[250, 250, 250, 255], [0, 0, 0, 255]]]], np.uint8)
    wish = PaletteWish(given=given_palette)
    choice = choose_palette(_census([compact(rgba)]), wish)
    assert choice.palette == given_palette
    assert choice.exact_share == 0.5
    assert redrawn(compact(rgba), wish).tolist() == [[[1, 2]]]


def test_the_order_of_a_shared_colour_table_is_its_authors() -> None:
    table = np.array(
        [[9, 0, 0, 255], [0, 0, 0, 0], [0, 9, 0, 255], [9, 0, 0, 255], [0, 0, 9, 255]], np.uint8
    )
    census = counted([(0, 9, 0, 255), (9, 0, 0, 255)])
    choice = choose_palette(census, PaletteWish(shared_table=table))
    assert choice.palette.rgba[:, :3].tolist() == [[0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 9]]


def test_dithering_mixes_only_colours_off_the_palette() -> None:
    palette = Palette.of([(0, 0, 0), (255, 255, 255)])
    grey = compact(np.full((1, 8, 8, 4), [118, 118, 118, 255], np.uint8))
    wish = PaletteWish(given=palette)
    assert set(np.unique(redrawn(grey, wish, "bayer4"))) == {1, 2}
    assert len(np.unique(redrawn(grey, wish))) == 1
    black = compact(np.full((1, 8, 8, 4), [0, 0, 0, 255], np.uint8))
    assert set(np.unique(redrawn(black, wish, "bayer4"))) == {1}


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
