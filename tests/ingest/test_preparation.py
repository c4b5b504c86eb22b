"""Sources of every kind become one dataset: sprites, palette, labels, and what is noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pxgen.builtin import FIGURES, PALETTE, certify
from pxgen.data.dataset import open_dataset
from pxgen.engines.aseprite import encode_aseprite
from pxgen.engines.clips import Clip
from pxgen.engines.tags import Tag
from pxgen.ingest.tally import Tally
from pxgen.palette import Palette
from pxgen.render.png import decode_png
from tests.support.enlarged import KINDS, heads
from tests.support.preparing import COLORS, hero, heroes, prepared, run, save, shown, visible

pytestmark = pytest.mark.usefixtures("work")


def test_a_palette_by_name_and_a_colour_count() -> None:
    heroes("art")
    named = prepared("art", "--palette", "pico-8")
    assert len(named.palette) >= 16
    result = run("art", "--colors", 2, "--force")
    assert "dB" in result.stderr
    assert "suggested: --colors 3" in result.stderr
    assert len(open_dataset(Path("dataset")).palette) == 3
    assert run("art", "--palette", "pico-88", "--force").exit_code == 2


def test_near_duplicates_that_only_the_palette_makes_stay_on_one_side() -> None:
    """Shades that differ in the sources are one colour on the palette, and so are their sprites."""
    for seed in range(40):
        rgba = hero(seed)
        other = rgba.copy()
        # Elsewhere in the drawing one pixel is a shade off: another family, until it is reduced.
        other[0, 0] = (21, 21, 21, 255) if rgba[0, 0, 3] else (0, 0, 0, 1)
        rgba[0, 0] = (20, 20, 20, 255) if rgba[0, 0, 3] else (0, 0, 0, 0)
        save(f"art/{seed}.png", rgba)
        save(f"art/{seed}b.png", other)
    dataset = prepared("art", "--colors", 3, "--holdout", 0.3)
    learnt = {dataset.pixels[i].tobytes() for i in dataset.train}
    assert len(dataset.held_out) > 4
    assert not [i for i in dataset.held_out if dataset.pixels[i].tobytes() in learnt]
    for first, second in ((f"{s}.png", f"{s}b.png") for s in range(40)):
        sides = {int(dataset.split[dataset.names.index(name)]) for name in (first, second)}
        assert len(sides) == 1


def test_a_shadow_of_the_palette_stays_when_other_colours_are_dithered() -> None:
    shadow = (10, 10, 10, 90)
    rgba = hero(1)
    rgba[0] = shadow
    rgba[1] = (180, 60, 60, 255)
    save("art/a.png", rgba)
    palette = [(20, 20, 20, 255), (200, 30, 30, 255), (240, 220, 90, 255), shadow]
    rows = "".join(f"{r:02x}{g:02x}{b:02x}{a:02x}\n" for r, g, b, a in palette)
    Path("own.hex").write_text(rows)
    dataset = prepared("art", "--palette", "own.hex", "--dither", "bayer2", "--alpha", "keep")
    assert (shown(dataset, "a.png")[0, 0] == shadow).all()


def test_the_pictures_beside_it_show_sprites_and_palette() -> None:
    heroes("art")
    dataset = prepared("art", "-o", "out/d")
    for name in ("sheet.png", "palette.png"):
        indices, palette = decode_png(Path("out/d") / name)
        assert palette == dataset.palette
        assert set(np.unique(indices)) == {0, 1, 2, 3}


def test_smaller_sprites_are_padded_onto_the_canvas() -> None:
    heroes("art")
    small = hero(77, 5, 6)
    save("art/small.png", small)
    dataset = prepared("art")
    np.testing.assert_array_equal(shown(dataset, "small.png")[0, 3:, 1:7], visible(small))
    larger = prepared("art", "--size", "10x12", "--anchor", "center", "-o", "b")
    assert larger.canvas == (1, 12, 10)
    np.testing.assert_array_equal(shown(larger, "small.png")[0, 3:8, 2:8], visible(small))


def test_enlarged_sprites_come_back_to_their_true_pixels() -> None:
    drawn = [hero(seed) for seed in range(5)]
    for seed, rgba in enumerate(drawn):
        save(f"art/{seed}.png", rgba.repeat(6, 0).repeat(6, 1))
    result = run("art")
    assert "enlarged 6 times" in result.stderr
    dataset = open_dataset(Path("dataset"))
    assert dataset.canvas == (1, 8, 8)
    np.testing.assert_array_equal(shown(dataset, "3.png")[0], visible(drawn[3]))
    assert prepared("art", "--keep-scale", "--force").canvas == (1, 48, 48)


def test_fake_pixels_are_told_and_undone() -> None:
    art = heads(3)
    random = np.random.default_rng(1)
    for number, rgba in enumerate(art):
        save(f"art/{number}.png", KINDS["nearest"](rgba, 3.4, random))
    result = run("art")
    assert "3 sprites of fake pixels, undone: such as 0.png, 82x82, really 24x24" in result.stderr
    dataset = open_dataset(Path("dataset"))
    assert dataset.canvas == (1, 24, 24)
    for number, rgba in enumerate(art):
        np.testing.assert_array_equal(shown(dataset, f"{number}.png")[0], rgba)
    assert prepared("art", "--keep-scale", "--force").canvas == (1, 82, 82)
    assert prepared("art", "--pixel", 6.8, "--force").canvas == (1, 12, 12)


def test_every_mode_and_hidden_colours_meet_in_one_palette() -> None:
    rgba = hero(0)
    loud = rgba.copy()
    loud[rgba[..., 3] == 0, :3] = 99
    save("art/a.png", rgba)
    save("art/b.png", loud)
    save("art/grey.png", hero(1)[..., 0])
    save("art/rgb.png", hero(2)[..., :3])
    save("art/two.png", hero(3)[..., 0] > 100)
    result = run("art")
    assert result.exit_code == 0, result.stderr
    dataset = open_dataset(Path("dataset"))
    np.testing.assert_array_equal(shown(dataset, "a.png"), shown(dataset, "b.png"))
    assert "1 exact copies" in result.stderr
    assert (shown(dataset, "rgb.png")[0, ..., 3] == 255).all()


def test_indexed_files_that_share_a_palette_keep_its_order() -> None:
    Path("art").mkdir()
    for seed in range(3):
        image = Image.fromarray(np.random.default_rng(seed).integers(0, 3, (8, 8), np.uint8), "L")
        image.putpalette([9, 9, 9, 250, 0, 0, 0, 0, 250, 1, 2, 3])
        image.save(f"art/{seed}.png", transparency=0)
    dataset = prepared("art")
    assert dataset.palette == Palette.of([(250, 0, 0), (0, 0, 250), (1, 2, 3)])


def test_sheets_are_cut_and_empty_cells_dropped() -> None:
    sheet = np.zeros((16, 32, 4), np.uint8)
    for place in range(6):
        y, x = 8 * (place // 4), 8 * (place % 4)
        sheet[y : y + 8, x : x + 8] = hero(place)
    save("sheet.png", sheet)
    result = run("sheet.png", "--cell", "8x8")
    assert "2 empty cells dropped" in result.stderr
    dataset = open_dataset(Path("dataset"))
    assert dataset.names[5] == "sheet.png#1,1"
    np.testing.assert_array_equal(shown(dataset, "sheet.png#1,1")[0], visible(hero(5)))
    clips = prepared("sheet.png", "--cell", "8x8", "--frames", 2, "--force")
    assert clips.pixels.shape == (3, 2, 8, 8)
    assert run("sheet.png", "--cell", "8x8", "--frames", 3, "--force").exit_code == 3


def test_numbered_frames_become_clips() -> None:
    for actor in ("elf", "orc"):
        for frame in range(4):
            save(f"art/{actor}/run_f{frame}.png", hero(frame + 10 * (actor == "orc")))
    save("art/imp/stand_f0.png", hero(99))
    dataset = prepared("art")
    assert dataset.pixels.shape == (3, 4, 8, 8)
    assert dataset.label_names == ("elf", "imp", "orc")
    for frame in range(4):
        rgba = shown(dataset, "elf/run")[frame]
        np.testing.assert_array_equal(rgba, visible(hero(frame)))
        stand = shown(dataset, "imp/stand_f0.png")[frame]
        np.testing.assert_array_equal(stand, visible(hero(99)))
    assert prepared("art", "--frames", 1, "--force").pixels.shape == (9, 1, 8, 8)
    result = run("art", "--frames", 2, "--force")
    assert result.exit_code == 3
    assert "one of 4 numbered frames" in result.stderr


def test_animated_files_are_clips_or_with_one_frame_stills() -> None:
    Path("art").mkdir()
    for seed in range(2):
        frames = [Image.fromarray(hero(10 * seed + i)) for i in range(3)]
        frames[0].save(
            f"art/{seed}.png", save_all=True, append_images=frames[1:], duration=100, disposal=2
        )
    dataset = prepared("art")
    assert dataset.pixels.shape == (2, 3, 8, 8)
    np.testing.assert_array_equal(shown(dataset, "1.png")[2], visible(hero(12)))
    stills = prepared("art", "--frames", 1, "--force")
    np.testing.assert_array_equal(shown(stills, "1.png#2")[0], visible(hero(12)))


def test_arrays_with_labels_beside_them() -> None:
    rgba = np.stack([hero(seed) for seed in range(10)])
    np.save("heroes.npy", rgba[..., :3])
    np.save("heroes_labels.npy", np.eye(2)[np.arange(10) % 2])
    dataset = prepared("heroes.npy", "--label-names", "elf,orc")
    assert dataset.label_names == ("elf", "orc")
    assert dataset.marks.tolist() == np.eye(2)[np.arange(10) % 2].tolist()
    np.testing.assert_array_equal(shown(dataset, "heroes.npy#7")[0, ..., :3], rgba[7, ..., :3])


def test_labels_come_from_the_table_at_the_top_of_the_folder() -> None:
    heroes("art")
    rows = "".join(f"{i}, {'Hat / Beard' if i % 2 else 'Hat'}\n" for i in range(12))
    Path("art/about.csv").write_text("id, wears\n" + rows)
    dataset = prepared("art")
    assert dataset.label_names == ("Beard", "Hat")
    assert dataset.marks.sum(0).tolist() == [6, 12]
    assert prepared("art", "--labels", "folders", "--force").label_names == ("elf", "orc")
    result = run("art", "--labels", "missing.csv", "--force")
    assert result.exit_code == 3
    assert "missing.csv" in result.stderr


def test_a_tiled_collection_is_noticed() -> None:
    np.save("tiled.npy", np.concatenate([np.stack([hero(s) for s in range(4)])] * 5))
    result = run("tiled.npy")
    assert "every sprite occurs 5 times; 4 are distinct" in result.stderr


def test_smooth_images_are_noticed() -> None:
    heroes("art")
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    save("art/photo.png", noise)
    assert "1 sprites hold more than 48 colours (such as photo.png)" in run("art").stderr


def test_built_in_characters_are_legal_distinct_and_labelled() -> None:
    dataset = prepared("--builtin", "-n", 40, "--seed", 3)
    assert len(dataset) == 40
    certificate = certify(np.asarray(dataset.pixels[5, 0]))
    assert certificate.legal
    labels = {dataset.label_names[i] for i in np.flatnonzero(dataset.marks[5])}
    assert labels == certificate.label_names
    assert len({pixels.tobytes() for pixels in dataset.pixels}) == 40
    assert prepared("--builtin", "-n", 3, "--frames", 8, "-o", "b").canvas == (8, 24, 24)


@pytest.mark.parametrize(
    ("flags", "project"),
    [(("--builtin", "figures"), ""), ((), '[data]\nbuiltin = "figures"\n')],
)
def test_built_in_figures_are_clips_of_sixteen_frames(flags: tuple[str, ...], project: str) -> None:
    Path("pxgen.toml").write_text(project)
    dataset = prepared(*flags, "-n", 12, "--seed", 3)
    assert dataset.frame_names[:5] == ("down/0", "down/1", "down/2", "down/3", "left/0")
    assert (dataset.canvas, len(dataset)) == ((16, 24, 16), 12)
    assert (dataset.palette, dataset.label_names) == (PALETTE, FIGURES.labels)
    for pixels, marks in zip(dataset.pixels, dataset.marks, strict=True):
        certificate = certify(np.asarray(pixels), FIGURES)
        assert certificate.legal
        assert certificate.label_names == {FIGURES.labels[i] for i in np.flatnonzero(marks)}
    assert prepared(*flags, "-n", 2, "--size", "32x32", "-o", "b").canvas == (16, 32, 32)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--dither bayer4", "--dither is for colours that are reduced"),
        ("--dither bayer4 --palette local", "--dither is for colours that are reduced"),
        ("--colors 8 --palette pico-8", "--palette pico-8 is taken whole: leave out --colors"),
        ("--label-columns kind", "none is read: give it with --labels"),
        ("--label-names elf,orc", "no such array is read"),
    ],
)
def test_options_that_would_do_nothing_are_refused(options: str, reason: str) -> None:
    heroes("art")
    result = run("art", *options.split())
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.split())
    assert not Path("dataset").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--dither bayer4", "leave out --dither"),
        ("--labels tags.csv", "leave out --labels"),
        ("--together file --label-names elf,orc", "leave out --label-names, --together"),
        ("--cut-background --fit loop", "leave out --fit, --cut-background"),
    ],
)
def test_the_built_in_characters_take_no_options_of_files(options: str, reason: str) -> None:
    result = run("--builtin", "-n", 20, *options.split())
    assert result.exit_code == 2
    assert reason in " ".join(result.stderr.split())


@pytest.mark.usefixtures("work")
def test_a_split_far_from_the_share_asked_for_is_told() -> None:
    """Half of a folder may be copies of one sprite, which fall to one side."""
    for number in range(10):
        save(f"art/{number}.png", hero(number))
        save(f"art/copy-{number}.png", hero(0))
    told = [run("art", "-o", f"d{seed}", "--seed", seed).stderr for seed in range(30)]
    held = [int(text.partition(" of 20 sprites held out")[0].split()[-1]) for text in told]
    assert min(held) <= 5 < max(held)
    assert ["that is much" in text for text in told] == [number > 5 for number in held]


def test_files_are_not_counted_out() -> None:
    heroes("art")
    result = run("art", "-n", 5)
    assert result.exit_code == 2
    assert "-n counts built-in characters" in result.stderr
    Path("pxgen.toml").write_text("[data]\ncount = 5\n")
    prepared("art")


def test_what_a_project_says_of_its_files_is_not_said_of_built_in_characters() -> None:
    """Nor is a default that is spelt out an option that would do nothing."""
    Path("pxgen.toml").write_text('[data]\nsource = ["art"]\nskip_bad = true\ncell = "8x8"\n')
    prepared("--builtin", "-n", 20, "--margin", 0)
    Path("pxgen.toml").write_text("[data]\nbuiltin = true\nskip_bad = true\n")
    result = run("-n", 20, "--force")
    assert result.exit_code == 2
    assert "leave out --skip-bad" in result.stderr


@pytest.mark.usefixtures("work")
def test_frames_of_many_names_are_told_in_a_line() -> None:
    save("s.png", np.concatenate([hero(number) for number in range(15)]))
    views = ",".join(f"v{number}" for number in range(15))
    result = run("s.png", "--cell", "8x8", "--views", views)
    assert result.exit_code == 0, result.stderr
    assert "clips of 15 frames (v0, v1," in result.stderr
    assert "v11, ... (3 more)) of 8x8" in result.stderr


def test_dithering_holds_wherever_colours_are_reduced() -> None:
    heroes("art")
    for options in ("--colors 2", "--palette game-boy", "--palette local --colors 2"):
        prepared("art", "--dither", "bayer2", "--force", *options.split())


@pytest.mark.usefixtures("work")
def test_cells_that_are_blank_once_the_background_is_cut_are_empty() -> None:
    sheet = np.full((8, 32, 4), (255, 0, 255, 255), np.uint8)
    for column in (0, 1):
        drawn = hero(column)[1:7, 1:7]
        sheet[1:7, 8 * column + 1 : 8 * column + 7] = np.where(drawn[..., 3:] > 0, drawn, 255)
    save("s.png", sheet)
    result = run("s.png", "--cell", "8x8", "--cut-background")
    assert "2 empty cells dropped" in result.stderr
    assert len(prepared("s.png", "--cell", "8x8", "--cut-background", "--force")) == 2
    result = run("s.png", "--cell", "8x8", "--frames", 4, "--cut-background", "--force")
    assert "1 clips hold blank cells, which are learnt as empty frames (such as s.png#0,0)" in (
        result.stderr
    )


@pytest.mark.usefixtures("work")
def test_frames_outside_all_tags_are_told_of_or_stills() -> None:
    frames = np.random.default_rng(0).integers(0, 4, (4, 8, 8), dtype=np.uint8)
    clip = Clip("hero", frames, [100] * 4, (Tag("walk", 0, 1),))
    Path("hero.aseprite").write_bytes(encode_aseprite([clip], Palette.of(COLORS[1:])))
    result = run("hero.aseprite")
    assert "2 frames outside all tags left out (such as of hero.aseprite)" in result.stderr
    stills = prepared("hero.aseprite", "--frames", 1, "--force")
    assert len(stills) == 4
    assert "hero.aseprite#frames 3-4#1" in stills.names


def test_one_colour_table_is_shared_only_where_every_image_has_it() -> None:
    tally = Tally()
    tally.saw_table(bytes([1, 2, 3, 255]))
    tally.saw_table(bytes([1, 2, 3, 255]))
    assert tally.shared_table is not None
    assert tally.shared_table.tolist() == [[1, 2, 3, 255]]
    tally.saw_table(None)
    assert tally.shared_table is None


def test_terms_are_carried_into_the_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    heroes("sprites")
    told = prepared("sprites", "--license", "CC0-1.0", "--author", "Ada", "--audit").info
    assert (told["license"], told["author"]) == ("CC0-1.0", "Ada")
    assert "origin" not in told
    drawn = prepared("--builtin", "-n", 20, "-o", "b", "--author", "me").info
    assert (drawn["author"], drawn["license"]) == ("me", "MIT")
    assert "no artist's work" in drawn["origin"]


@pytest.mark.parametrize("widths", [(96, 96), (96, 80)])
def test_uncut_sheets_are_told_whether_they_fit_together_or_not(widths: tuple[int, int]) -> None:
    for number, width in enumerate(widths):
        save(f"art/{number}.png", hero(number, 80, width))
    assert "2 pictures of up to 96x80: if they are sheets of sprites, cut" in run("art").stderr
    assert "if they are sheets" not in run("art", "--cell", "16x16").stderr
