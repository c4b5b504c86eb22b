"""Aseprite's own files: what is written is read back, and files with layers as Aseprite has them.

No independent reader installs from the package index, so files with what pxgen does not write are
put together here, chunk by chunk, by the published specification.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from pxgen.cli.app import pxgen
from pxgen.data.dataset import open_dataset
from pxgen.engines.aseprite import encode_aseprite
from pxgen.engines.clips import Clip
from pxgen.ingest.aseprite import is_aseprite, read_aseprite
from pxgen.ingest.images import read_image
from pxgen.palette import Palette
from tests.support.aseprites import (
    FLIP_DIAGONALLY,
    FLIP_X,
    FLIP_Y,
    cel,
    cel_head,
    chunk,
    colors,
    document,
    layer,
    linked,
    solid,
    tags,
    tile_map,
    tileset,
)

PALETTE = Palette.of([(200, 10, 10), (10, 200, 10), (10, 10, 200), (9, 9, 9, 128)])


@given(
    frames=st.lists(st.integers(1, 3), min_size=1, max_size=3),
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    seed=st.integers(0, 99),
)
def test_what_is_written_is_read_back(frames: list[int], size: tuple[int, int], seed: int) -> None:
    generator = np.random.default_rng(seed)
    clips = [
        Clip(
            f"clip é {k}",
            generator.integers(0, 5, (n, *size), dtype=np.uint8),
            [20.0 * (k + 1)] * n,
        )
        for k, n in enumerate(frames)
    ]
    read = read_aseprite(encode_aseprite(clips, PALETTE))
    wanted = np.concatenate([PALETTE.rgba[clip.frames] for clip in clips])
    assert np.array_equal(read.rgba, wanted)
    assert read.durations == tuple(20 * (k + 1) for k, n in enumerate(frames) for _ in range(n))
    assert read.table == PALETTE.rgba.tobytes()
    if len(frames) > 1:
        assert [tag.name for tag in read.tags] == [clip.name for clip in clips]
        assert [n for tag in read.tags for n in tag.order] == list(range(sum(frames)))
    else:
        assert not read.tags


def test_a_palette_of_256_colours_keeps_its_order() -> None:
    palette = Palette.of([(k, 255 - k, 7) for k in range(255)])
    maps = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    read = read_aseprite(encode_aseprite([Clip("a", maps, [100])], palette))
    assert read.table == palette.rgba.tobytes()
    assert np.array_equal(read.rgba, palette.rgba[maps])


def read(content: bytes) -> np.ndarray:
    return read_aseprite(content).rgba


RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 255)


def test_layers_lie_over_one_another_and_cels_where_they_are() -> None:
    top = solid(BLUE, 2, 2)
    made = read(document([[layer(), layer(), cel(0, solid(RED)), cel(1, top, x=3, y=-1)]]))
    assert made.shape == (1, 3, 4, 4)
    assert made[0, 0, 3].tolist() == [*BLUE]
    assert (made[0, 1:] == RED).all()
    assert (made[0, 0, :3] == RED).all()


def test_opacities_mix_colours() -> None:
    half = document([[layer(), layer(opacity=128), cel(0, solid(RED)), cel(1, solid(BLUE))]])
    assert read(half)[0, 0, 0].tolist() == [127, 0, 128, 255]
    alone = read(document([[layer(opacity=128), cel(0, solid(RED), opacity=128)]]))
    assert alone[0, 0, 0].tolist() == [255, 0, 0, 64]


def test_half_transparent_pixels_blend_in_whole_numbers() -> None:
    below, above = solid((0, 0, 0, 255)), solid((1, 255, 3, 128))
    made = read(document([[layer(), layer(), cel(0, below), cel(1, above)]]))
    assert made[0, 0, 0].tolist() == [0, 128, 1, 255]


GROUPED = [layer(), layer(kind=1, opacity=128, blend=1), layer(level=1)]


@pytest.mark.parametrize(("flags", "right"), [(1, [0, 255, 0]), (3, [127, 0, 0]), (2, [0, 0, 0])])
def test_groups_blend_as_one_where_the_header_says_so(flags: int, right: list[int]) -> None:
    """Without flag 2 a group has neither opacity nor mode, without flag 1 nothing has opacity."""
    cels = [cel(0, solid(RED)), cel(2, solid((0, 255, 0, 255)))]
    assert read(document([[*GROUPED, *cels]], flags=flags))[0, 0, 0].tolist() == [*right, 255]


def test_a_group_is_drawn_before_it_is_blended() -> None:
    tree = [layer(), layer(kind=1, opacity=128), layer(level=1), layer(level=1)]
    cels = [cel(0, solid(RED)), cel(2, solid(BLUE)), cel(3, solid((0, 255, 0, 255)))]
    made = read(document([[*tree, *cels]], flags=3))
    assert made[0, 0, 0].tolist() == [127, 128, 0, 255]


def test_linked_cels_have_a_place_and_an_opacity_of_their_own() -> None:
    one = cel(0, solid(RED, 1, 1))
    made = read(document([[layer(), one], [linked(0, 0, 2, 1, 128)]]))
    assert made[0, 0, 0].tolist() == [*RED]
    assert made[1, 1, 2].tolist() == [255, 0, 0, 128]
    assert made[1].any(-1).sum() == 1


def test_a_palette_counts_from_its_frame_on() -> None:
    pixel = cel(0, np.array([[1]], np.uint8))
    first = [colors([(0, 0, 0, 0), RED]), layer(), pixel]
    second = [colors([(255, 255, 0, 255)], first=1), linked(0, 0)]
    found = read_aseprite(document([first, second, [linked(0, 0)]], depth=8))
    assert found.rgba[:, 0, 0].tolist() == [[*RED], [255, 255, 0, 255], [255, 255, 0, 255]]
    # No one table holds what is shown.
    assert found.table is None


def test_colours_beyond_256_are_passed_over() -> None:
    many = colors([(k & 255, k >> 8, 7, 255) for k in range(300)])
    assert (read(document([[many, layer(), cel(0, solid(RED))]])) == RED).all()
    indexed = document([[many, layer(), cel(0, np.array([[255]], np.uint8))]], depth=8)
    assert read(indexed)[0, 0, 0].tolist() == [255, 0, 7, 255]


@pytest.mark.parametrize(("duration", "speed", "right"), [(0, 70, 70), (0, 0, 100), (9, 70, 9)])
def test_a_frame_without_duration_has_the_files(duration: int, speed: int, right: int) -> None:
    content = document([[layer()], []], duration=duration, speed=speed)
    assert read_aseprite(content).durations == (right, right)


def test_old_palettes_of_six_bits_reach_white() -> None:
    old = chunk(0x0011, struct.pack("<HBB", 2, 1, 1) + bytes([63, 32, 0]) + bytes([1, 1, 1, 2, 3]))
    pixels = cel(0, np.array([[1, 2]], np.uint8))
    made = read(document([[old, layer(), pixels]], depth=8))
    assert made[0, 0, :2].tolist() == [[255, 130, 0, 255], [4, 8, 12, 255]]


def test_a_background_shows_the_colour_that_is_transparent_elsewhere() -> None:
    rows = colors([(1, 2, 3, 255), RED])
    zero = cel(0, np.array([[0, 1]], np.uint8))
    made = read(document([[rows, layer(flags=9), zero]], depth=8))
    assert made[0, 0].tolist() == [[1, 2, 3, 255], [*RED], [1, 2, 3, 255], [1, 2, 3, 255]]


def test_blend_modes_of_layers_are_drawn() -> None:
    multiplied = [layer(), layer(blend=1), cel(0, solid(RED)), cel(1, solid((128, 9, 9, 255)))]
    assert read(document([multiplied]))[0, 0, 0].tolist() == [128, 0, 0, 255]
    # Grey has no hue: such modes are normal there.
    hue = [layer(), layer(blend=12), cel(0, solid((9, 255))), cel(1, solid((200, 255)))]
    assert read(document([hue], depth=16))[0, 0, 0].tolist() == [200, 200, 200, 255]


def test_tile_maps_are_drawn_with_their_flips() -> None:
    tiles = np.zeros((2, 2, 2, 4), np.uint8)
    tiles[1] = np.arange(1, 5).reshape(2, 2, 1) * 10 + np.array([0, 0, 0, 200])
    tiles[1, ..., 3] = 255
    cells = [[1, 1 | FLIP_X, 1 | FLIP_Y], [1 | FLIP_DIAGONALLY, 0, 9]]
    content = document(
        [[tileset(tiles), layer(kind=2), tile_map(0, cells, x=1)], [linked(0, 0, x=1)]],
        width=7,
        height=4,
    )
    made = read(content)
    assert made[0, ..., 0].tolist() == [
        [0, 10, 20, 20, 10, 30, 40],
        [0, 30, 40, 40, 30, 10, 20],
        [0, 10, 30, 0, 0, 0, 0],
        [0, 20, 40, 0, 0, 0, 0],
    ]
    assert np.array_equal(made[0], made[1])
    turned = 1 | FLIP_X | FLIP_Y | FLIP_DIAGONALLY
    made = read(document([[tileset(tiles), layer(kind=2), tile_map(0, [[turned]])]]))
    assert made[0, :2, :2, 0].tolist() == [[40, 20], [30, 10]]


def test_in_the_oldest_tile_maps_zero_is_a_tile() -> None:
    tiles = np.array([RED, BLUE], np.uint8).reshape(2, 1, 1, 4)
    cells = [[0, 1, 0xFFFFFFFF]]
    content = document([[tileset(tiles, flags=2), layer(kind=2), tile_map(0, cells)]])
    assert read(content)[0, 0].tolist() == [[*RED], [*BLUE], [0] * 4, [0] * 4]


def test_tiles_that_are_no_squares_turn_as_far_as_they_fit() -> None:
    tiles = np.zeros((2, 1, 2, 1), np.uint8)
    tiles[1, 0] = [[1], [2]]
    rows = colors([(0, 0, 0, 0), RED, BLUE])
    cells = tile_map(0, [[1 | FLIP_DIAGONALLY, 1]])
    content = document([[rows, tileset(tiles), layer(kind=2), cells]], depth=8)
    assert read(content)[0, 0].tolist() == [[*RED], [0] * 4, [*RED], [*BLUE]]


def test_what_is_hidden_is_not_read() -> None:
    hidden = document(
        [[layer(), layer(flags=0, blend=99), cel(0, solid(RED)), cel(1, solid(BLUE))]]
    )
    assert (read(hidden)[0] == RED).all()
    group = [
        layer(flags=0, kind=1),
        layer(level=1),
        layer(),
        cel(1, solid(BLUE)),
        cel(2, solid(RED)),
    ]
    assert (read(document([group]))[0] == RED).all()


def test_linked_and_raw_cels_are_read() -> None:
    made = read(document([[layer(), cel(0, solid(RED), kind=0)], [linked(0, 0)], []]))
    assert np.array_equal(made[0], made[1])
    assert not made[2].any()


def test_gray_and_old_palettes_are_read() -> None:
    gray = document([[layer(), cel(0, solid((7, 255)))]], depth=16)
    assert read(gray)[0, 0, 0].tolist() == [7, 7, 7, 255]
    old = chunk(0x0004, struct.pack("<HBB", 1, 0, 3) + bytes([1, 2, 3, 10, 20, 30, 9, 9, 9]))
    indexed = document([[old, layer(), cel(0, np.array([[0, 1]], np.uint8))]], depth=8)
    assert read(indexed)[0, 0].tolist() == [[0] * 4, [10, 20, 30, 255], [0] * 4, [0] * 4]
    # On a background layer no colour is transparent.
    ground = document([[old, layer(flags=9), cel(0, np.array([[0, 1]], np.uint8))]], depth=8)
    assert read(ground)[0, 0, 0].tolist() == [1, 2, 3, 255]


def test_tags_turn_as_they_say() -> None:
    frames = [
        [layer(), tags(("on", 0, 2, 0), ("back", 0, 2, 1), ("both", 1, 3, 2), ("all", 0, 3, 3))]
    ]
    frames += [[], [], []]
    assert [(tag.name, tag.order) for tag in read_aseprite(document(frames)).tags] == [
        ("on", (0, 1, 2)),
        ("back", (2, 1, 0)),
        ("both", (1, 2, 3, 2)),
        ("all", (3, 2, 1, 0, 1, 2)),
    ]


def test_cels_and_layers_stand_as_aseprite_has_them() -> None:
    below = chunk(0x2005, cel_head(1, 4, 3, order=-2) + zlib.compress(solid(BLUE).tobytes()))
    assert (read(document([[layer(), layer(), cel(0, solid(RED)), below]]))[0] == RED).all()
    reference = [layer(), layer(flags=65), cel(0, solid(RED)), cel(1, solid(BLUE))]
    assert (read(document([reference]))[0] == RED).all()


def test_the_older_of_two_palettes_does_not_count() -> None:
    newer = chunk(
        0x2019,
        struct.pack("<III8x", 2, 0, 1) + struct.pack("<H4BH4B", 0, 0, 0, 0, 255, 0, 9, 8, 7, 128),
    )
    old = chunk(0x0004, struct.pack("<HBB", 1, 0, 2) + bytes([0, 0, 0, 9, 8, 7]))
    content = document([[newer, old, layer(), cel(0, np.array([[0, 1]], np.uint8))]], depth=8)
    found = read_aseprite(content)
    assert found.rgba[0, 0, 1].tolist() == [9, 8, 7, 128]
    # The opaque black that stands for transparent is so in the table, too.
    assert found.table is not None
    assert found.table[:8] == bytes([0, 0, 0, 0, 9, 8, 7, 128])


def test_other_formats_are_not_taken_for_aseprite() -> None:
    # The size of a WebP file stands where Aseprite has its mark.
    webp = b"RIFF" + struct.pack("<I", 0x1A5E0) + b"WEBPVP8L" + bytes(200)
    assert not is_aseprite(webp)
    assert is_aseprite(document([[layer()]]))
    assert not is_aseprite(document([[layer()]])[:100])


def test_prepare_takes_a_clip_a_tag(tmp_path: Path) -> None:
    clips = [
        Clip(name, np.full((4, 6, 6), k + 1, np.uint8), [90] * 4)
        for k, name in enumerate(("idle", "run"))
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "hero.aseprite").write_bytes(encode_aseprite(clips, PALETTE))
    # The suffix that Adobe's palettes have, too; those are passed over.
    (tmp_path / "in" / "old.ase").write_bytes(encode_aseprite(clips[:1], PALETTE))
    (tmp_path / "in" / "colours.ase").write_bytes(b"ASEF\0\1\0\0\0\0\0\0")
    asked = ["prepare", str(tmp_path / "in"), "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(pxgen, asked)
    assert result.exit_code == 0, result.output
    data = open_dataset(tmp_path / "out")
    assert data.canvas == (4, 6, 6)
    assert sorted(data.names) == ["hero.aseprite#idle", "hero.aseprite#run", "old.ase"]
    # The palette of the files in their order, although only two colours occur.
    assert data.palette == PALETTE


def test_durations_are_read_from_animations(tmp_path: Path) -> None:
    clip = Clip("a", np.ones((3, 4, 4), np.uint8), [40, 50, 60])
    (tmp_path / "a.aseprite").write_bytes(encode_aseprite([clip], PALETTE))
    assert read_image(tmp_path / "a.aseprite").durations == (40, 50, 60)
