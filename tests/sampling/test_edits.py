"""``sample`` with something to start from, through the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pxgen.checkpoint.store import load_model
from pxgen.cli.app import pxgen
from pxgen.config.sample_settings import PictureSettings
from pxgen.models.protocol import SamplingParams
from pxgen.render.png import decode_png
from pxgen.sampling.edits import edited_params
from tests.support.animating import frames_of, save_clips
from tests.support.checkpoints import save
from tests.support.tiny import PALETTE


def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    command = ["sample", "-m", str(folder), "--steps", "3", "--workers", "1", *arguments]
    result = CliRunner().invoke(pxgen, command)
    return result.exit_code, result.stdout, result.stderr


def sprite(path: Path, size: tuple[int, int] = (8, 6)) -> np.ndarray:
    """A sprite in the model's colours."""
    indices = np.random.default_rng(3).integers(0, len(PALETTE), size[::-1]).astype(np.uint8)
    Image.fromarray(np.array(PALETTE.rows, np.uint8)[indices]).save(path)
    return indices


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path)
    return tmp_path


def test_pictures_take_the_strengths_in_turn_whatever_the_shard(folder: Path) -> None:
    given = sprite(folder / "a.png")
    options = ["--init", f"{folder}/a.png", "--strength", "0", "--strength", "1", "-n", "4"]
    assert run(folder, *options, "-o", f"{folder}/out/")[0] == 0
    drawn = [decode_png(path)[0] for path in sorted((folder / "out").iterdir())]
    assert [np.array_equal(each, given) for each in drawn] == [True, False, True, False]
    for part in ("1/2", "2/2"):
        assert run(folder, *options, "--shard", part, "-o", f"{folder}/parts/")[0] == 0
    parts = [path.read_bytes() for path in sorted((folder / "parts").iterdir())]
    assert parts == [path.read_bytes() for path in sorted((folder / "out").iterdir())]


def test_a_mask_keeps_what_it_does_not_mark(folder: Path) -> None:
    given = sprite(folder / "a.png")
    mask = np.zeros((6, 8), np.uint8)
    mask[:, 4:] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    out = folder / "x.png"
    options = ["--init", f"{folder}/a.png", "--mask", f"{folder}/mask.png", "-o", str(out)]
    assert run(folder, *options)[0] == 0
    drawn = decode_png(out)[0]
    assert np.array_equal(drawn[:, :4], given[:, :4])
    assert not np.array_equal(drawn[:, 4:], given[:, 4:])
    before = (folder / "a.png").read_bytes()
    assert run(folder, *options[:-1], f"{folder}/a.png")[0] == 0
    assert (folder / "a-given.png").read_bytes() == before
    assert (folder / "a.png").read_bytes() == out.read_bytes()


def test_a_picture_keeps_colours_that_the_palette_lacks(folder: Path) -> None:
    sprite(folder / "a.png")
    image, mask = f"{folder}/turned.png", f"{folder}/mask.png"
    turned = np.array(Image.open(folder / "a.png"))[..., [1, 2, 0, 3]] ^ np.uint8([1, 0, 0, 0])
    turned[turned[..., 3] == 0] = 0
    Image.fromarray(turned).save(image)
    Image.fromarray(np.eye(6, 8, 2, np.uint8) * 255).save(mask)
    out = folder / "x.png"
    options = ["--init", image, "--mask", mask, "-o", str(out)]
    code, _, said = run(folder, *options, "--palette", "given")
    assert (code, said) == (0, "")
    with Image.open(out) as shown:
        drawn = np.array(shown.convert("RGBA"))
    kept = ~np.eye(6, 8, 2, np.bool_)
    np.testing.assert_array_equal(drawn[kept], turned[kept])
    _, _, said = run(folder, *options, "--force")
    assert "pixels are of colours that the model's palette lacks" in said
    assert said.strip().endswith("--palette given keeps them")


def test_what_a_mask_hides_does_not_decide_colours(folder: Path) -> None:
    """More colours than the palette has, under the mask, are nobody's business."""
    pixels = np.zeros((6, 8, 4), np.uint8)
    pixels[:, :4] = 9, 200, 80, 255
    mask = np.zeros((6, 8), np.uint8)
    mask[:, 4:] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    drawn = []
    for name in ("plain", "noisy"):
        if name == "noisy":
            pixels[:, 4:, :3] = np.random.default_rng(1).integers(0, 255, (6, 4, 3))
            pixels[:, 4:, 3] = 255
        Image.fromarray(pixels).save(folder / f"{name}.png")
        out = folder / f"{name}-out.png"
        options = ["--init", f"{folder}/{name}.png", "--mask", f"{folder}/mask.png"]
        code, _, said = run(folder, *options, "--palette", "given", "-o", str(out))
        assert (code, "colours" in said) == (0, False)
        drawn.append(out.read_bytes())
    assert drawn[0] == drawn[1]
    code, _, said = run(
        folder, "--init", f"{folder}/noisy.png", "--palette", "given", "-o", str(out)
    )
    assert code == 3
    assert said.startswith(f"pxgen: {folder}/noisy.png: ")
    assert "colours for a palette of 4: reduce them with pxgen export IMAGE --colors 4" in said


@pytest.mark.parametrize("palette", [[], ["--palette", "given"]])
def test_a_smaller_picture_is_placed_and_told(folder: Path, palette: list[str]) -> None:
    place = (
        f"{folder}/a.png, 6x4, stands in the middle, at the bottom, of the model's canvas of 8x6"
    )
    for size, smaller in (((4, 6), True), ((18, 24), False)):
        Image.fromarray(np.array(PALETTE.rows, np.uint8)[np.full(size, 2)]).save(folder / "a.png")
        options = ["--init", f"{folder}/a.png", "--strength", "0", "--force", *palette]
        code, _, said = run(folder, *options, "-o", f"{folder}/x.png")
        assert (code, place in said) == (0, smaller)


def test_a_lock_on_given_colours_draws_with_no_others(folder: Path) -> None:
    pixels = np.array(PALETTE.rows, np.uint8)[np.full((6, 8), 2)]
    pixels[0] = PALETTE.rows[3]
    Image.fromarray(pixels).save(folder / "a.png")
    Image.fromarray(np.uint8(255) - np.eye(6, 8, 1, np.uint8) * 255).save(folder / "mask.png")
    out = folder / "x.png"
    options = ["--init", f"{folder}/a.png", "--lock", "given", "-o", str(out)]
    assert run(folder, *options, "--strength", "1")[0] == 0
    assert set(np.unique(decode_png(out)[0])) <= {0, 2, 3}
    assert run(folder, *options, "--mask", f"{folder}/mask.png", "--force")[0] == 0
    drawn, kept = decode_png(out)[0], np.eye(6, 8, 1, np.bool_)
    assert set(np.unique(drawn)) <= {0, 2, 3}
    assert drawn[kept].tolist() == [3, 2, 2, 2, 2, 2]


def test_a_frame_of_a_clip_keeps_its_colours(tmp_path: Path) -> None:
    save_clips(tmp_path, "masked")
    pixels = np.zeros((6, 8, 4), np.uint8)
    pixels[2:4] = 12, 200, 90, 255
    image = tmp_path / "frame.png"
    Image.fromarray(pixels).save(image)
    options = ["--init", str(image), "--palette", "given", "-o", f"{tmp_path}/o.gif"]
    code, _, said = run(tmp_path, *options)
    assert (code, "palette" in said) == (0, False)
    np.testing.assert_array_equal(frames_of(tmp_path / "o.gif")[0], pixels)
    code, _, said = run(tmp_path, *options, "--strength", "0.5", "--force")
    assert (code, "changes whole clips" in said) == (2, True)


def test_what_is_given_and_skipped_is_not_copied(folder: Path) -> None:
    options = ["-o", f"{folder}/o/", "--seed", "3"]
    assert run(folder, *options, "-n", "2")[0] == 0
    given = min((folder / "o").iterdir())
    assert run(folder, *options, "-n", "3", "--init", str(given), "--skip-existing")[0] == 0
    assert len(list((folder / "o").iterdir())) == 3


@pytest.mark.parametrize("at", [None, "3,1"])
def test_a_sprite_is_drawn_on_around_it(folder: Path, at: str | None) -> None:
    given = sprite(folder / "a.png")
    out = folder / "x.png"
    options = ["--init", f"{folder}/a.png", "--canvas", "13x9", "-o", str(out)]
    assert run(folder, *options, *(["--at", at] if at else []))[0] == 0
    drawn = decode_png(out)[0]
    left, top = (3, 1) if at else (2, 1)
    assert drawn.shape == (9, 13)
    assert np.array_equal(drawn[top : top + 6, left : left + 8], given)


def test_a_lock_lends_the_nearest_colours_alone(folder: Path) -> None:
    (folder / "two.hex").write_text("c80000\n0000c0\n")
    out = folder / "x.png"
    assert run(folder, "--lock", f"{folder}/two.hex", "-n", "5", "-o", str(out))[0] == 0
    assert set(np.unique(decode_png(out)[0])) <= {0, 1, 3}


def test_a_lock_holds_for_what_is_left_of_an_image_too(folder: Path) -> None:
    given = sprite(folder / "a.png")
    (folder / "two.hex").write_text("c80000\n0000c0\n")
    out = folder / "x.png"
    options = ["--init", f"{folder}/a.png", "--lock", f"{folder}/two.hex", "-o", str(out)]
    assert run(folder, *options, "--strength", "0")[0] == 0
    drawn = decode_png(out)[0]
    assert set(np.unique(drawn)) <= {0, 1, 3}
    kept = np.isin(given, [0, 1, 3])
    assert np.array_equal(drawn[kept], given[kept])
    mask = np.zeros((6, 8), np.uint8)
    mask[0] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    assert run(folder, *options, "--mask", f"{folder}/mask.png")[0] == 0
    drawn = decode_png(out)[0]
    assert np.array_equal(drawn[1:], given[1:])
    assert set(np.unique(drawn[0])) <= {0, 1, 3}


def test_a_mask_may_be_drawn_over_an_enlarged_sprite(folder: Path) -> None:
    given = sprite(folder / "a.png")
    mask = np.zeros((18, 24), np.uint8)
    mask[:, 12:] = 255
    Image.fromarray(mask).save(folder / "mask.png")
    out = folder / "x.png"
    options = ["--init", f"{folder}/a.png", "--mask", f"{folder}/mask.png", "-o", str(out)]
    assert run(folder, *options)[0] == 0
    assert np.array_equal(decode_png(out)[0][:, :4], given[:, :4])


def test_a_lone_still_in_an_animated_file_forms(folder: Path) -> None:
    assert run(folder, "-o", f"{folder}/x.gif")[0] == 0
    assert run(folder, "-o", f"{folder}/x.png")[0] == 0
    with Image.open(folder / "x.gif") as gif, Image.open(folder / "x.png") as still:
        assert gif.n_frames > 4
        gif.seek(gif.n_frames - 1)
        last = np.asarray(gif.convert("RGBA"))
        assert np.array_equal(last, np.asarray(still.convert("RGBA")))


def test_traces_of_several_are_a_file_each(folder: Path) -> None:
    assert run(folder, "--trace", "-n", "2", "-o", f"{folder}/out/")[0] == 0
    assert [path.suffix for path in (folder / "out").iterdir()] == [".gif", ".gif"]


def test_colours_that_are_not_the_model_s_are_told_of(folder: Path) -> None:
    Image.new("RGB", (8, 6), (10, 250, 10)).save(folder / "a.png")
    code, _, said = run(folder, "--init", f"{folder}/a.png", "-o", f"{folder}/x.png")
    assert code == 0
    assert "48 pixels are of colours that the model's palette lacks" in " ".join(said.split())


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        ("--strength 0.5", 2, "--strength needs an image to start from"),
        ("--mask a.png", 2, "--mask needs an image to start from"),
        ("--init a.png --at 1,1", 2, "--at says where --init lies"),
        ("--init a.png --canvas 9x9 --at 5,1", 3, "8x6 at 5,1 reaches beyond the canvas 9x9"),
        ("--init a.png --canvas 9x9 --at left", 2, "--at 'left' is no place"),
        ("--init big.png --canvas 9x9", 3, "20x20 is larger than the canvas 9x9"),
        ("--init a.png --mask big.png", 3, "a mask has the size of what is drawn, 8x6, not 20x20"),
        ("--init a.png --mask dark.png", 3, "nothing to draw; a mask marks it with white"),
        ("--init none.png", 3, "none.png: No such file or directory"),
        ("--canvas 4x4", 2, "a canvas of 4x4 does not hold the model's 8x6"),
        ("--canvas huge", 2, "'huge' is no size"),
        ("--tile y", 2, "--tile needs sides that 4 divides; this model draws 8x6"),
        ("--lock nowhere", 2, "no palette 'nowhere'"),
        ("--palette given", 2, "--palette given takes the colours of a picture: give it with"),
        ("--init a.png --palette given --canvas 9x9", 2, "given reads whole sprites: leave"),
        ("--init a.png --palette given --lock pico-8", 2, "--lock pico-8 holds to the model's"),
        ("--lock given", 2, "--lock given takes the colours of a picture: give it with --init"),
        ("--init wide.png --palette given", 3, "16x6 is larger than the canvas 8x6"),
        ("--eta 0.5", 2, "this model has no use for --eta"),
    ],
)
def test_wishes_that_cannot_be_met_are_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, options: str, status: int, message: str
) -> None:
    monkeypatch.chdir(folder)
    sprite(Path("a.png"))
    sprite(Path("big.png"), (20, 20))
    sprite(Path("wide.png"), (16, 6))
    Image.new("L", (8, 6), 9).save("dark.png")
    code, out, said = run(folder, *options.split(), "-o", "x.png")
    assert (code, out) == (status, "")
    assert message in " ".join(said.split())
    assert "Traceback" not in said
    assert not Path("x.png").exists()


@pytest.mark.parametrize(("asked", "tile"), [("x", (False, True)), ("y", (True, False))])
def test_tiles_join_along_the_axis_that_is_named(
    asked: str, tile: tuple[bool, bool], model: Path
) -> None:
    (sampling,), _ = edited_params(
        PictureSettings(tile=asked), SamplingParams(), load_model(model), print
    )
    assert sampling.tile == tile


@pytest.mark.parametrize(("masked", "strength"), [(True, 1.0), (False, 0.8)])
def test_unless_told_otherwise_a_mask_is_drawn_anew_and_a_whole_image_most_of_it(
    masked: bool, strength: float, model: Path, tmp_path: Path
) -> None:
    image, mask = tmp_path / "a.png", tmp_path / "mask.png"
    sprite(image)
    Image.fromarray(np.eye(6, 8, dtype=np.uint8) * 255).save(mask)
    edits = PictureSettings(init=image, mask=mask if masked else None)
    (sampling,), _ = edited_params(edits, SamplingParams(), load_model(model), print)
    assert sampling.edit_strength == strength
