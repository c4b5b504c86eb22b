"""``pxgen export``: datasets, fewer colours, and pictures whose table is full."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from pxgen.cli.app import pxgen
from pxgen.ingest.images import read_image
from pxgen.palette import Palette
from pxgen.render.png import decode_png, encode_png
from tests.support.preparing import hero, prepared, save


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pxgen, ["export", *map(str, arguments)])


def exported(*arguments: object) -> Result:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """256 opaque colours, all in use."""
    image = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16), mode="P")
    image.putpalette([value for k in range(256) for value in (k, 0, 255 - k)])
    image.save(tmp_path / "full.png")
    return tmp_path / "full.png"


@pytest.mark.filterwarnings("ignore:'mode' parameter:DeprecationWarning")
def test_a_picture_of_256_colours_is_refused_with_advice_that_works(full: Path) -> None:
    out = full.with_name("o.png")
    refused = run(full, "-o", out)
    assert refused.exit_code == 3
    assert "full.png: 256 colours, a palette holds 255: reduce them with --colors" in " ".join(
        refused.stderr.split()
    )
    result = exported(full, "-o", out, "--colors", 255)
    assert "256 colours become 255: 99.6% of the visible pixels" in " ".join(result.stderr.split())
    was, now = read_image(full).rgba, read_image(out).rgba
    assert (was == now).all(-1).sum() == 255
    # Where every picture has its own palette, a folder holds it in fewer as well.
    exported(full, "-o", f"{full.parent}/out/", "--colors", 8)
    assert len(decode_png(full.parent / "out" / "full.png")[1]) == 9


def test_enough_colours_leave_indices_as_they_are(tmp_path: Path) -> None:
    palette = Palette.of([(200, 10, 10), (3, 3, 3), (10, 10, 200, 90)])
    (tmp_path / "a.png").write_bytes(encode_png(np.array([[0, 1, 3]], np.uint8), palette))
    result = exported(tmp_path / "a.png", "-o", tmp_path / "o.png", "--colors", 2)
    assert result.stderr == ""
    assert (tmp_path / "o.png").read_bytes() == (tmp_path / "a.png").read_bytes()


def test_a_palette_takes_the_nearest_of_its_colours_and_says_so(tmp_path: Path) -> None:
    rows = [[(250, 5, 5, 255), (0, 0, 250, 255), (0, 0, 255, 90), (0, 0, 255, 200)]]
    Image.fromarray(np.array(rows, np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "two.hex").write_text("ff0000\n0000ff\n")
    source, out = tmp_path / "a.png", tmp_path / "o.png"
    result = exported(source, "-o", out, "--palette", tmp_path / "two.hex")
    pixels, palette = decode_png(out)
    assert pixels.tolist() == [[1, 2, 0, 2]]
    assert palette == Palette.of([(255, 0, 0), (0, 0, 255)])
    lines = result.stderr.splitlines()
    assert lines[0].startswith("4 colours become 2: ")
    assert lines[1].startswith("2 half-transparent colours are clear under half alpha")
    both = run(source, "-o", out, "--palette", "pico-8", "--colors", 4)
    assert (both.exit_code, "give one of them" in both.stderr) == (2, True)


def test_dithering_mixes_two_colours(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), (128, 128, 128)).save(tmp_path / "grey.png")
    (tmp_path / "two.hex").write_text("000000\nffffff\n")
    wanted = ("--palette", tmp_path / "two.hex", "--dither", "bayer4")
    exported(tmp_path / "grey.png", "-o", tmp_path / "o.png", *wanted)
    assert {*np.unique(decode_png(tmp_path / "o.png")[0])} == {1, 2}


def test_a_dataset_is_a_source(tmp_path: Path) -> None:
    for seed in range(4):
        save(f"{tmp_path}/in/s{seed}.png", hero(seed))
    data = prepared(tmp_path / "in", "-o", tmp_path / "out")
    exported(tmp_path / "out", "-o", tmp_path / "all.png")
    pixels, palette = decode_png(tmp_path / "all.png")
    assert palette == data.palette
    tiles = pixels.reshape(2, 8, 2, 8).swapaxes(1, 2).reshape(4, 1, 8, 8)
    assert np.array_equal(tiles, data.pixels)
    exported(tmp_path / "out", tmp_path / "in" / "s0.png", "-o", f"{tmp_path}/single/")
    assert {path.name for path in (tmp_path / "single").iterdir()} == {
        *(f"s{seed}.png" for seed in range(4)),
        "s0-2.png",
    }


def test_a_dataset_of_views_keeps_their_names(tmp_path: Path) -> None:
    for seed, view in enumerate(("down", "left", "up")):
        for number, name in enumerate(("elf", "orc")):
            save(f"{tmp_path}/in/{name}_{view}.png", hero(10 * number + seed))
    prepared(tmp_path / "in", "-o", tmp_path / "out")
    exported(tmp_path / "out", "-o", tmp_path / "o.aseprite")
    tags = read_image(tmp_path / "o.aseprite").tags
    assert [tag.name for tag in tags] == [
        *("elf-down", "elf-left", "elf-up", "orc-down", "orc-left", "orc-up"),
    ]


def test_palettes_of_sprites_are_kept(tmp_path: Path) -> None:
    for seed, shift in enumerate((0, 40)):
        rgba = hero(seed)
        rgba[rgba[..., 3] > 0, 0] -= shift if shift < 21 else 20
        save(f"{tmp_path}/in/s{seed}.png", rgba)
    prepared(tmp_path / "in", "--palette", "local", "-o", tmp_path / "out")
    exported(tmp_path / "out", "-o", f"{tmp_path}/single/")
    for seed in range(2):
        made = read_image(tmp_path / "single" / f"s{seed}.png").rgba
        assert np.array_equal(made, read_image(tmp_path / "in" / f"s{seed}.png").rgba)
