"""``pxgen animate``: clips drawn, gone on with, and walks that close."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pxgen import builtin
from pxgen.cli.app import pxgen
from pxgen.ingest.images import read_image
from pxgen.palette import Palette
from pxgen.render.gif import encode_gif
from pxgen.render.png import decode_png, encode_png
from pxgen.render.video import encode_mp4
from pxgen.sampling.clips import ClipPlan, even_steps
from tests.support.checkpoints import save
from tests.support.tiny import PALETTE

FRAMES = 4


def save_clips(folder: Path, recipe: str, names: tuple[str, ...] = ()) -> Path:
    """An untrained model of clips of four frames."""
    return save(folder, recipe=recipe, frames=FRAMES, names=names)


def run(folder: Path, *arguments: object) -> tuple[int, list[str], str]:
    command = ["animate", "-m", str(folder), "--workers", "1", *map(str, arguments)]
    result = CliRunner().invoke(pxgen, command)
    return result.exit_code, result.stdout.splitlines(), result.stderr


def frames_of(path: str | Path) -> np.ndarray:
    """``(T, H, W, 4)``."""
    with Image.open(path) as image:
        frames = []
        for number in range(image.n_frames):
            image.seek(number)
            frames.append(np.asarray(image.convert("RGBA")))
    return np.stack(frames)


def clip(path: Path, frames: int = FRAMES) -> np.ndarray:
    pixels = np.random.default_rng(5).integers(0, len(PALETTE), (frames, 6, 8)).astype(np.uint8)
    path.write_bytes(encode_gif(pixels, PALETTE, 100))
    return pixels


CLIPS = ["vqvae", "masked", "uniform", "ddpm-palette"]


@pytest.mark.parametrize("recipe", CLIPS)
def test_a_model_of_clips_draws_them(recipe: str, tmp_path: Path) -> None:
    save_clips(tmp_path, recipe)
    code, lines, _ = run(tmp_path, "--label", "left", "-n", 2, "-o", f"{tmp_path}/out/")
    assert code == 0
    assert lines == [f"{tmp_path}/out/left-0-000{i}.gif" for i in range(2)]
    whole = [Path(line).read_bytes() for line in lines]
    for part in ("1/2", "2/2"):
        shard = ("--label", "left", "-n", 2, "--shard", part, "-o", f"{tmp_path}/parts/")
        assert run(tmp_path, *shard)[0] == 0
    assert [p.read_bytes() for p in sorted((tmp_path / "parts").iterdir())] == whole
    assert len(frames_of(lines[0])) == FRAMES


def test_clips_come_right_after_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["animate", "--label", "ghost", "-n", "3", "-o", "out/"]
    result = CliRunner().invoke(pxgen, command)
    assert (result.exit_code, result.stderr) == (0, "")
    kinds = []
    for line in result.stdout.splitlines():
        shown = frames_of(line)
        entries = (shown[..., None, :] == np.array(builtin.PALETTE.rows)).all(-1)
        assert entries.any(-1).all()
        kinds.append(builtin.certify(entries.argmax(-1).astype(np.uint8)).kind)
        assert len(shown) == builtin.HEADS.phases
    assert kinds == ["ghost"] * 3
    named = CliRunner().invoke(pxgen, [*command, "-m", "starter-clips", "--force"])
    assert named.stdout == result.stdout
    for model in ((), ("-m", "starter")):
        walk = [*command[:3], "--frames", "2", "-o", "walk.gif", "--force", *model]
        assert CliRunner().invoke(pxgen, walk).exit_code == 0
        assert len(frames_of("walk.gif")) == 2


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


def test_clips_that_come_out_alike_are_told(tmp_path: Path) -> None:
    """A single pixel is open, which the likeliest colour fills whenever it is drawn."""
    save_clips(tmp_path, "masked")
    clip(tmp_path / "given.gif")
    Image.fromarray(255 * np.eye(1, 48, 19, np.uint8).reshape(6, 8)).save(tmp_path / "mask.png")
    options = ("--given", tmp_path / "given.gif", "--mask", tmp_path / "mask.png", "-n", 40)
    code, lines, said = run(tmp_path, *options, "--temperature", 0, "-o", f"{tmp_path}/o/")
    assert code == 0, said
    again = len(lines) - len({Path(line).read_bytes() for line in lines})
    assert again > 0
    assert f"{again} of 40 are like others: the model is sure of the rest" in said


VIEWS = ("down", "left", "up", "right")


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


def test_videos_are_written_and_gone_on_with(tmp_path: Path) -> None:
    pytest.importorskip("av")
    save_clips(tmp_path, "vqvae")
    pixels = 1 + np.random.default_rng(5).integers(0, len(PALETTE) - 1, (FRAMES, 6, 8)) % 4
    (tmp_path / "g.mp4").write_bytes(encode_mp4(pixels.astype(np.uint8), PALETTE, 100))
    options = ("--given", tmp_path / "g.mp4", "--keep", 2, "--scale", 3, "--fps", 8)
    made = tmp_path / "a.webm"
    assert run(tmp_path, *options, "-o", made) == (0, [str(made)], "")
    image = read_image(made)
    assert image.durations == (125,) * FRAMES
    assert np.array_equal(image.rgba[:2, ::3, ::3], PALETTE.colors(pixels[:2]))
    assert run(tmp_path, *options, "-o", tmp_path / "a.gif")[0] == 0
    drawn = frames_of(tmp_path / "a.gif")
    solid = drawn[..., 3] > 0
    assert np.array_equal(image.rgba[solid], drawn[solid])


def test_there_and_back_shows_no_end_twice(tmp_path: Path) -> None:
    save_clips(tmp_path, "masked")
    assert run(tmp_path, "-o", tmp_path / "a.gif")[0] == 0
    assert run(tmp_path, "--loop", "pingpong", "-o", tmp_path / "b.gif")[0] == 0
    once, back = frames_of(tmp_path / "a.gif"), frames_of(tmp_path / "b.gif")
    assert np.array_equal(back, np.concatenate([once, once[[2, 1]]]))


@pytest.mark.parametrize("recipe", ["masked", "ae", "vae", "ddpm", "pixelsnail", "vqvae"])
def test_a_model_of_stills_walks_and_comes_back(recipe: str, tmp_path: Path) -> None:
    save(tmp_path, recipe=recipe)
    out = tmp_path / "walk.gif"
    code, lines, said = run(tmp_path, "--frames", 8, "--fps", 20, "-o", out)
    assert code == 0, said
    assert lines == [str(out)]
    made = frames_of(out)
    assert len(made) == 8
    colors = {tuple(row) for row in PALETTE.rows}
    assert {tuple(pixel) for pixel in made.reshape(-1, 4).tolist()} <= colors
    with Image.open(out) as image:
        assert image.info["duration"] == 50
        assert image.info["loop"] == 0


def test_each_frame_may_have_its_own_time(tmp_path: Path) -> None:
    save_clips(tmp_path, "masked")
    out = tmp_path / "a.gif"
    code, _, _ = run(tmp_path, "--durations", "40,80,120,200", "--loop", "pingpong", "-o", out)
    assert code == 0
    assert read_image(out).durations == (40, 80, 120, 200, 120, 80)
    code, _, error = run(tmp_path, "--durations", "40,80", "-o", out)
    assert (code, error) == (2, "pxgen: --durations names 2 frames of 4\n")
    for wrong in ("40,", "0,0,0,0", "soon", "40,80,nan,3"):
        assert "is no list such as" in run(tmp_path, "--durations", wrong, "-o", out)[2]


def test_clips_lie_on_a_sheet_with_their_tags(tmp_path: Path) -> None:
    save_clips(tmp_path, "masked")
    sheet, data = tmp_path / "a.png", tmp_path / "a.json"
    run(tmp_path, "-n", 3, "--fps", 5, "-o", sheet, "--sheet", "rows", "--data", data)
    assert decode_png(sheet)[0].shape == (18, 32)
    described = json.loads(data.read_text("utf-8"))
    tags = [(tag["name"], tag["from"], tag["to"]) for tag in described["meta"]["frameTags"]]
    assert tags == [(f"sprite-0-000{k}", 4 * k, 4 * k + 3) for k in range(3)]
    assert {frame["duration"] for frame in described["frames"].values()} == {200}
    editor = tmp_path / "a.aseprite"
    run(tmp_path, "-n", 3, "--fps", 5, "-o", editor)
    rows = decode_png(sheet)[0].reshape(3, 6, 4, 8).swapaxes(1, 2)
    frames = PALETTE.rgba[rows].reshape(12, 6, 8, 4)
    assert np.array_equal(read_image(editor).rgba, frames)


def test_rows_that_no_sheet_has_are_refused_before_anything_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_clips(tmp_path, "masked", ("down/0", "down/1", "left/0", "left/1"))
    monkeypatch.setattr(ClipPlan, "pictures", None)
    options = ("--rows", "left,rigth", "-o", tmp_path / "a.png")
    code, _, said = run(tmp_path, *options)
    assert (code, said) == (2, "pxgen: --rows: no animation 'rigth'; there are down, left\n")
    save_clips(tmp_path, "masked")
    assert "there are sprite-0-0000" in run(tmp_path, *options)[2]


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


def test_the_speed_of_a_walk_does_not_jump() -> None:
    for frames in (8, 24, 30):
        places = [leg + weight for leg, weight in even_steps(4, frames)]
        steps = np.diff([*places, 4])
        assert places[0] == 0
        assert steps.max() - steps.min() < 1e-9


@pytest.mark.parametrize(
    ("recipe", "frames", "options", "status", "message"),
    [
        ("masked", 1, "--given given.gif", 2, "this model draws stills"),
        ("vae", FRAMES, "--given given.gif --keep 2", 2, "this model cannot go on with a clip"),
        ("vqvae", FRAMES, "--given given.gif", 2, "--given leaves nothing to draw of 4 frames"),
        ("vqvae", FRAMES, "--given given.gif --keep 9", 3, "4 frames, fewer than the 9 to keep"),
        ("vqvae", FRAMES, "--given 1=given.gif --keep 1", 2, "goes on with the first frames"),
        ("masked", FRAMES, "--given left=given.gif", 2, "no such frame; they have 0-3"),
        ("masked", FRAMES, "--given 1=", 2, "name a file after the =, such as 1=hero.png"),
        ("vqvae", FRAMES, "--keep 2", 2, "--keep and --mask need frames"),
        ("vqvae", FRAMES, "--frames 9", 2, "clips of 4 frames: leave --frames out"),
        ("vqvae", FRAMES, "--label nope", 2, "has no label 'nope'"),
        ("masked", FRAMES, "--palette given", 2, "takes the colours of given pictures: add"),
        ("masked", FRAMES, "--lock given", 2, "--lock given takes the colours of given pictures"),
        ("vqvae", FRAMES, "--given none.gif --keep 1", 3, "none.gif: No such file"),
        ("ddpm", 1, "--temperature 2", 2, "this model has no use for --temperature"),
    ],
)
def test_wishes_that_cannot_be_met_are_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recipe: str,
    frames: int,
    options: str,
    status: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    clip(Path("given.gif"))
    if frames > 1:
        save_clips(tmp_path, recipe)
    else:
        save(tmp_path, recipe=recipe)
    code, lines, said = run(tmp_path, *options.split(), "-o", "x.gif")
    assert (code, lines) == (status, [])
    assert message in " ".join(said.split())
    assert not Path("x.gif").exists()


def test_no_walk_passes_through_sprites_of_another(tmp_path: Path) -> None:
    save(tmp_path)
    # As many frames as sprites: each is one of those that the walk passes through.
    assert run(tmp_path, "-n", 4, "--frames", 4, "-o", f"{tmp_path}/out/")[0] == 0
    walks = [frames_of(path) for path in (tmp_path / "out").iterdir()]
    assert len({frame.tobytes() for walk in walks for frame in walk}) == 16


def test_a_view_is_a_row_an_animation_and_a_tag(tmp_path: Path) -> None:
    save_clips(tmp_path, "masked", ("down/0", "down/1", "left/0", "left/1"))
    assert run(tmp_path, "-o", tmp_path / "plain.apng")[0] == 0
    frames = read_image(tmp_path / "plain.apng").rgba
    asked = ["--rows", "left,down", "--data", tmp_path / "x.json", "--data", tmp_path / "x.tres"]
    code, _, said = run(tmp_path, "-o", tmp_path / "x.png", *asked)
    assert code == 0, said
    cells = read_image(tmp_path / "x.png").rgba[0].reshape(2, 6, 2, 8, 4).swapaxes(1, 2)
    assert np.array_equal(cells.reshape(4, 6, 8, 4), frames[[2, 3, 0, 1]])
    described = json.loads((tmp_path / "x.json").read_text("utf-8"))
    assert described["animations"] == {"left": ["0", "1"], "down": ["2", "3"]}
    assert '"name": &"left"' in (tmp_path / "x.tres").read_text("utf-8")
    for count, names in ((1, ["down", "left"]), (2, None)):
        out = tmp_path / f"x{count}.aseprite"
        assert run(tmp_path, "-n", count, "-o", out)[0] == 0
        tags = read_image(out).tags
        assert [tag.name for tag in tags] == (
            names or [f"sprite-0-000{k}-{view}" for k in range(2) for view in ("down", "left")]
        )
        assert [(tag.first, tag.last) for tag in tags][:2] == [(0, 1), (2, 3)]
    code, _, error = run(tmp_path, "-o", tmp_path / "x.png", "--rows", "dwon")
    assert (code, "no animation 'dwon'; there are down, left" in error) == (2, True)


def test_there_and_back_stays_in_each_view(tmp_path: Path) -> None:
    save_clips(tmp_path, "masked", ("down/0", "down/1", "down/2", "left"))
    out = tmp_path / "x.aseprite"
    assert run(tmp_path, "-o", tmp_path / "a.apng")[0] == 0
    assert run(tmp_path, "--loop", "pingpong", "-o", out)[0] == 0
    once, turned = read_image(tmp_path / "a.apng"), read_image(out)
    assert np.array_equal(turned.rgba, once.rgba[[0, 1, 2, 1, 3]])
    assert [(tag.name, tag.first, tag.last) for tag in turned.tags] == [
        ("down", 0, 3),
        ("left", 4, 4),
    ]
