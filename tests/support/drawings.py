"""Small drawings that many tests of preparation need."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pxgen.ingest.census import Census
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.palette_choice import choose_palette
from pxgen.ingest.palette_mapping import SharedPaletteMapper
from pxgen.palette import Palette

SPRITES = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6), st.just(4)),
    elements=st.sampled_from([0, 40, 255]),
)


def drawing(seed: int = 0, side: int = 8, colors: int = 4) -> np.ndarray:
    """A still in opaque colours with a transparent border."""
    random = np.random.default_rng(seed)
    table = random.integers(0, 256, (colors, 4), dtype=np.uint8)
    table[:, 3] = 255
    table[0] = 0
    maps = random.integers(0, colors, (1, side, side))
    maps[:, [0, -1]] = maps[:, :, [0, -1]] = 0
    maps[0, 1, 1:3] = 1, 2
    return table[maps]


def redrawn(sprite: IndexedSprite, method: str = "none", **options: Any) -> np.ndarray:
    census = census_of([sprite])
    return SharedPaletteMapper(choose_palette(census, **options), method, census).map(sprite)


def census_of(sprites: list[IndexedSprite]) -> Census:
    census = Census()
    for sprite in sprites:
        census.add(sprite.colors, sprite.counts())
    return census


THREE = Palette.of([(200, 10, 10), (10, 200, 10), (10, 10, 200)])


def blotches(frames: int = 1, side: int = 16, seed: int = 0) -> np.ndarray:
    """Blotches of 2x3 pixels on a transparent ground, in palette colours."""
    generator = np.random.default_rng(seed)
    maps = np.zeros((frames, side, side), np.uint8)
    for frame in maps:
        for _ in range(24):
            top, left = generator.integers(1, side - 4, 2)
            frame[top : top + 2, left : left + 3] = generator.integers(1, 4)
    return THREE.rgba[maps].copy()
