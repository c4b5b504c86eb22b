"""Sprites on one palette."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.errors import InputError, UsageError
from pxgen.ingest.file_sprites import Sprite
from pxgen.ingest.together import on_one, on_palette, on_tables
from pxgen.palette import Palette


def sprite(*colors: tuple[int, ...]) -> Sprite:
    return Sprite("s.png", 0, np.array([[colors]], np.uint8))


RED, BLUE = (255, 0, 0, 255), (0, 0, 255, 255)


def test_a_table_that_holds_all_keeps_its_order_and_else_colours_in_use_count() -> None:
    table = np.array([BLUE, RED], np.uint8)
    [(maps, palette)] = on_tables([sprite(RED, BLUE)], table)
    assert (maps.tolist(), palette) == ([[[2, 1]]], Palette.of([BLUE, RED]))
    [(_, palette)] = on_tables([sprite(RED, (1, 2, 3, 255))], table)
    assert palette == Palette.of([(1, 2, 3), RED])
    with pytest.raises(InputError, match=r"s\.png: 256 colours.* --colors"):
        on_tables([sprite(*((k, 0, 0, 255) for k in range(256)))], None)


def test_palettes_are_united_while_one_file_can_hold_them() -> None:
    first, second = on_tables([sprite(RED)], None) + on_tables([sprite(BLUE, RED)], None)
    (_, palette), (maps, same) = on_one([first, second])
    assert palette == same == Palette.of([RED, BLUE])
    assert maps.tolist() == [[[2, 1]]]
    many = [sprite(*((k, g, 0, 255) for k in range(200))) for g in (1, 2)]
    with pytest.raises(UsageError, match="hold 400 colours together"):
        on_one(on_tables(many, None))


def test_what_a_palette_changes_is_said() -> None:
    said: list[str] = []
    assert on_palette([sprite(RED, BLUE)], 2, "none", said.append) is None
    shown = on_palette([sprite(RED, (0, 0, 9, 255))], Palette.of([RED, BLUE]), "none", said.append)
    assert shown is not None
    assert shown[0][0].tolist() == [[[1, 2]]]
    assert said[0].startswith("2 colours become 2: 50.0% of the visible pixels")
