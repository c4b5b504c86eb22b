"""Aseprite files that are damaged, or ask for more than a machine has."""

from __future__ import annotations

import contextlib
import struct
import tracemalloc
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxgen.errors import InputError
from pxgen.ingest.aseprite import read_aseprite
from tests.support.aseprites import (
    cel,
    cel_head,
    chunk,
    document,
    layer,
    linked,
    solid,
    tags,
    tile_map,
    tileset,
)

LIMIT = 2**20


@pytest.fixture(autouse=True, scope="module")
def small_limits() -> Iterator[None]:
    """Damaged files are refused before much memory is taken."""
    with pytest.MonkeyPatch.context() as patch:
        for place in ("decoded.MAX_FRAME_PIXELS", "decoded.MAX_FILE_PIXELS"):
            patch.setattr(f"pxgen.ingest.{place}", LIMIT)
        patch.setattr("pxgen.ingest.aseprite.MAX_FILE_PIXELS", LIMIT)
        yield


def read(content: bytes) -> np.ndarray:
    return read_aseprite(content).rgba


RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 255)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (document([[layer(blend=19), cel(0, solid(RED))]]), "layer layer has a blend mode that"),
        (document([[layer(kind=3), cel(0, solid(RED))]]), "layer layer is of a kind that"),
        (document([[layer(), chunk(0x2005, cel_head(0, 1, 1, kind=9))]]), "cels of a kind"),
        (document([[layer(kind=2), tile_map(0, [[1]])]]), "tiles that are in no file"),
        (document([[tileset(), layer(kind=2), tile_map(0, [[1]], bits=8)]]), "8 bits a tile"),
        (document([[layer(), linked(0, 0)]]), "a linked cel leads nowhere"),
        (document([[layer(), tags(("far", 0, 9, 0))]]), "tag far names frames that are not there"),
        (document([[layer(), cel(5, solid(RED))]]), "damaged"),
        (document([[layer()]], width=4000, height=4000), "more than 1048576 pixels"),
        (document([]), "without pixels"),
        (document([[layer(kind=1, level=k) for k in range(70)]], flags=3), "more than 64 deep"),
    ],
)
def test_what_cannot_be_read_is_said(content: bytes, line: str) -> None:
    with pytest.raises(InputError, match=line):
        read(content)


def test_names_in_messages_stay_on_their_line() -> None:
    for content in (
        document([[layer(blend=19).replace(b"layer", b"a\n\x1b\x1dz"), cel(0, solid(RED))]]),
        document([[layer(), tags(("a\n\x1b\x1dz", 0, 9, 0))]]),
    ):
        with pytest.raises(InputError, match=r"^(layer|tag) a   z "):
            read(content)


def test_files_that_would_fill_the_memory_are_refused() -> None:
    bomb = zlib.compress(bytes(2**22))
    # No pixels at all: nothing is unpacked.
    empty = document([[layer(), chunk(0x2005, cel_head(0, 0, 5) + bomb)]])
    assert not read(empty).any()
    huge = document([[layer(), chunk(0x2005, cel_head(0, 60000, 60000) + bomb)]], width=1, height=1)
    with pytest.raises(InputError, match="too many pixels"):
        read(huge)
    many = tags(*((f"t{k}", 0, 19, 0) for k in range(17)))
    with pytest.raises(InputError, match="more than 16 times"):
        read(document([[layer(), many], *[[]] * 19]))


def test_a_frame_cannot_be_read_over_and_over() -> None:
    whole = layer() + cel(0, solid(RED))
    body = struct.pack("<IHHHxxI", 16, 0xF1FA, 2, 80, 2) + whole
    head = struct.pack("<IHHHHHI", 128 + len(body), 0xA5E0, 1, 4, 3, 32, 1).ljust(128, b"\0")
    with pytest.raises(InputError):
        read(head + body)


def test_memory_grows_with_the_pixels_and_no_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pxgen.ingest.aseprite.MAX_FILE_PIXELS", 2**24)
    pixels = solid((9, 9, 9, 128), 1024, 1024)
    cels = [cel(number, pixels) for number in range(3)]
    content = document([[*[layer(blend=9)] * 3, *cels]], width=1024, height=1024)
    tracemalloc.start()
    try:
        read(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Three cels and the frame are 4 bytes a pixel each; what is blended at once is a band.
    assert peak < 32 * 2**20


def test_work_that_a_small_file_can_ask_for_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pxgen.ingest.aseprite_render.MAX_DRAWN_PIXELS", 30)
    with pytest.raises(InputError, match="layers are too many"):
        read(document([[layer(), cel(0, solid(RED))], [linked(0, 0)], [linked(0, 0)]]))


def test_groups_within_groups_hold_no_more_pixels_than_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nested = [layer(kind=1, level=level) for level in range(5)]
    content = document([[*nested, layer(level=5), cel(5, solid(RED))]], flags=3)
    for most, fits in ((5 * 12, True), (5 * 12 - 1, False)):
        monkeypatch.setattr("pxgen.ingest.aseprite_render.MAX_FILE_PIXELS", most)
        with contextlib.nullcontext() if fits else pytest.raises(InputError, match="too many for"):
            assert (read(content) == RED).all()


def test_a_cel_unpacks_to_no_more_than_it_says() -> None:
    bomb = zlib.compress(bytes(2**24))
    head = struct.pack("<HhhBHh5xHH", 0, 0, 0, 255, 2, 0, 4, 3)
    made = read(document([[layer(), chunk(0x2005, head + bomb)]]))
    assert made.shape == (1, 3, 4, 4)


WHOLE = document(
    [[layer(), layer(level=0), cel(0, solid(RED)), tags(("t", 0, 1, 2))], [linked(0, 0)]]
)


@given(st.data())
def test_damage_is_an_input_error_and_nothing_else(data: st.DataObject) -> None:
    content = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for damaged in (bytes(content), bytes(content[:cut])):
        with contextlib.suppress(InputError):
            assert read_aseprite(damaged).rgba.dtype == np.uint8
