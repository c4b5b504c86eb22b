"""``pxgen export``: images that exist, put together without a change of colour."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.data.dataset import open_dataset
from pxgen.engines.aseprite import encode_aseprite
from pxgen.engines.clips import Clip
from pxgen.engines.tags import Tag
from pxgen.ingest.images import read_image
from pxgen.ingest.timing import timing_of
from pxgen.palette import Palette
from pxgen.render.apng import encode_apng
from pxgen.render.gif import encode_gif
from pxgen.render.outputs import safe_stem
from pxgen.render.png import decode_png, encode_png

PALETTE = Palette.of([(200, 10, 10), (10, 200, 10), (10, 10, 200)])


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pxgen, ["export", *map(str, arguments)])


@pytest.fixture
def files(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    frames = generator.integers(0, 4, (4, 6, 6), dtype=np.uint8)
    (tmp_path / "in").mkdir()
    for number, frame in enumerate(frames):
        (tmp_path / "in" / f"run_f{number}.png").write_bytes(encode_png(frame, PALETTE))
        (tmp_path / "in" / f"idle_f{number}.png").write_bytes(encode_png(frame[::-1], PALETTE))
    return tmp_path


def test_an_editor_file_and_back_is_the_same_sheet(files: Path) -> None:
    sheet, editor, again = files / "a.png", files / "a.aseprite", files / "b.png"
    assert run(files / "in", "-o", sheet, "--sheet", "rows").exit_code == 0
    assert run(files / "in", "-o", editor).exit_code == 0
    result = run(editor, "-o", again, "--data", files / "b.json")
    assert result.stdout.split() == [str(again), str(files / "b.json")]
    assert again.read_bytes() == sheet.read_bytes()
    pixels, palette = decode_png(sheet)
    assert pixels.shape == (12, 24)
    assert palette == PALETTE
    names = [t["name"] for t in json.loads((files / "b.json").read_text())["meta"]["frameTags"]]
    assert names == ["idle", "run"]


def test_a_source_is_never_replaced(files: Path) -> None:
    source = files / "in" / "run_f0.png"
    before = source.read_bytes()
    result = run(source, "-o", source, "--scale", 2)
    assert (result.exit_code, "is one of the sources" in result.stderr) == (2, True)
    assert source.read_bytes() == before


def test_pixels_outside_cells_and_frames_that_are_not_there_are_told(files: Path) -> None:
    source = files / "in" / "run_f0.png"
    cut = run(source, "--cell", "4x3", "-o", files / "cut")
    assert (cut.exit_code, "2 columns and 0 rows of pixels" in cut.stderr) == (0, True)
    none = run(
        source, "--cell", "3x3", "--views", "up,down", "--take", "left", "-o", files / "x.png"
    )
    assert none.exit_code != 0
    assert "--take" in none.stderr
    nameless = run(source, "--cell", "3x3", "--take", "up", "-o", files / "x.png")
    assert nameless.exit_code == 2
    assert "--take up: no frame of the sources has a name; of a sheet" in nameless.stderr
    assert "cell of their sheets is empty" not in none.stderr


def test_of_a_dataset_the_frames_asked_for_are_taken(tmp_path: Path) -> None:
    fronts = np.random.default_rng(0).integers(1, 4, (3, 6, 6), dtype=np.uint8)
    for number, front in enumerate(fronts):
        for view, maps in (("front", front), ("back", front[::-1])):
            (tmp_path / "in" / view).mkdir(parents=True, exist_ok=True)
            file = tmp_path / "in" / view / f"{number}.png"
            file.write_bytes(encode_png(maps, PALETTE))
    made = CliRunner().invoke(pxgen, ["prepare", f"{tmp_path}/in", "-o", f"{tmp_path}/ds"])
    assert made.exit_code == 0, made.stderr
    result = run(tmp_path / "ds", "--take", "front", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    shown = [Image.open(file).convert("RGBA") for file in sorted((tmp_path / "out").iterdir())]
    assert np.array_equal(np.stack(shown), PALETTE.colors(fronts))
    none = run(tmp_path / "ds", "--take", "nowhere", "-o", tmp_path / "none")
    assert (none.exit_code, "--take nowhere fits no frame" in none.stderr) == (3, True)


def test_durations_of_files_are_kept_unless_told_otherwise(tmp_path: Path) -> None:
    frames = np.arange(3, dtype=np.uint8).repeat(16).reshape(3, 4, 4)
    (tmp_path / "walk.gif").write_bytes(encode_gif(frames, PALETTE, [50, 120, 200]))
    run(tmp_path / "walk.gif", "-o", tmp_path / "w.aseprite")
    assert read_image(tmp_path / "w.aseprite").durations == (50, 120, 200)
    run(tmp_path / "walk.gif", "-o", tmp_path / "w.gif", "--fps", 25, "--scale", 2)
    picture = read_image(tmp_path / "w.gif")
    assert picture.durations == (40, 40, 40)
    assert picture.rgba.shape == (3, 8, 8, 4)


def test_more_plays_than_a_file_counts_are_told(tmp_path: Path) -> None:
    frames = np.arange(2, dtype=np.uint8).repeat(16).reshape(2, 4, 4)
    (tmp_path / "walk.apng").write_bytes(encode_apng(frames, PALETTE, 50, 100_000))
    told = run(tmp_path / "walk.apng", "-o", tmp_path / "w.gif").stderr
    assert ".gif counts to 65536, so that they are for ever" in told
    assert timing_of(tmp_path / "w.gif")[0] == 0
    assert "counts to" not in run(tmp_path / "walk.apng", "-o", tmp_path / "w.apng").stderr
    assert timing_of(tmp_path / "w.apng")[0] == 100_000


def test_sprites_of_several_sizes_stand_on_one_ground(tmp_path: Path) -> None:
    for side in (4, 8):
        (tmp_path / f"s{side}.png").write_bytes(
            encode_png(np.full((side, side), 1, np.uint8), PALETTE)
        )
    result = run(tmp_path / "s4.png", tmp_path / "s8.png", "-o", tmp_path / "o.png")
    assert "stand at the bottom of 8x8" in result.stderr
    pixels, _ = decode_png(tmp_path / "o.png")
    assert pixels.shape == (8, 16)
    assert pixels[:4, :8].sum() == 0
    assert pixels[4:, 2:6].all()


def test_colours_of_paintings_become_one_palette(tmp_path: Path) -> None:
    for number in range(3):
        rgba = np.full((4, 4, 4), (number * 40, 5, 5, 255), np.uint8)
        Image.fromarray(rgba).save(tmp_path / f"p{number}.png")
    assert run(*sorted(tmp_path.glob("p?.png")), "-o", tmp_path / "o.png").exit_code == 0
    pixels, palette = decode_png(tmp_path / "o.png")
    assert len(palette) == 4
    assert set(palette.rgba[pixels].reshape(-1, 4)[:, 0].tolist()) == {0, 40, 80}


def test_names_never_become_paths(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "wild [x]; rm"
    folder.mkdir(parents=True)
    (folder / "a&b.png").write_bytes(encode_png(np.ones((2, 2), np.uint8), PALETTE))
    (folder / "a+b.png").write_bytes(encode_png(np.ones((2, 2), np.uint8), PALETTE))
    run(tmp_path / "in", "-o", tmp_path / "o.png", "--data", tmp_path / "o.json", "--array")
    names = [f["filename"] for f in json.loads((tmp_path / "o.json").read_text())["frames"]]
    assert names == ["wild-x-rm-a-b", "wild-x-rm-a-b-2"]


def test_every_name_is_given_once(tmp_path: Path) -> None:
    still = encode_png(np.ones((2, 2), np.uint8), PALETTE)
    clip = np.arange(2, dtype=np.uint8).repeat(4).reshape(2, 2, 2)
    (tmp_path / "in").mkdir()
    for name in ("x.png", "x-2.png", "y-00.png", "7.png"):
        (tmp_path / "in" / name).write_bytes(still)
    for name in ("x.gif", "y.gif"):
        (tmp_path / "in" / name).write_bytes(encode_gif(clip, PALETTE, 100))
    run(tmp_path / "in", "-o", tmp_path / "o.png", "--data", tmp_path / "o.json")
    described = json.loads((tmp_path / "o.json").read_text())
    assert list(described["frames"]) == [str(k) for k in range(8)]
    tags = described["meta"]["frameTags"]
    assert sorted(tag["name"] for tag in tags) == ["sprite-7", "x", "x-2", "x-2-2", "y", "y-00"]
    run(tmp_path / "in", "-o", tmp_path / "o.png", "--data", tmp_path / "o.json", "--array")
    described = json.loads((tmp_path / "o.json").read_text())
    assert len({frame["filename"] for frame in described["frames"]}) == 8


@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_a_full_colour_table_is_left_for_the_colours_in_use(tmp_path: Path, suffix: str) -> None:
    image = Image.new("P", (16, 16), 7)
    image.putpalette([value for k in range(256) for value in (k, 0, 255 - k)])
    image.putpixel((3, 3), 1)
    image.save(tmp_path / f"full.{suffix}", optimize=False)
    result = run(tmp_path / f"full.{suffix}", "-o", tmp_path / "out.png")
    assert result.exit_code == 0, result.output
    assert decode_png(tmp_path / "out.png")[1] == Palette.of([(1, 0, 254), (7, 0, 248)])


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        ("in -o o.bmp", 2, "cannot write o.bmp: name a folder or a .png"),
        ("nowhere -o o.png", 3, "no such file or folder: nowhere"),
        ("broken.png -o o.png", 3, "broken.png"),
        ("photo.png -o o.png", 3, "photo.png: 300 colours, a palette holds 255"),
        ("in tall.png -o o.png", 3, "tall.png: 1x5000 is larger than 4096 pixels a side"),
        ("in -o o.gif --sheet rows", 2, "a sheet for engines is a .png file"),
        ("in -o o.png --views down,up", 2, "--views down,up: no frame of the sources has a name"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    files: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, status: int, line: str
) -> None:
    monkeypatch.chdir(files)
    Path("broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    photo = np.zeros((20, 15, 4), np.uint8)
    photo[..., 0], photo[..., 1] = np.arange(15), np.arange(20)[:, None]
    photo[..., 3] = 255
    Image.fromarray(photo).save("photo.png")
    Image.new("L", (1, 5000)).save("tall.png")
    result = run(*arguments.split())
    assert result.exit_code == status
    assert line in " ".join(result.stderr.split())
    assert "Traceback" not in result.output


def soft(tmp_path: Path) -> Path:
    """A still of a solid, a faint and a strong colour."""
    rows = [[(200, 10, 10, 255), (0, 0, 0, 90), (10, 10, 200, 200)]]
    Image.fromarray(np.array(rows, np.uint8)).save(tmp_path / "soft.png")
    return tmp_path / "soft.png"


def test_a_gif_is_clear_where_alpha_is_under_a_half_and_says_so(tmp_path: Path) -> None:
    result = run(soft(tmp_path), "-o", tmp_path / "o.gif")
    assert "2 half-transparent colours: .gif has none" in result.stderr
    assert read_image(tmp_path / "o.gif").rgba[0, 0, :, 3].tolist() == [255, 0, 255]
    for suffix in (".apng", ".webp", ".aseprite", ".png"):
        result = run(soft(tmp_path), "-o", tmp_path / f"o{suffix}")
        assert result.stderr == ""
        shown = read_image(tmp_path / f"o{suffix}").rgba[0, 0]
        assert shown[:, 3].tolist() == [255, 90, 200], suffix


@pytest.mark.parametrize("second", ["hit", "Hit", "hit!"])
def test_each_animation_numbers_its_own_files_and_is_read_back(tmp_path: Path, second: str) -> None:
    clip = np.arange(5, dtype=np.uint8).repeat(4).reshape(5, 2, 2) % 4
    tags = (Tag("hit", 0, 1), Tag(second, 2, 3))
    source = tmp_path / "hit.aseprite"
    source.write_bytes(encode_aseprite([Clip("", clip, [100] * 5, tags)], PALETTE))
    written = run(source, "-o", f"{tmp_path}/o/").stdout.split()
    stem = safe_stem([second])
    names = ["hit-00", "hit-01", f"{stem}-2-00", f"{stem}-2-01", "hit-3-04"]
    assert [Path(path).stem for path in written] == names
    for name in names[:4]:
        assert (tmp_path / "o" / f"{name}.png").exists()
    (tmp_path / "o" / "hit-3-04.png").unlink()
    run(tmp_path / "o", "-o", tmp_path / "o.png", "--data", tmp_path / "o.json", "--frames", "2")
    read = json.loads((tmp_path / "o.json").read_text())["meta"]["frameTags"]
    assert {tag["name"] for tag in read} == {"hit", f"{stem}-2"}
    parts = CliRunner().invoke(pxgen, ["prepare", str(source), "-o", str(tmp_path / "d")])
    assert parts.exit_code == 0
    found = open_dataset(tmp_path / "d").names
    assert len({*found}) == 2


def test_sprites_of_too_many_colours_are_named_by_their_paths(tmp_path: Path) -> None:
    rgba = np.full((20, 20, 4), 255, np.uint8)
    rgba[..., 0], rgba[..., 1] = np.arange(20), np.arange(20)[:, None]
    (tmp_path / "a").mkdir()
    Image.fromarray(rgba).save(tmp_path / "a" / "x.png")
    result = run(tmp_path / "a", "-o", tmp_path / "o.gif")
    where = f"{tmp_path / 'a' / 'x.png'}: 400 colours"
    assert (result.exit_code, where in " ".join(result.stderr.split())) == (3, True)
