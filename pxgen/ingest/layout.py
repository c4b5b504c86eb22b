"""The canvas of a collection, and the position of sprites on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import IndexMaps, Rgba
from pxgen.canvas import Anchor, Canvas
from pxgen.errors import InputError

MAX_SPRITE_SIDE = 4096
"""Pixels along the longest side of a canvas."""


def choose_canvas(
    sizes: Mapping[Canvas, int], size: tuple[int, int] | None, frames: int | None
) -> Canvas:
    """The canvas asked for, and where nothing is asked the most common; of equals the largest.

    ``sizes`` tells how many sprites are of each size; ``size`` is height and width.
    """
    if size is None:
        areas: Counter[tuple[int, int]] = Counter()
        for each, count in sizes.items():
            areas[each.height, each.width] += count
        size = max(areas, key=lambda area: (areas[area], area[0] * area[1], area))
    if frames is None:
        lengths: Counter[int] = Counter()
        for each, count in sizes.items():
            lengths[each.frames] += count
        frames = max(lengths, key=lambda length: (lengths[length], length))
    return Canvas(frames, *size)


def check_canvas(canvas: Canvas, sprites: Iterable[tuple[str, Canvas]]) -> None:
    """Refuse a canvas that is too large to train on or to be one file's.

    ``sprites`` are names and sizes, of which the first such one is named.

    Raises:
        InputError: a side is too long.
    """
    if max(canvas.height, canvas.width) <= MAX_SPRITE_SIDE:
        return
    for name, each in sprites:
        if max(each.height, each.width) > MAX_SPRITE_SIDE:
            raise InputError(
                f"{name}: {each.width}x{each.height} is larger than {MAX_SPRITE_SIDE} pixels a "
                "side: cut sheets with --cell WxH"
            )


Fit = Literal["hold", "loop", "resample"]
"""How a clip of another length than the canvas's fills its frames."""


def shown_frames(count: int, length: int, fit: Fit | None) -> NDArray[np.intp]:
    """``(length,)`` the frame of a clip of ``count`` that each of the canvas's shows."""
    frames = np.arange(length)
    if fit == "hold":
        return np.minimum(frames, count - 1)
    return frames * count // length if fit == "resample" else frames % count


def misfit(sprite: Canvas, canvas: Canvas, fit: Fit | None = None) -> str | None:
    """The reason why a sprite cannot be placed on the canvas; None if it can."""
    if sprite.height > canvas.height or sprite.width > canvas.width:
        return (
            f"{sprite.width}x{sprite.height} is larger than the canvas "
            f"{canvas.width}x{canvas.height}"
        )
    if sprite.frames > canvas.frames and fit != "resample":
        return f"{sprite.frames} frames are more than the clip length {canvas.frames}"
    if fit is None and canvas.frames % sprite.frames:
        return f"{sprite.frames} frames do not loop evenly in {canvas.frames}"
    return None


def pad_to_canvas(
    indices: IndexMaps, canvas: Canvas, anchor: Anchor, fit: Fit | None = None
) -> IndexMaps:
    """``(t, h, w) uint8`` on the ``(T, H, W)`` canvas, transparent around, fitted to T frames.

    Sprites stand in the middle and, as games place them, with their feet on the lower edge;
    ``center`` puts them in the middle both ways. An odd pixel is left over right or below.
    """
    frames, height, width = indices.shape
    if (frames, height, width) == canvas:
        return indices
    placed = np.zeros(canvas, np.uint8)
    spare = canvas.height - height
    top = spare if anchor == "bottom" else spare // 2
    left = (canvas.width - width) // 2
    shown = indices[shown_frames(frames, canvas.frames, fit)]
    placed[:, top : top + height, left : left + width] = shown
    return placed


def padded(images: Sequence[Rgba], anchor: Anchor) -> Rgba:
    """``(t, h, w, 4)`` images one after another, the smaller ones padded as :func:`pad_to_canvas`.

    Views of one sprite are often cut out as small as each is.
    """
    height, width = (max(image.shape[axis] for image in images) for axis in (1, 2))
    clip = np.zeros((sum(map(len, images)), height, width, 4), np.uint8)
    first = 0
    for image in images:
        frames, high, wide = image.shape[:3]
        top = height - high if anchor == "bottom" else (height - high) // 2
        left = (width - wide) // 2
        clip[first : first + frames, top : top + high, left : left + wide] = image
        first += frames
    return clip
