"""Marks of careful pixel art: a figure on the canvas, few colours, an outline, no stray pixels."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import Bools, IndexMaps
from pxgen.canvas import nearly_empty
from pxgen.evaluation.measure import PixelMeasure, Row


class Craft(PixelMeasure):
    """What can be told of one sprite by itself, beside the same of held-out sprites."""

    name: ClassVar[str] = "craft"
    rows: ClassVar[tuple[Row, ...]] = (
        Row("nearly empty", ("nearly_empty",), "%"),
        Row("canvas filled", ("foreground",), "%"),
        Row("colours a sprite", ("colors",)),
        Row("one-colour outline", ("outline",), "%"),
        Row("mirror symmetry", ("symmetry",), "%"),
        Row("stray pixels", ("stray",), "%"),
    )

    @staticmethod
    def of_each(pixels: IndexMaps, /) -> dict[str, NDArray[Any]]:
        """Figures of each of ``(n, T, H, W)`` sprites, ``(n,)``.

        ``nearly_empty`` is true of sprites with next to no opaque pixels; ``foreground`` is the
        opaque share of the canvas; ``colors`` counts the opaque entries; ``outline`` is the share
        of the rim that has the rim's commonest colour; ``symmetry`` the share of the opaque pixels
        that equal those mirrored about the middle of what is opaque; ``stray`` that of those which
        differ from all eight around them. Of an empty sprite the last three are 0.
        """
        flat = np.sort(pixels.reshape(len(pixels), -1), axis=1)
        seen = pixels > 0
        opaque = np.maximum(seen.sum((1, 2, 3)), 1)
        return {
            "nearly_empty": nearly_empty(pixels),
            "foreground": seen.mean((1, 2, 3)),
            "colors": 1.0 + (np.diff(flat, axis=1) != 0).sum(1) - (flat[:, 0] == 0),
            "outline": np.array(list(map(_commonest, pixels, rim(seen)))),
            "symmetry": np.array(list(map(_symmetry, pixels))),
            "stray": stray(pixels).sum((1, 2, 3)) / opaque,
        }


def rim(seen: Bools) -> Bools:
    """``(n, T, H, W)`` opaque pixels beside a transparent one, or at the canvas' border."""
    inside = np.pad(seen, ((0, 0), (0, 0), (1, 1), (1, 1)))
    middle, before, after = slice(1, -1), slice(None, -2), slice(2, None)
    closed = inside[..., before, middle] & inside[..., after, middle]
    closed &= inside[..., middle, before] & inside[..., middle, after]
    return seen & ~closed


def _commonest(sprite: IndexMaps, edge: Bools) -> float:
    """The share of the commonest of a ``(T, H, W)`` sprite's entries where ``edge`` is true."""
    entries = sprite[edge]
    return float(np.bincount(entries).max() / len(entries)) if len(entries) else 0.0


def _symmetry(sprite: IndexMaps) -> float:
    """Of a ``(T, H, W)`` sprite."""
    columns = np.flatnonzero(sprite.any((0, 1)))
    if not len(columns):
        return 0.0
    part = sprite[..., columns[0] : columns[-1] + 1]
    return float((part == part[..., ::-1])[part > 0].mean())


def stray(pixels: IndexMaps) -> Bools:
    """``(n, T, H, W)``: opaque pixels that differ from all eight around them."""
    around = np.pad(pixels, ((0, 0), (0, 0), (1, 1), (1, 1)))
    alone = pixels > 0
    height, width = pixels.shape[2:]
    for down in range(3):
        for right in range(3):
            if (down, right) != (1, 1):
                alone &= around[:, :, down : down + height, right : right + width] != pixels
    return alone
