"""Colours to make palettes of."""

from __future__ import annotations

import numpy as np

from pxgen.palette import Palette


def rgba(*colors: tuple[int, ...]) -> np.ndarray:
    rows = [(*color, 255) if len(color) == 3 else color for color in colors]
    return np.array(rows, np.uint8)


def random_colors(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    packed = random.choice(1 << 24, count, replace=False)
    colors = np.stack([packed >> 16, packed >> 8 & 255, packed & 255, 0 * packed + 255], 1)
    return colors.astype(np.uint8), random.integers(1, 50, count)


GREYS = Palette.of([(0, 0, 0), (128, 128, 128), (255, 255, 255)])
