"""Fake pixels are found: pixel art enlarged by no whole factor, cut off, smoothed or drifting.

Where neighbours differ (of smoothed art: where their difference changes) has the period of the
grid. A grid is believed if the picture, enlarged again from one colour a cell, comes out nearly as
it is, and if most lines between cells are seen. True pixel art was found to fail one or the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F32, F64, Rgba
from pxgen.ingest.indexed import MANY_COLORS, IndexedSprite
from pxgen.ingest.pixel_grid import (
    KERNELS,
    WIDE,
    Axis,
    PixelGrid,
    gram,
    premultiplied,
    weights_of,
)
from pxgen.ingest.scale import enlargement

MIN_SIDE = 16
"""Cells along a side; of fewer nobody can tell."""
MAX_CELLS = 1024
"""Cells along a side; to look for more takes too long."""
MIN_PERIOD = 1.5
"""Screen pixels a cell has at least."""
MAX_LENGTH = -1.0
"""Length of the description of a picture by a grid, a logarithm: what the cells leave unexplained
of the contrast, and the cells. True pixel art was seen to be above -0.4 on any grid."""
MIN_SEEN = 0.7
"""Share of the lines between cells, from the first to the last one seen, that any contrast is on:
sparse drawings fit many grids."""
MIN_PART = 0.4
"""Part of a cell at a border that is a cell of its own."""

_CANDIDATES = 3
_COHERENT = 0.1
"""Least share of the contrast that is in step with a period to try."""
_ALIKE = 0.02
_WEAK = 0.05
"""The part of the mean contrast that a line has at least to be seen."""
_ROWS = 96
"""Rows of a side that are compared; those of most contrast tell enough."""
_PART = 2**22
"""Numbers of a side that are compared at once."""
_REACH = 3.0
"""Cells over which the drift of a grid is averaged."""
_NOTHING = 1e-3
"""A misfit that rounding alone explains."""
_ROUNDING = 1e-6
_WHOLE = 0.15
"""How near to a whole number of screen pixels the sides of whole squares are found to be."""
_COARSE = 1e-2
"""A misfit that does not make cells of half the size better."""
_FREEDOM = 0.3
"""The cost of cells that are not of one width from end to end."""
_PULL = 0.3
_STIFFNESS = 8.0
"""What a line gains on its place, and loses by a cell of twice the width, of its contrast."""


class _Side:
    """A picture along one axis."""

    def __init__(self, picture: F32, axis: int) -> None:
        lines = np.moveaxis(picture, axis, 0)
        lines = lines.reshape(picture.shape[axis], -1)
        self.length = len(lines)
        self.edges = np.zeros(self.length + 1)
        """``(W + 1,)``: the contrast across each boundary of screen pixels."""
        self.bends = np.zeros(self.length)
        """``(W,)``: the change of contrast at each screen pixel."""
        strength = np.zeros(lines.shape[1])
        for start in range(0, len(strength), width := max(1, _PART // self.length)):
            part = slice(start, start + width)
            steps = np.diff(lines[:, part], axis=0)
            self.bends[1:-1] += np.abs(np.diff(steps, axis=0)).sum(1)
            np.abs(steps, out=steps)
            self.edges[1:-1] += steps.sum(1)
            strength[part] = steps.sum(0)
        telling = np.argsort(-strength, kind="stable")[:_ROWS]
        self.lines: F32 = lines[:, telling]
        self.contrast = float((np.diff(self.lines, axis=0) ** 2).sum())

    def misfit(self, axis: Axis, kernel: str) -> float:
        """The squared error of the rows when each is drawn from one value a cell."""
        weights = weights_of(axis, kernel).astype(np.float32)
        mixed = weights.T @ self.lines
        if kernel == "nearest":
            cells = mixed / np.maximum(weights.sum(0), 1)[:, None]
        else:
            cells = np.linalg.solve(gram(weights), mixed)
        return max(0.0, float((self.lines**2).sum() - (mixed * cells).sum()))

    def seen(self, axis: Axis) -> float:
        """The share of the lines between cells, from the first to the last seen, that are seen."""
        cell = np.rint(axis.at)
        strength = self.edges[1:-1][cell[1:] != cell[:-1]]
        there = np.flatnonzero(strength > _WEAK * strength.mean()) if len(strength) else strength
        if len(there) < MIN_SIDE // 2:
            return 0.0
        return len(there) / float(there[-1] - there[0] + 1)

    def guesses(self, period: float, *, smoothed: bool) -> Iterator[tuple[str, Axis]]:
        """Grids of about this period, each with a way of enlargement."""
        if smoothed:
            axes = [*self._plain(_phase(self.bends, period))]
            kernels = ("linear", "cubic")
        else:
            lines = _phase(self.edges, period)
            middles = (lines[1:] + lines[:-1]) / 2 - 0.5
            axes = [*self._plain(middles), self._traced(lines, period)]
            kernels = ("nearest", "box")
        for axis in axes:
            yield from ((kernel, axis) for kernel in kernels)

    def _plain(self, at: F64) -> Iterator[Axis]:
        """Whole cells from end to end, and cells where they were found."""
        pixel = float(at[-1] - at[0]) / (self.length - 1)
        cells = max(1, round(pixel * self.length))
        yield Axis((np.arange(self.length) + 0.5) * cells / self.length - 0.5, cells, whole=True)
        yield _numbered(at, pixel)

    def _traced(self, place: F64, period: float) -> Axis:
        """Cells between boundaries of screen pixels that are strong and at even distance.

        By dynamic programming: each boundary adds its contrast and its nearness to a ``place`` of
        the grid, less the square by which the cell before it is too narrow or too wide.
        """
        gain = np.sqrt(self.edges / (period * self.edges.mean() + _NOTHING))
        gain += _PULL * np.cos(2 * np.pi * place)
        gaps = np.arange(max(1, math.floor(period * 0.7)), math.ceil(period * 1.3) + 1)
        cost = _STIFFNESS * (gaps / period - 1) ** 2
        best, before = gain.copy(), np.full(len(gain), -1)
        for end in range(int(gaps[0]), len(gain)):
            some = gaps <= end
            ways = best[end - gaps[some]] - cost[some]
            way = int(ways.argmax())
            if ways[way] > 0 or end > period:
                best[end] += ways[way]
                before[end] = end - gaps[way]
        last = max(0, len(gain) - 1 - math.ceil(period))
        lines = [last + int(best[last:].argmax())]
        while before[lines[-1]] >= 0:
            lines.append(int(before[lines[-1]]))
        drawn = np.flatnonzero(self.edges > _WEAK * self.edges.mean())
        inside = [n for n in lines[::-1] if len(drawn) and drawn[0] <= n <= drawn[-1]]
        if period < WIDE and len(inside) > 1:
            # Where nothing is drawn small cells are as wide as elsewhere, not whole pixels.
            return self._between(np.array(inside), (len(inside) - 1) / (inside[-1] - inside[0]))
        return self._between(np.array(lines[::-1]), 1 / period)

    def parted(self) -> Axis | None:
        """The cells between any two boundaries that differ, of any widths of two and more.

        A wide gap is several cells that are alike, and that none is narrower tells an enlargement:
        what was drawn has details of one pixel. None of what is not so.
        """
        lines = np.flatnonzero(self.edges)
        gaps = np.diff(lines)
        if len(lines) < MIN_SIDE // 2 or gaps.min() < 2:
            return None
        cells = np.maximum(1, np.rint(gaps / gaps[gaps < 2 * gaps.min()].mean())).astype(int)
        numbers = np.concatenate([[0], np.cumsum(cells)])
        even = np.rint(np.interp(np.arange(numbers[-1] + 1), numbers, lines)).astype(int)
        return self._between(even, numbers[-1] / (lines[-1] - lines[0]))

    def _between(self, lines: NDArray[np.integer], pixel: float) -> Axis:
        """Cells between boundaries of screen pixels; the outermost may be cut off."""
        inner = lines[(lines > 0) & (lines < self.length)]
        ends = np.array([0, *inner, self.length])
        numbers = np.arange(-1.0, len(inner) + 1)
        numbers[0] = -pixel * ends[1]
        numbers[-1] = len(inner) - 1 + pixel * (ends[-1] - ends[-2])
        at = np.interp(np.arange(self.length) + 0.5, ends, numbers) - 0.5
        return _numbered(at, pixel)


def _numbered(at: F64, pixel: float) -> Axis:
    """Cells counted from the first of which enough is seen."""
    first = math.ceil(at[0] - pixel / 2 + MIN_PART - 0.5)
    last = math.floor(at[-1] + pixel / 2 - MIN_PART + 0.5)
    return Axis(at - first, max(1, last - first + 1))


def _phase(profile: F64, period: float) -> F64:
    """``(n,)``: a coordinate that is a whole number where a profile of this period has its peaks.

    It follows a drift of the peaks, and goes on evenly where there are none.
    """
    places = np.arange(len(profile))
    turned = profile * np.exp(-2j * np.pi * places / period)
    reach = math.ceil(3 * _REACH * period)
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (_REACH * period)) ** 2)
    around = np.convolve(turned, window)[reach : reach + len(profile)] + 0.02 * turned.sum()
    drift = np.unwrap(np.angle(around)) / (2 * np.pi)
    return np.asarray(np.maximum.accumulate(places / period + drift), np.float64)


def _periods(sides: Sequence[_Side], *, smoothed: bool) -> list[float]:
    """Periods that the edges, or the bends, of both sides seem to have, and multiples of these."""
    profiles = [side.bends if smoothed else side.edges for side in sides]
    # Larger cells than are believed, too: they are a better reason for what they explain.
    most = 2 * min(side.length for side in sides) / MIN_SIDE
    size = 8 * max(side.length for side in sides)
    found: list[float] = []
    for parts in (1, 4):
        strength = np.sqrt(np.prod([_coherence(p, size, parts) for p in profiles], axis=0))
        inner = strength[1:-1]
        peaks = 1 + np.flatnonzero((inner > strength[:-2]) & (inner >= strength[2:]))
        peaks = peaks[(size / peaks >= MIN_PERIOD) & (strength[peaks] >= _COHERENT)]
        best = peaks[np.argsort(-strength[peaks], kind="stable")][:_CANDIDATES]
        found += [k * size / int(peak) for peak in best for k in (1, 2, 3)]
        # What repeats in less than two screen pixels is seen where they are two of one cell.
        found += [size / (size - int(peak)) for peak in best if size - peak <= size / MIN_PERIOD]
    kept: list[float] = []
    for period in found:
        if period <= most and all(abs(period / other - 1) > _ALIKE for other in kept):
            kept.append(period)
    return kept


def _coherence(profile: F64, size: int, parts: int) -> F64:
    """``(size // 2 + 1,)``: the share of a profile that is in step with each frequency.

    In several parts, each counted by itself, a grid that drifts stays in step.
    """
    length = 2 * len(profile) // (parts + 1)
    window = np.hanning(length + 2)[1:-1] if parts > 1 else np.ones(length)
    total, mass = np.zeros(size // 2 + 1), _NOTHING
    for start in range(0, len(profile) - length + 1, max(1, length // 2)):
        part = profile[start : start + length] * window
        total += np.abs(np.fft.rfft(part - part.sum() / window.sum() * window, size))
        mass += float(part.sum())
    return np.asarray(total / mass, np.float64)


def fake_grid(rgba: Rgba, sprite: IndexedSprite, pixel: float | None = None) -> PixelGrid | None:
    """The grid of fake pixels; None where there are none, or they are squares of a whole side.

    ``pixel`` are the screen pixels of a cell, where they are known.
    """
    if pixel is None and enlargement(sprite.indices) > 1:
        return None
    grid = find_grid(rgba, pixel)
    if grid is None or pixel is not None or len(sprite.colors) > MANY_COLORS:
        return grid
    # Squares of a whole side in clean colours, but not everywhere: details are finer on purpose.
    mixed = abs(grid.period - round(grid.period)) < _WHOLE and grid.misfit > _ROUNDING
    return None if mixed else grid


def find_grid(rgba: Rgba, period: float | None = None) -> PixelGrid | None:
    """The grid of a ``(T, H, W, 4) uint8`` picture, or of all frames of a clip; None without one.

    With a ``period``, the screen pixels that a cell has, there always is one.
    """
    if period is None and min(rgba.shape[1:3]) < 2 * MIN_SIDE:
        return None
    picture = premultiplied(rgba)
    sides = (_Side(picture, 1), _Side(picture, 2))
    if not all(side.contrast for side in sides):
        return None if period is None else _even(sides, period)
    best, shortest = None, math.inf
    for smoothed in (False, True):
        periods = _periods(sides, smoothed=smoothed) if period is None else [period]
        for grid in (g for each in periods for g in _fits(sides, each, smoothed=smoothed)):
            length = _length(grid)
            if length < shortest:
                best, shortest = grid, length
    if period is not None:
        return best
    rows, columns = (side.parted() for side in sides)
    if rows and columns:
        grid = PixelGrid(rows, columns, "nearest", 0.0)
        if _length(grid) < shortest:
            best, shortest = grid, _length(grid)
    exact = best is not None and best.misfit < _ROUNDING
    return best if best and (exact or shortest <= MAX_LENGTH) and _plausible(best, sides) else None


def _even(sides: Sequence[_Side], period: float) -> PixelGrid:
    """A grid for pictures in which nothing tells where its lines are."""
    rows, columns = (next(side.guesses(period, smoothed=False))[1] for side in sides)
    return PixelGrid(rows, columns, "nearest", 0.0)


def _length(grid: PixelGrid) -> float:
    """The length of the description, by which grids of different periods compare."""
    pixels = len(grid.rows.at) * len(grid.columns.at)
    cells = grid.rows.pixel * grid.columns.pixel
    free = 0 if grid.rows.whole and grid.columns.whole else _FREEDOM
    return math.log(grid.misfit + _COARSE) + cells * math.log(pixels) + free


def _plausible(grid: PixelGrid, sides: Sequence[_Side]) -> bool:
    return all(
        axis.cells >= MIN_SIDE
        and axis.pixel <= 1 / MIN_PERIOD + 1e-2
        and side.seen(axis) >= MIN_SEEN
        for axis, side in zip((grid.rows, grid.columns), sides, strict=True)
    )


def _fits(sides: Sequence[_Side], period: float, *, smoothed: bool) -> Iterator[PixelGrid]:
    """The best grid of about this period for each way of enlargement."""
    contrast = sum(side.contrast for side in sides)
    rows, columns = (_best(side, period, smoothed=smoothed) for side in sides)
    for kernel in KERNELS:
        if kernel in rows and kernel in columns:
            (down, along), (across, over) = rows[kernel], columns[kernel]
            yield PixelGrid(along, over, kernel, (down + across) / contrast)


def _best(side: _Side, period: float, *, smoothed: bool) -> dict[str, tuple[float, Axis]]:
    """For each way of enlargement the error and the axis of shortest description."""
    found: dict[str, tuple[float, float, Axis]] = {}
    for kernel, axis in side.guesses(period, smoothed=smoothed):
        if axis.cells > MAX_CELLS:
            continue
        misfit = side.misfit(axis, kernel)
        length = math.log(misfit / side.contrast + _NOTHING) + axis.pixel * math.log(side.length)
        length += 0 if axis.whole else _FREEDOM
        if kernel not in found or length < found[kernel][0]:
            found[kernel] = length, misfit, axis
    return {kernel: (misfit, axis) for kernel, (_, misfit, axis) in found.items()}
