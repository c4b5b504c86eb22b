"""``pxgen animate --given``: the rest of frames, views, sheets and parts, in whose colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pxgen.palette import Palette
from pxgen.render.png import decode_png, encode_png
from tests.support.animating import CLIPS, FRAMES, clip, frames_of, run, save_clips
from tests.support.tiny import PALETTE

VIEWS = ("down", "left", "up", "right")


def test_a_given_picture_is_kept_where_the_sheet_takes_its_name(tmp_path: Path) -> None:
    save_clips(tmp_path, "masked", ("left", "right", "up", "down"))
    hero = tmp_path / "hero.png"
    hero.write_bytes(encode_png(np.zeros((6, 8), np.uint8) + 1, PALETTE))
    before = hero.read_bytes()
    options = ("--given", f"left={hero}", "--sheet", "rows", "-o", hero)
    code, lines, said = run(tmp_path, *options)
    assert (code, lines) == (0, [str(hero)]), said
    assert (tmp_path / "hero-given.png").read_bytes() == before
    assert f"{hero} was given, and is kept as {tmp_path / 'hero-given.png'}" in said
    assert decode_png(hero)[0].shape == (24, 8)


@pytest.mark.parametrize("keep", [1, 3])
@pytest.mark.parametrize("recipe", CLIPS)
def test_given_frames_stay_as_they_are(recipe: str, keep: int, tmp_path: Path) -> None:
    save_clips(tmp_path, recipe)
    given = clip(tmp_path / "given.gif")
    options = ("--given", tmp_path / "given.gif", "--keep", keep, "-n", 3, "-o", f"{tmp_path}/o/")
    code, lines, said = run(tmp_path, *options)
    assert code == 0, said
    colors = np.array(PALETTE.rows, np.uint8)
    ends = []
    for line in lines:
        made = frames_of(line)
        assert np.array_equal(made[:keep], colors[given[:keep]])
        ends.append(made[keep:].tobytes())
    assert len(set(ends)) > 1


@pytest.mark.parametrize("recipe", ["masked", "uniform", "ddpm", "ddpm-palette"])
def test_the_rest_of_any_views_is_drawn(recipe: str, tmp_path: Path) -> None:
    """Given frames stay as they are, whichever they are; the others differ from seed to seed."""
    save_clips(tmp_path, recipe, VIEWS)
    given = clip(tmp_path / "given.gif")
    for number, view in enumerate(VIEWS):
        (tmp_path / f"{view}.png").write_bytes(encode_png(given[number], PALETTE))
    chosen = (f"left={tmp_path}/left.png", f"3={tmp_path}/right.png")
    options = (*sum((("--given", text) for text in chosen), ()), "-n", 3, "-o", f"{tmp_path}/o/")
    code, lines, said = run(tmp_path, *options)
    assert code == 0, said
    made = np.stack([frames_of(line) for line in lines])
    colors = np.array(PALETTE.rows, np.uint8)
    assert np.array_equal(made[:, 1], colors[given[[1] * 3]])
    assert np.array_equal(made[:, 3], colors[given[[3] * 3]])
    assert len(np.unique(made[:, [0, 2]].reshape(3, -1), axis=0)) == 3


def test_a_sheet_of_one_view_becomes_the_whole_sheet(tmp_path: Path) -> None:
    """What was written as a sheet is read as one: its clear cells are drawn anew."""
    save_clips(tmp_path, "masked", VIEWS)
    given = clip(tmp_path / "given.gif")
    (tmp_path / "down.png").write_bytes(encode_png(given[0], PALETTE))
    whole = tmp_path / "whole.png"
    options = ("--sheet", "rows", "-o", whole)
    assert run(tmp_path, "--given", f"down={tmp_path}/down.png", *options)[0] == 0
    sheet = frames_of(whole)[0]
    cells = sheet.reshape(-1, 6, sheet.shape[1] // 8, 8, 4).swapaxes(1, 2).reshape(-1, 6, 8, 4)
    assert len(cells) == FRAMES
    assert np.array_equal(cells[0], np.array(PALETTE.rows, np.uint8)[given[0]])
    cut = sheet.copy()
    cut[-6:, -8:] = 0
    Image.fromarray(cut).save(tmp_path / "cut.png")
    again = tmp_path / "again.png"
    assert run(tmp_path, "--given", tmp_path / "cut.png", "--sheet", "rows", "-o", again)[0] == 0
    kept = np.ones(sheet.shape[:2], bool)
    kept[-6:, -8:] = False
    assert np.array_equal(frames_of(again)[0][kept], sheet[kept])


def test_parts_of_given_frames_are_drawn_too_where_a_mask_is_white(tmp_path: Path) -> None:
    save_clips(tmp_path, "masked")
    given = clip(tmp_path / "given.gif")
    mask = np.zeros((6, 8), np.uint8)
    mask[:, 4:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    options = ("--given", tmp_path / "given.gif", "--mask", tmp_path / "mask.png", "-n", 4)
    code, lines, said = run(tmp_path, *options, "-o", f"{tmp_path}/o/")
    assert code == 0, said
    made = np.stack([frames_of(line) for line in lines])
    colors = np.array(PALETTE.rows, np.uint8)[given]
    assert (made[..., :4, :] == colors[..., :4, :]).all()
    assert (made[..., 4:, :] != colors[..., 4:, :]).any()


def test_only_given_colours_are_drawn_if_asked(tmp_path: Path) -> None:
    save_clips(tmp_path, "masked")
    pixels = np.zeros((6, 8), np.uint8)
    pixels[2:] = 3
    (tmp_path / "one.png").write_bytes(encode_png(pixels, PALETTE))
    options = ("--given", tmp_path / "one.png", "-n", 2, "-o", f"{tmp_path}/o/", "--force")
    for lock, most in (((), 5), (("--lock", "given"), 2)):
        code, lines, said = run(tmp_path, *options, *lock)
        assert code == 0, said
        seen = np.unique(np.stack([frames_of(line) for line in lines]).reshape(-1, 4), axis=0)
        assert len(seen) == most


def test_a_recoloured_sprite_keeps_its_colours_if_asked(tmp_path: Path) -> None:
    """The frames are drawn as of the model's palette, and shown in the given colours."""
    save_clips(tmp_path, "masked")
    pixels = np.zeros((6, 8), np.uint8)
    pixels[2:] = 3
    (tmp_path / "one.png").write_bytes(encode_png(pixels, PALETTE))
    assert run(tmp_path, "--given", tmp_path / "one.png", "-o", tmp_path / "a.gif")[0] == 0
    near = list(PALETTE.rows)
    near[3] = tuple(min(value + 3, 255) if value < 250 else value - 3 for value in near[3][:3])
    Image.fromarray(Palette.of(near[1:]).colors(pixels)).save(tmp_path / "other.png")
    options = ("--given", tmp_path / "other.png", "--palette", "given", "-o", tmp_path / "b.gif")
    code, _, said = run(tmp_path, *options)
    assert (code, said) == (0, "")
    plain, recolored = frames_of(tmp_path / "a.gif"), frames_of(tmp_path / "b.gif")
    changed = (plain == np.array(PALETTE.rows[3], np.uint8)).all(-1)
    assert (recolored[changed][:, :3] == near[3]).all()
    assert np.array_equal(recolored[~changed], plain[~changed])


def test_given_colours_that_the_palette_lacks_are_told(tmp_path: Path) -> None:
    save_clips(tmp_path, "masked")
    clip(tmp_path / "given.gif")
    options = ("--given", tmp_path / "given.gif", "--keep", 1, "-o", tmp_path / "a.gif")
    code, _, said = run(tmp_path, *options)
    assert (code, "palette" in said) == (0, False)
    with Image.open(tmp_path / "given.gif") as image:
        frame = np.array(image.convert("RGBA"))
    frame[0, :3] = 9, 8, 7, 255
    Image.fromarray(frame).save(tmp_path / "given.png")
    code, _, said = run(tmp_path, "--given", tmp_path / "given.png", "-o", tmp_path / "b.gif")
    assert code == 0
    assert "given.png: 3 pixels are of colours that the model's palette lacks" in said


def test_a_mask_that_marks_nothing_is_one_of_given_frames_alone(tmp_path: Path) -> None:
    """All of the given frame is kept, and the others are drawn."""
    save_clips(tmp_path, "masked")
    pixels = np.zeros((6, 8), np.uint8)
    pixels[2:] = 3
    (tmp_path / "one.png").write_bytes(encode_png(pixels, PALETTE))
    Image.new("L", (8, 6), 0).save(tmp_path / "mask.png")
    given = ("--given", tmp_path / "one.png")
    for name, mask in (("a.gif", ()), ("b.gif", ("--mask", tmp_path / "mask.png"))):
        assert run(tmp_path, *given, *mask, "-o", tmp_path / name)[0] == 0
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()
