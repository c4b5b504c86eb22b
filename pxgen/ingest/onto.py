"""An image as a trained model knows sprites: on its canvas and in its palette."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pxgen.canvas import Canvas
from pxgen.errors import InputError
from pxgen.ingest.images import read_picture
from pxgen.ingest.layout import misfit, place
from pxgen.ingest.scale import enlargement
from pxgen.ingest.spool import compact
from pxgen.palette import Palette
from pxgen.palette.oklab import nearest
from pxgen.palette.table import unpack

U8 = NDArray[np.uint8]


class Fitted(NamedTuple):
    """One image, or one clip of it."""

    pixels: U8
    """``(T, H, W) uint8`` on the model's canvas."""
    snapped: int
    """Pixels whose colour the palette lacks, drawn in the nearest one."""


def fit_image(path: Path, canvas: Canvas, palette: Palette) -> Fitted:
    """Read an image, undo its enlargement, place it and look its colours up.

    Raises:
        InputError: unreadable, or it does not fit the canvas.
    """
    sprite = compact(read_picture(path).rgba)
    factor = sprite.size.height // canvas.height
    enlarged = (factor * canvas.height, factor * canvas.width)
    if factor > 1 and sprite.size[1:] == enlarged and enlargement(sprite.indices) % factor == 0:
        sprite = sprite.reduced(factor)
    if reason := misfit(sprite.size, canvas):
        raise InputError(f"{path}: {reason} of the model")
    colors = unpack(sprite.colors)
    entries, known = palette.lookup(colors)
    entries[~known] = nearest(palette, colors[~known])
    snapped = int((~known)[sprite.indices].sum())
    return Fitted(place(entries[sprite.indices].astype(np.uint8), canvas, "bottom"), snapped)
