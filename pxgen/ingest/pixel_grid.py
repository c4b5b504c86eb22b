"""The grid that enlarged pixel art lies on, and the art with one pixel for each of its cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F32, F64, Rgba
from pxgen.ingest.indexed import MANY_COLORS, IndexedSprite
from pxgen.palette.quantize import one_of_copies
from pxgen.palette.table import unpack

CLEAN = 0.01
"""A misfit below which nothing but the enlargement changed the picture."""
WIDE = 3.0
"""Screen pixels from which on a cell holds one that no other has a part of."""

_ROUNDS = 8
_NOTHING = 1e-3


@dataclass(frozen=True)
class Axis:
    """The cells along one side."""

    at: F64
    """``(W,)``: the place of each screen pixel's middle in cells; the middle of cell i is at i."""
    cells: int
    whole: bool = False
    """True if they are of one width and none is cut off."""

    @property
    def pixel(self) -> float:
        """The part of a cell that a screen pixel is, on average."""
        return float(self.at[-1] - self.at[0]) / max(1, len(self.at) - 1)


@dataclass(frozen=True)
class PixelGrid:
    """The cells of an enlarged picture."""

    rows: Axis
    columns: Axis
    kernel: str
    """How it was enlarged: by one of :data:`KERNELS`."""
    misfit: float
    """The share of the contrast between neighbours that it leaves unexplained."""

    @property
    def period(self) -> float:
        """Screen pixels a cell has along a side, on average."""
        return 2 / (self.rows.pixel + self.columns.pixel)


def _box(away: F64, pixel: F64) -> F64:
    half = pixel / 2
    covered = np.minimum(away + half, 0.5) - np.maximum(away - half, -0.5)
    return np.asarray(np.maximum(covered, 0), np.float64)


def _linear(away: F64, _: F64) -> F64:
    return np.asarray(np.maximum(1 - np.abs(away), 0), np.float64)


def _cubic(away: F64, _: F64) -> F64:
    t = np.abs(away)
    near, far = (1.5 * t - 2.5) * t * t + 1, ((2.5 - 0.5 * t) * t - 4) * t + 2
    return np.where(t < 1, near, np.where(t < 2, far, 0))


KERNELS: dict[str, Callable[[F64, F64], F64] | None] = {
    "nearest": None,
    "box": _box,
    "linear": _linear,
    "cubic": _cubic,
}
"""The weight of a cell in a screen pixel so many cells away, itself so many cells wide."""


def weights_of(axis: Axis, kernel: str) -> F64:
    """``(W, cells)``: the part of each cell in each screen pixel; rows sum to 1."""
    numbers = np.arange(axis.cells)
    own = np.clip(np.rint(axis.at), 0, axis.cells - 1)[:, None] == numbers
    weight = KERNELS[kernel]
    if weight is None:
        return np.asarray(own, np.float64)
    weights: F64 = weight(axis.at[:, None] - numbers, np.gradient(axis.at)[:, None])
    # Beyond the outermost cells there is only their colour.
    weights = np.where(weights.sum(1, keepdims=True) < _NOTHING, own, weights)
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float64)


def premultiplied(rgba: Rgba) -> F32:
    """``(..., 4) float32``: colours as far as they are seen, and alpha, all 0 to 255."""
    picture = rgba.astype(np.float32)
    picture[..., :3] *= picture[..., 3:] / 255
    return picture


def gram(weights: NDArray[np.floating]) -> NDArray[np.floating]:
    """``(cells, cells)``: the products of all pairs of cells, never singular."""
    product = weights.T @ weights
    product.flat[:: len(product) + 1] += 1e-6
    return np.asarray(product)


def undone(rgba: Rgba, grid: PixelGrid) -> Rgba:
    """``(T, h, w, 4) uint8``: one pixel for each cell of the grid of a ``(T, H, W, 4)`` clip."""
    small = _small(rgba, grid)
    if len(IndexedSprite.of(rgba).colors) <= MANY_COLORS or _is_exact(rgba, small, grid):
        return small
    # What was smoothed or compressed comes out in near-copies of the colours drawn.
    own = IndexedSprite.of(small)
    return np.asarray(one_of_copies(unpack(own.colors), own.counts())[own.indices])


def _is_exact(rgba: Rgba, small: Rgba, grid: PixelGrid) -> bool:
    """True if the screen pixels of every cell are of its one colour, wherever it ends exactly."""
    rows, columns = (
        (axis.at >= -0.5) & (axis.at <= axis.cells - 0.5) for axis in (grid.rows, grid.columns)
    )
    return np.array_equal(_collapsed(rgba[:, rows][:, :, columns]), _collapsed(small))


def _collapsed(rgba: Rgba) -> Rgba:
    """A clip whose equal neighbouring rows are one, and columns likewise."""
    for axis in (1, 2):
        lines = np.moveaxis(rgba, axis, 0)
        new = np.ones(len(lines), bool)
        new[1:] = (lines[1:] != lines[:-1]).any((1, 2, 3))
        rgba = rgba.compress(new, axis)
    return rgba


def _small(rgba: Rgba, grid: PixelGrid) -> Rgba:
    pure = grid.kernel == "box" and (grid.misfit > CLEAN or grid.period >= WIDE)
    if grid.kernel == "nearest" or pure:
        return _middles(rgba, grid)
    rows, columns = (weights_of(axis, grid.kernel) for axis in (grid.rows, grid.columns))
    return np.stack([_solved(frame, rows, columns) for frame in premultiplied(rgba)])


def _middles(rgba: Rgba, grid: PixelGrid) -> Rgba:
    """The median of the screen pixels about the middle of each cell."""
    rows, columns = (_inner(axis) for axis in (grid.rows, grid.columns))
    taken = rgba[:, rows.reshape(-1)][:, :, columns.reshape(-1)]
    shape = (len(rgba), *rows.shape, *columns.shape, 4)
    return np.median(taken.reshape(shape), axis=(2, 4)).astype(np.uint8)


def _inner(axis: Axis) -> NDArray[np.intp]:
    """``(cells, 3)``: screen pixels about the middle of each cell."""
    wanted = np.arange(axis.cells)[:, None] + np.array([-0.15, 0, 0.15])
    places = np.interp(wanted, axis.at, np.arange(len(axis.at)))
    return np.asarray(np.rint(places), np.intp)


def _solved(frame: F32, rows: F64, columns: F64) -> Rgba:
    """``(h, w, 4) uint8``: the cells that make up a premultiplied frame, by least squares.

    What is at an end of the scale may have been cut off there, as cubic kernels go beyond it: it
    is taken to be as far beyond as the cells say.
    """
    up, left = (np.linalg.solve(gram(each), each.T) for each in (rows, columns))

    def solved(channel: F32) -> F64:
        seen, small = channel.astype(np.float64), np.zeros(0)
        for _ in range(_ROUNDS):
            small = np.clip(up @ (seen @ left.T), 0, 255)
            large = rows @ (small @ columns.T)
            seen = np.where(channel == 0, np.minimum(large, 0), channel)
            seen = np.where(channel == 255, np.maximum(large, 255), seen)
        return small

    # One after another: a large frame in such numbers is large.
    small = np.stack([solved(frame[..., channel]) for channel in range(4)], -1)
    alpha = np.rint(small[..., 3:])
    color = small[..., :3] * 255 / np.maximum(alpha, 1)
    return np.concatenate([np.clip(np.rint(color), 0, 255), alpha], -1).astype(np.uint8)
