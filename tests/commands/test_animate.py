"""``pxgen animate``: clips drawn, gone on with, and walks that close."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pxgen import builtin
from pxgen.cli.app import pxgen
from pxgen.ingest.images import read_image
from pxgen.render.png import decode_png
from pxgen.render.video import encode_mp4
from pxgen.sampling.clips import ClipPlan, even_steps
from pxgen.sampling.results import Picture
from tests.support.animating import CLIPS, FRAMES, clip, frames_of, run, save_clips
from tests.support.checkpoints import save
from tests.support.tiny import PALETTE


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


def test_clips_that_show_nothing_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_clips(tmp_path, "masked")
    drawn = ClipPlan.uncolored

    def every_other(plan: ClipPlan, *arguments: Any) -> Iterator[Picture]:
        for number, maps, palette in drawn(plan, *arguments):
            yield Picture(number, maps * np.uint8(number % 2), palette)

    assert run(tmp_path, "-n", 5, "-o", f"{tmp_path}/a/")[2] == ""
    monkeypatch.setattr(ClipPlan, "uncolored", every_other)
    said = run(tmp_path, "-n", 5, "-o", f"{tmp_path}/b/")[2]
    assert said.startswith("3 of 5 show nothing: train longer")
    assert "3 of 5 show nothing" in run(tmp_path, "-n", 5, "-o", f"{tmp_path}/b.html")[2]


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
