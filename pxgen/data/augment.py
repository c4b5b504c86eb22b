"""Augmentation that the network is told of, so that it draws none of it (2206.00364).

Sprites are mirrored, moved and recoloured, and the numbers that say how come with them as a further
condition. A drawing is asked for with all of them zero: as the sprites themselves are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F32, IndexMaps
from pxgen.data.dataset import Dataset
from pxgen.frames import mirrored_frames
from pxgen.models.protocol import AUGMENTATION
from pxgen.palette import Palette
from pxgen.palette.oklab import to_oklab

UNCHANGED = 0.4
"""Share of the sprites that stay as they are."""
HUES, LIGHTNESS = 12, (0.85, 1.0, 1.18)
"""Turns of the hue round its circle, and factors of the lightness."""
MAX_SHIFT = 0.125
"""Of the canvas' side."""


class Augmentation:
    """Random changes of training sprites."""

    def __init__(self, dataset: Dataset) -> None:
        canvas = dataset.canvas
        self._reach = (int(canvas.height * MAX_SHIFT), int(canvas.width * MAX_SHIFT))
        self._frames = mirror_order(dataset)
        # Entries of own palettes are ranks of a sprite's colours: another rank is no other hue.
        self._recolours = None if dataset.palettes is not None else Recolours(dataset.palette)

    def apply(self, pixels: IndexMaps, generator: np.random.Generator) -> tuple[IndexMaps, F32]:
        """``(n, T, H, W)`` sprites changed, and ``(n, AUGMENTATION)`` numbers that say how.

        These are: whether mirrored; how far moved down and right, of the farthest; the angle by
        which the hue was turned, as 1 - cosine and sine; how much lighter.
        """
        n = len(pixels)
        changed, flip, luck = generator.random(n), generator.random(n), generator.random((n, 2))
        hue = generator.integers(HUES, size=n)
        light = generator.integers(len(LIGHTNESS), size=n)
        augmented, told = pixels.copy(), np.zeros((n, AUGMENTATION), np.float32)
        for i in np.flatnonzero(changed >= UNCHANGED):
            sprite = pixels[i, self._frames, :, ::-1] if flip[i] < 0.5 else pixels[i]
            down, right = _moves(sprite, self._reach, luck[i])
            moved = np.roll(sprite, (down, right), (1, 2))
            augmented[i] = moved
            if self._recolours is not None:
                augmented[i] = self._recolours.apply(moved, int(light[i]), int(hue[i]))
            angle = 2 * np.pi * hue[i] / HUES
            told[i] = (
                flip[i] < 0.5,
                down / max(1, self._reach[0]),
                right / max(1, self._reach[1]),
                1 - np.cos(angle),
                np.sin(angle),
                light[i] - 1,
            )
        return augmented, told


def mirror_order(dataset: Dataset) -> list[int]:
    """The frames of a mirrored sprite by those of the sprite: what is left is right then.

    Where sprites lack frames all stay where they are, since others would be missing.
    """
    if not dataset.frame_names or dataset.present is not None:
        return list(range(dataset.canvas.frames))
    return list(mirrored_frames(dataset.frame_names))


def _moves(sprite: IndexMaps, reach: tuple[int, int], luck: F32) -> tuple[int, int]:
    """Pixels down and right by which a ``(T, H, W)`` sprite moves; none of it leaves the canvas."""
    moves = []
    for axis, (most, u) in enumerate(zip(reach, luck, strict=True), start=1):
        used = np.flatnonzero(sprite.any(tuple({0, 1, 2} - {axis})))
        if not len(used):
            moves.append(0)
            continue
        low = max(-most, -int(used[0]))
        high = min(most, sprite.shape[axis] - 1 - int(used[-1]))
        moves.append(low + int(u * (high - low + 1)))
    return moves[0], moves[1]


class Recolours:
    """Sprites with the hue turned and the lightness changed, in entries of the palette.

    Entries stay as many: where two would become one, they share the nearest out so that the squares
    of their distances are small together, which keeps the order of a ramp.
    """

    def __init__(self, palette: Palette) -> None:
        rows = np.array(palette.rows, np.uint8)
        lab = to_oklab(rows[:, :3]).astype(np.float64)
        # Alpha outweighs all colours, so that opaque entries stay opaque.
        alpha = rows[:, 3:] / 255 * 4.0
        known = np.concatenate([lab, alpha], 1)
        self.gaps = np.zeros((len(LIGHTNESS), HUES, len(rows), len(rows)), np.float32)
        """Squared distances from each entry, so changed, to each entry."""
        for i, factor in enumerate(LIGHTNESS):
            for k in range(HUES):
                angle = 2 * np.pi * k / HUES
                turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
                turned = np.concatenate([lab[:, :1] * factor, lab[:, 1:] @ turn, alpha], 1)
                self.gaps[i, k] = ((turned[:, None] - known) ** 2).sum(-1)

    def apply(self, sprite: IndexMaps, light: int, hue: int) -> IndexMaps:
        """The sprite, by the numbers of a factor of the lightness and of a turn of the hue."""
        if (LIGHTNESS[light], hue) == (1.0, 0) or not sprite.any():
            return sprite
        gaps = self.gaps[light, hue]
        used = np.unique(sprite)
        # Transparent is entry 0 whatever its colour, and nothing else is.
        used = used[used > 0]
        table = np.zeros(len(gaps), np.uint8)
        table[used] = _shared_out(gaps[used, 1:]) + 1
        recoloured: IndexMaps = table[sprite]
        return recoloured


def _shared_out(costs: F32) -> NDArray[np.intp]:
    """``(n,)``: a column of ``(n, m)`` costs for each row, none for two, cheap together.

    The cheapest rows choose first; then pairs exchange as long as that makes them cheaper.
    """
    chosen: NDArray[np.intp] = costs.argmin(1)
    if len({*chosen.tolist()}) == len(chosen):
        return chosen
    left = costs.copy()
    for row in costs.min(1).argsort(kind="stable"):
        chosen[row] = left[row].argmin()
        left[:, chosen[row]] = np.inf
    for _ in range(len(chosen) ** 2):
        each = costs[:, chosen]
        own = each.diagonal()
        gain = own[:, None] + own - each - each.T
        first, second = np.unravel_index(gain.argmax(), gain.shape)
        if gain[first, second] <= 1e-6:
            break
        chosen[[first, second]] = chosen[[second, first]]
    return chosen
