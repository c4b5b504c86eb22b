"""Built-in sprites enlarged as screens, programs, cameras and generators enlarge them."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from pxgen import builtin

Picture = np.ndarray
"""``(H, W, 4) uint8``."""


def heads(count: int, seed: int = 5) -> list[Picture]:
    """Opaque sprites of 24 x 24 on white."""
    return characters(count, seed, builtin.HEADS)


def characters(count: int, seed: int, cast: builtin.Cast) -> list[Picture]:
    """Opaque frames of built-in characters on white."""
    maps, _ = next(builtin.generate(count, seed=seed, cast=cast))
    rgba = builtin.PALETTE.rgba[maps.reshape(-1, *maps.shape[-2:])][:count]
    return [np.where(sprite[..., 3:] == 0, 255, sprite).astype(np.uint8) for sprite in rgba]


def scene(sprites: list[Picture], side: int) -> Picture:
    """So many sprites a row and column in one picture."""
    rows = [np.concatenate(sprites[k * side : (k + 1) * side], 1) for k in range(side)]
    return np.concatenate(rows)


def resized(rgba: Picture, factor: float, how: Image.Resampling) -> Picture:
    height, width = rgba.shape[:2]
    size = (round(width * factor), round(height * factor))
    return np.asarray(Image.fromarray(rgba).resize(size, how))


def nearest(rgba: Picture, factor: float, _: np.random.Generator) -> Picture:
    return resized(rgba, factor, Image.Resampling.NEAREST)


def _cut(large: Picture, factor: float, random: np.random.Generator) -> Picture:
    top, left = random.integers(0, int(factor * 0.45) + 1, 2)
    return large[top:, left:]


def shifted(rgba: Picture, factor: float, random: np.random.Generator) -> Picture:
    return _cut(nearest(rgba, factor, random), factor, random)


def antialiased(rgba: Picture, factor: float, _: np.random.Generator) -> Picture:
    return resized(rgba.repeat(16, 0).repeat(16, 1), factor / 16, Image.Resampling.BOX)


def bilinear(rgba: Picture, factor: float, _: np.random.Generator) -> Picture:
    return resized(rgba, factor, Image.Resampling.BILINEAR)


def bilinear_shifted(rgba: Picture, factor: float, random: np.random.Generator) -> Picture:
    return _cut(bilinear(rgba, factor, random), factor, random)


def bicubic(rgba: Picture, factor: float, _: np.random.Generator) -> Picture:
    return resized(rgba, factor, Image.Resampling.BICUBIC)


def drifting(rgba: Picture, factor: float, random: np.random.Generator) -> Picture:
    """The width of cells swings by 8 % and is 4 % off at random besides."""
    for axis in (0, 1):
        cells = rgba.shape[axis]
        turns = np.arange(cells) / cells * random.uniform(0.5, 1.5) + random.uniform()
        widths = factor * (1 + 0.08 * np.sin(2 * np.pi * turns) + random.normal(0, 0.04, cells))
        lines = np.rint(np.concatenate([[0], np.cumsum(widths)])).astype(int)
        rgba = rgba.repeat(np.diff(lines), axis)
    return rgba


def loose(rgba: Picture, factor: float, random: np.random.Generator) -> Picture:
    """The width of each cell is off by up to a pixel, as it happens."""
    for axis in (0, 1):
        widths = round(factor) + random.integers(-1, 2, rgba.shape[axis])
        rgba = rgba.repeat(widths, axis)
    return rgba


def stretched(rgba: Picture, factor: float, _: np.random.Generator) -> Picture:
    """Half as wide again as high."""
    height, width = rgba.shape[:2]
    size = (round(width * factor * 1.5), round(height * factor))
    return np.asarray(Image.fromarray(rgba).resize(size, Image.Resampling.NEAREST))


def _noisy(rgba: Picture, random: np.random.Generator, level: float) -> Picture:
    blurred = np.asarray(Image.fromarray(rgba).filter(ImageFilter.GaussianBlur(0.6)))
    noise = random.normal(0, level, (*rgba.shape[:2], 4)) * [1, 1, 1, 0]
    return np.clip(np.rint(blurred + noise), 0, 255).astype(np.uint8)


def blurred(rgba: Picture, factor: float, random: np.random.Generator) -> Picture:
    """By 0.6 pixels, and noise of 5 levels."""
    return _noisy(nearest(rgba, factor, random), random, 5)


def compressed(rgba: Picture, quality: int = 80, kind: str = "JPEG") -> Picture:
    file = io.BytesIO()
    Image.fromarray(rgba).convert("RGB").save(file, kind, quality=quality)
    return np.asarray(Image.open(file).convert("RGBA"))


def jpeg(rgba: Picture, factor: float, random: np.random.Generator) -> Picture:
    return compressed(nearest(rgba, factor, random))


def generated(rgba: Picture, factor: float, random: np.random.Generator) -> Picture:
    """All at once: cells that drift, blurred, noisy, compressed."""
    return compressed(_noisy(drifting(rgba, factor, random), random, 4), 85)


KINDS: dict[str, Callable[[Picture, float, np.random.Generator], Picture]] = {
    each.__name__: each
    for each in (
        nearest,
        shifted,
        drifting,
        loose,
        stretched,
        antialiased,
        bilinear,
        bilinear_shifted,
        bicubic,
        blurred,
        jpeg,
        generated,
    )
}
FACTORS = (2.3, 3.4, 4.7, 6.5)
