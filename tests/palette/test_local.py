"""Sprites that keep palettes of their own: exact, in one order, from prepare to sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pxgen.checkpoint.slim import slim
from pxgen.checkpoint.store import load_model
from pxgen.cli.app import pxgen
from pxgen.data.dataset import open_dataset
from pxgen.errors import UsageError
from pxgen.ingest.images import read_image
from pxgen.palette import Palette
from pxgen.palette.local import (
    LocalPalettes,
    canonical_order,
    fitting,
    localized,
    stretched,
    united,
)
from pxgen.render.png import decode_png

COLORS = st.lists(st.tuples(*[st.integers(0, 255)] * 4), min_size=1, max_size=20, unique=True)


@given(colors=COLORS, seed=st.integers(0, 99))
def test_a_sprite_in_its_own_palette_is_the_sprite(colors: list[tuple], seed: int) -> None:
    table = np.array(colors, np.uint8)
    indices = np.random.default_rng(seed).integers(0, len(table), (1, 5, 4))
    drawn, own = localized(indices, table)
    rows = np.concatenate([np.zeros((1, 4), np.uint8), own])
    wanted = table[indices].copy()
    wanted[..., 3] = np.where(wanted[..., 3] >= 128, 255, 0)
    wanted[wanted[..., 3] == 0] = 0
    assert np.array_equal(rows[drawn], wanted)
    assert len({tuple(row) for row in own.tolist()}) == len(own)


def test_recolours_are_one_index_map() -> None:
    indices = np.array([[[0, 1, 2], [3, 2, 1]]])
    blue = np.array([[0, 0, 0, 0], [10, 10, 60, 255], [60, 60, 200, 255], [200, 200, 255, 255]])
    red = blue[:, [2, 1, 0, 3]]
    shuffled = np.array([0, 3, 1, 2])
    first, _ = localized(indices, blue.astype(np.uint8))
    second, own = localized(np.argsort(shuffled)[indices], red[shuffled].astype(np.uint8))
    assert np.array_equal(first, second)
    assert own[:, 0].tolist() == sorted(own[:, 0].tolist())


def test_equal_brightness_has_an_order_too() -> None:
    grey = np.array([[90, 90, 90, 255], [90, 90, 91, 255], [200, 0, 0, 255], [0, 110, 0, 255]])
    colors = grey.astype(np.uint8)
    backwards = colors[::-1]
    assert np.array_equal(colors[canonical_order(colors)], backwards[canonical_order(backwards)])


def test_new_sprites_take_palettes_of_sprites_like_them() -> None:
    rows = np.zeros((3, 5, 4), np.uint8)
    for number, count in enumerate((2, 4, 4)):
        rows[number, 1 : 1 + count] = [number + 1, 0, 0, 255]
    kept = LocalPalettes(rows, np.array([[1, 0], [1, 0], [0, 1]], np.uint8))
    picture = np.array([[[0, 4, 1]]], np.uint8)

    def drawn(labels: list[float]) -> list[int]:
        asked = np.array(labels, np.float32)
        luck = np.random.default_rng(0)
        return [kept.choose(picture, asked, luck).rows[1][0] for _ in range(100)]

    assert set(drawn([0, 0])) == {2, 3}
    assert drawn([0, 1]).count(3) > drawn([1, 0]).count(3)


def test_a_given_palette_is_spread_from_dark_to_light() -> None:
    palette = Palette.of([(255, 255, 255), (0, 0, 0), (128, 128, 128)])
    assert stretched(palette, 3).tolist() == [0, 2, 3, 1]
    assert stretched(palette, 2).tolist() == [0, 2, 1]
    assert stretched(palette, 0).tolist() == [0]
    assert stretched(palette, 5).tolist() == [0, 2, 2, 3, 1, 1]


def test_what_one_file_cannot_hold_is_refused() -> None:
    rows = [Palette.of([(k, n, 7) for k in range(100)]) for n in range(3)]
    picture = np.full((1, 1, 1), 100, np.uint8)
    maps, palette = united([(picture, each) for each in rows[:2]])
    assert len(palette) == 201
    assert [palette.rows[int(each[0, 0, 0])] for each in maps] == [
        each.rows[100] for each in rows[:2]
    ]
    with pytest.raises(UsageError, match="hold 300 colours together"):
        united([(picture, each) for each in rows])
    table = np.stack([each.rgba for each in rows])
    assert fitting(table, [2, 0, 1]) == [2, 0]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pxgen, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of swatches in many colours and a barely trained model of it."""
    folder = tmp_path_factory.mktemp("local")
    generator = np.random.default_rng(0)
    (folder / "in").mkdir()
    for number in range(60):
        kind = ("box", "bar")[number % 2]
        (folder / f"in/{kind}").mkdir(exist_ok=True)
        rgba = np.zeros((8, 8, 4), np.uint8)
        colors = generator.integers(0, 256, (3 + number % 3, 3))
        inside = (slice(1, 7), slice(1, 7)) if kind == "box" else (slice(3, 5), slice(0, 8))
        area = rgba[inside]
        area[..., :3] = colors[generator.integers(0, len(colors), area.shape[:2])]
        area[..., 3] = 255
        Image.fromarray(rgba).save(folder / f"in/{kind}/{number}.png")
    made = run("prepare", folder / "in", "-o", folder / "data", "--palette", "local")
    assert made.exit_code == 0, made.stderr
    assert "each sprite in a palette of its own, at most 5 colours" in " ".join(made.stderr.split())
    options = ("--dataset", folder / "data", "--recipe", "ae", "--steps", 20, "-o", folder / "run")
    assert run("train", *options).exit_code == 0
    return folder


def test_a_dataset_of_many_colours_is_exact(trained: Path) -> None:
    data = open_dataset(trained / "data")
    assert len(data.palette) == 6
    assert data.palettes is not None
    names = data.names
    for number, name in enumerate(names):
        with Image.open(trained / "in" / name) as image:
            wanted = np.asarray(image)
        assert np.array_equal(data.palettes[number][data.pixels[number, 0]], wanted)
    assert len(decode_png(trained / "data/sheet.png")[1]) <= 256


def test_every_sprite_is_drawn_in_a_palette_of_a_training_sprite(trained: Path) -> None:
    out = trained / "out"
    options = ("sample", "-m", trained / "run", "-n", 6, "--label", "box")
    assert run(*options, "-o", f"{out}/").exit_code == 0
    data = open_dataset(trained / "data")
    known = {tuple(map(tuple, row[row[:, 3] > 0].tolist())) for row in np.asarray(data.palettes)}
    singles = []
    for path in sorted(out.iterdir()):
        pixels, palette = decode_png(path)
        assert palette.rows[1:] in known
        singles.append(np.array(palette.rows, np.uint8)[pixels])
    assert run(*options, "-o", trained / "sheet.png").exit_code == 0
    sheet, palette = decode_png(trained / "sheet.png")
    colors = np.array(palette.rows, np.uint8)[sheet]
    assert np.array_equal(colors[1:9, 1:9], singles[0])
    parts = trained / "parts"
    for part in ("1/2", "2/2"):
        assert run(*options, "--shard", part, "-o", f"{parts}/").exit_code == 0
    assert [p.read_bytes() for p in sorted(parts.iterdir())] == [
        p.read_bytes() for p in sorted(out.iterdir())
    ]


def test_other_colours_are_given_by_name(trained: Path) -> None:
    out = trained / "gb.png"
    options = ("-m", trained / "run", "-n", 3, "--palette", "game-boy", "-o", out)
    assert run("sample", *options).exit_code == 0
    assert decode_png(out)[1] == run_palette("game-boy")
    refused = run("sample", "-m", trained / "run", "--lock", "game-boy", "-o", out)
    assert refused.exit_code == 2
    assert "--lock needs one palette for all" in refused.stderr


def run_palette(name: str) -> Palette:
    from pxgen.palette.library import find_palette

    return find_palette(name)


def test_images_keep_their_colours(trained: Path) -> None:
    image = next((trained / "in/box").iterdir())
    done = run("reconstruct", "-m", trained / "run", image, "-o", trained / "r.png")
    assert done.exit_code == 0, done.stderr
    pixels, palette = decode_png(trained / "r.png")
    with Image.open(image) as given:
        wanted = np.asarray(given)
    assert np.array_equal(np.array(palette.rows, np.uint8)[pixels[:, :8]], wanted)
    many = np.zeros((8, 8, 4), np.uint8)
    many[..., 0] = np.arange(64).reshape(8, 8) * 4
    many[..., 3] = 255
    Image.fromarray(many).save(trained / "many.png")
    refused = run("reconstruct", "-m", trained / "run", trained / "many.png")
    assert refused.exit_code == 3
    assert "64 colours, this model draws at most 5 a sprite" in refused.stderr


def test_a_slimmed_checkpoint_keeps_its_palettes(trained: Path) -> None:
    whole = load_model(trained / "run")
    small = load_model(slim(trained / "run", trained / "small.safetensors"))
    assert whole.palettes is not None
    assert small.palettes is not None
    assert np.array_equal(whole.palettes.rows, small.palettes.rows)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--colors", "65"], "with --palette local a sprite has at most 64"),
        ([], "--colors 64 reduces those of more, --most-colors 64 or --skip-bad leaves them out"),
    ],
)
def test_what_local_palettes_cannot_hold_is_one_line(
    tmp_path: Path, options: list[str], message: str
) -> None:
    smooth = np.random.default_rng(0).integers(0, 256, (16, 16, 4), np.uint8)
    smooth[..., 3] = 255
    Image.fromarray(smooth).save(tmp_path / "a.png")
    done = run("prepare", tmp_path, "-o", tmp_path / "out", "--palette", "local", *options)
    assert done.exit_code in {2, 3}
    assert message in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()


def test_a_way_takes_the_colours_of_the_sprite_that_is_nearer(trained: Path) -> None:
    ends = sorted((trained / "in/box").iterdir())[:2]
    way = ("--from", ends[0], "--to", ends[1], "--frames", 5, "-o", trained / "way.gif")
    assert run("interpolate", "-m", trained / "run", *way).exit_code == 0
    known = [{color for _, color in Image.open(end).getcolors()} for end in ends]
    shown = [
        {tuple(c) for c in f.reshape(-1, 4).tolist()} for f in read_image(trained / "way.gif").rgba
    ]
    nearer = [known[0], known[0], known[1], known[1], known[1]]
    clear = {(0, 0, 0, 0)}
    assert all(some - clear and some - clear <= of for some, of in zip(shown, nearer, strict=True))
