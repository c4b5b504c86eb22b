"""Images fitted to a trained model: on its canvas and in its palette."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np

from pxgen.arrays import Bools, IndexMaps, Rgba
from pxgen.canvas import Anchor, Canvas
from pxgen.checkpoint.store import Loaded
from pxgen.config.options import Image, ImageArray
from pxgen.errors import InputError, Remark, unsaid
from pxgen.ingest.images import read_image
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.layout import misfit, pad_to_canvas
from pxgen.ingest.scale import enlargement
from pxgen.palette import Palette
from pxgen.palette.local import localized
from pxgen.palette.table import unpack

MIN_WHITE = 192
"""Least channel mean, and alpha, of a mask's pixel that counts as white."""
MAX_TINT = 32
"""Difference of channels up to which a mask's pixel counts as grey."""


def snapped_remark(image: Image | str, snapped: int) -> str:
    """The remark about pixels whose colour the palette lacks."""
    return (
        f"{image}: {snapped} pixels are of colours that the model's palette lacks; they are taken "
        "for the nearest ones"
    )


class Fitted(NamedTuple):
    """One image on the model's canvas."""

    pixels: IndexMaps
    """``(T, H, W) uint8`` on the model's canvas."""
    snapped: int
    """Pixels whose colour the palette lacks, drawn in the nearest one."""
    palette: Palette
    """The model's, or the image's own."""
    size: Canvas
    """Of the image, not enlarged; of the canvas, where it is several frames."""


class Target(NamedTuple):
    """The canvas and palette that an image is fitted to."""

    canvas: Canvas
    palette: Palette
    anchor: Anchor = "bottom"
    local: bool = False
    """True if an image keeps a palette of its own, of at most as many colours."""

    @classmethod
    def of(cls, loaded: Loaded) -> Self:
        """The target of images for a model."""
        card = loaded.card
        return cls(card.canvas, card.palette, card.anchor, local=loaded.palettes is not None)


def fit_image(path: Image, target: Target) -> Fitted:
    """Read an image, undo its enlargement, place it and look its colours up.

    Raises:
        InputError: unreadable, or it does not fit the canvas, or has too many colours of its own.
    """
    canvas = target.canvas
    sprite = IndexedSprite.of(rgba_of(path))
    factor = sprite.size.height // canvas.height
    enlarged = (factor * canvas.height, factor * canvas.width)
    if factor > 1 and sprite.size[1:] == enlarged and enlargement(sprite.indices) % factor == 0:
        sprite = sprite.reduced(factor)
    if reason := misfit(sprite.size, canvas):
        # A still can only be too large.
        advice = ": crop it, or draw it smaller" if sprite.size.frames == 1 else ""
        raise InputError(f"{path}: {reason} of the model{advice}")
    entries, snapped, palette = entries_of(path, sprite, target)
    return Fitted(pad_to_canvas(entries, canvas, target.anchor), snapped, palette, sprite.size)


def lay_image(path: Image, target: Target, at: tuple[int, int] | None) -> tuple[Fitted, Bools]:
    """Read an image and lay it on a canvas as it is, in the middle or ``at`` (left, top).

    Returns:
        The image, transparent around, and ``(T, H, W)``: where it is not.

    Raises:
        InputError: unreadable, or it reaches beyond the canvas, or has too many colours.
    """
    canvas = target.canvas
    sprite = IndexedSprite.of(rgba_of(path))
    if reason := misfit(sprite.size, canvas):
        raise InputError(f"{path}: {reason}")
    _, height, width = sprite.size
    left, top = at or ((canvas.width - width) // 2, (canvas.height - height) // 2)
    if left + width > canvas.width or top + height > canvas.height:
        raise InputError(
            f"{path}: {width}x{height} at {left},{top} reaches beyond the canvas "
            f"{canvas.width}x{canvas.height}"
        )
    entries, snapped, palette = entries_of(path, sprite, target)
    pixels, around = np.zeros(canvas, np.uint8), np.ones(canvas, np.bool_)
    inside = (slice(None), slice(top, top + height), slice(left, left + width))
    pixels[inside] = np.tile(entries, (canvas.frames // len(entries), 1, 1))
    around[inside] = False
    return Fitted(pixels, snapped, palette, sprite.size), around


def mask_of(
    image: Image, rgba: Rgba, canvas: Canvas, remark: Remark = unsaid, *, may_be_empty: bool = False
) -> Bools:
    """``(T, H, W)``: an inpainting mask, True where ``(t, H, W, 4)`` pixels are light and opaque.

    ``remark`` is told of an image in colours, which is rather a picture than a mask.

    Raises:
        InputError: the image is of another size than the canvas, or without a light pixel unless it
            may be so.
    """
    factor = max(1, rgba.shape[1] // canvas.height)
    if rgba.shape[1:3] == (factor * canvas.height, factor * canvas.width):
        # Drawn over an enlarged sprite.
        rgba = rgba[:, factor // 2 :: factor, factor // 2 :: factor]
    frames, height, width = rgba.shape[:3]
    if (height, width) != canvas[1:] or frames not in {1, canvas.frames}:
        raise InputError(
            f"{image}: a mask has the size of what is drawn, {canvas.width}x{canvas.height}, "
            f"not {width}x{height}"
        )
    light = rgba[..., :3].astype(np.uint16).sum(-1) >= 3 * MIN_WHITE
    marked = light & (rgba[..., 3] >= MIN_WHITE)
    if not (marked.any() or may_be_empty):
        raise InputError(f"{image}: nothing to draw; a mask marks it with white")
    colored = (np.ptp(rgba[..., :3], -1) > MAX_TINT) & (rgba[..., 3] > 0)
    if colored.any():
        remark(
            f"{image} is a mask in colours: its {int(marked.sum())} light pixels are drawn, the "
            "others kept; white marks what is to be drawn"
        )
    return np.broadcast_to(marked, canvas).copy()


def rgba_of(image: Image) -> Rgba:
    """``(T, H, W, 4) uint8`` of a file or an array.

    Raises:
        InputError: unreadable.
    """
    return image.rgba if isinstance(image, ImageArray) else read_image(image).rgba


def entries_of(
    path: Image | str, sprite: IndexedSprite, target: Target
) -> tuple[IndexMaps, int, Palette]:
    """``(t, h, w) uint8`` entries, how many pixels had to be snapped, and the palette.

    Raises:
        InputError: too many colours of its own.
    """
    palette = target.palette
    if target.local:
        indices, own = localized(sprite.indices, unpack(sprite.colors))
        if len(own) > (most := len(palette) - 1):
            raise InputError(
                f"{path}: {len(own)} colours, this model draws at most {most} a sprite: reduce "
                f"them with pxgen export IMAGE --colors {most} -o FILE.png"
            )
        return indices, 0, Palette.of(own.tolist())
    return *sprite.onto(palette), palette
