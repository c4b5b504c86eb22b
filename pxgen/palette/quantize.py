"""Colour quantization: palettes that are exact where the colours fit, else k-means in OKLab."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pxgen.arrays import F32, F64, I64, Rgba
from pxgen.errors import UsageError
from pxgen.palette.oklab import OPAQUE, nearest, to_oklab
from pxgen.palette.table import MAX_COLORS, Palette, pack, sum_counts, unpack

Counts = NDArray[np.integer]

_SIZES = (8, 16, 32, 64, 128, MAX_COLORS - 1)
_ENOUGH_EXACT = 0.99
_ENOUGH_DB = 40.0
_ROUNDS = 30
_MANY_COPIES = 0.4
"""Share of the pixels; drawn art was seen to have up to 0.19, compressed art from 0.64 up."""
_UNBINNED = 8192
_MOST_COMPARED = 1 << 15
_COPY_GAP = 0.02
"""Distance in OKLab of near-copies."""
_GREY_CHROMA = 0.03
_HUES = 8


def ordered(colors: Rgba) -> Rgba:
    """``(M, 4) uint8`` colours in the order of automatic palettes.

    Greys first, then eight bands of hue from red through yellow, green and blue to pink; dark to
    light within a band. The order depends on nothing but the colours.
    """
    lightness, a, b = to_oklab(colors[:, :3]).T
    hue = np.floor(np.arctan2(b, a) / (2 * math.pi) * _HUES) % _HUES
    band = np.where(np.hypot(a, b) < _GREY_CHROMA, -1, hue)
    return colors[np.lexsort((pack(colors), lightness, band))]


def exact_palette(colors: Rgba) -> Palette:
    """A palette of every distinct visible colour of ``(M, 4) uint8``, in :func:`ordered` order.

    Raises:
        InputError: more than 255 colours besides transparent.
    """
    distinct = unpack(np.unique(pack(colors[colors[:, 3] > 0])))
    return Palette.of(tuple(row) for row in ordered(distinct).tolist())


def build_palette(colors: Rgba, counts: Counts, size: int, seed: int = 0) -> Palette:
    """The ``size`` colours that stand best for ``colors``; every one is among the given colours.

    Half are the most frequent colours as they are: outlines, blacks and whites would otherwise be
    averaged away, and with them most of the exact pixels. In compressed images, whose colours are
    near-copies of a few, frequencies mean nothing and none is kept for its own. The rest are
    weighted k-means in OKLab, each centre moved to the real colour nearest to it, so that no new
    colour is invented.

    Args:
        colors: ``(M, 4) uint8``; alpha below 128 is left out, above it is made opaque.
        counts: ``(M,)`` pixels of each colour.
        size: colours besides transparent, 1 to 255. With no more distinct colours than this, the
            palette is exact.
        seed: starts the k-means; equal arguments give an equal palette.

    Raises:
        UsageError: ``size`` is not 1 to 255.
    """
    if not 1 <= size < MAX_COLORS:
        raise UsageError(f"a palette holds 1 to {MAX_COLORS - 1} colours, not {size}")
    colors, counts = opaque_counts(colors, counts)
    if len(colors) <= size:
        return exact_palette(colors)
    lab = to_oklab(colors[:, :3])
    bins = _bins(lab)
    points, weights = _means(lab, counts, bins)
    pins = np.argsort(-counts, kind="stable")[: size // 2]
    if _compressed(counts, bins):
        # Half the palette would be copies of one colour.
        pins = pins[:0]
    elif len(lab) <= _UNBINNED:
        points, weights = lab, counts.astype(np.float64)
    chosen = _snap(lab, _cluster(points, weights, lab[pins], size - len(pins), seed), pins)
    return exact_palette(colors[chosen])


def one_of_copies(colors: Rgba, counts: Counts) -> Rgba:
    """``(M, 4) uint8``: for each colour the more frequent one that it is a near-copy of, or itself.

    Where there are too many to compare all stay.
    """
    if len(colors) > _MOST_COMPARED:
        return colors
    lab = np.concatenate([to_oklab(colors[:, :3]), colors[:, 3:].astype(np.float32) / 255], 1)
    owner = np.full(len(colors), -1)
    for color in np.argsort(-counts, kind="stable"):
        if owner[color] < 0:
            near = ((lab - lab[color]) ** 2).sum(1) <= _COPY_GAP**2
            owner[near & (owner < 0)] = color
    return np.asarray(colors[owner], np.uint8)


def opaque_counts(colors: Rgba, counts: Counts) -> tuple[Rgba, I64]:
    """``(M, 4)`` colours with alpha thresholded: distinct opaque ones, and the pixels of each."""
    visible = colors[:, 3] >= OPAQUE
    distinct, total = sum_counts(pack(colors[visible]) | np.uint32(255), counts[visible])
    return unpack(distinct), total


def _cluster(points: F32, weights: F64, fixed: F32, free: int, seed: int) -> F32:
    """``(free, 3)`` k-means centres beside the ``fixed`` ones, which attract but never move."""
    centres = np.concatenate([fixed, _scatter(points, weights, fixed, free, seed)])
    owner = np.full(len(points), -1)
    for _ in range(_ROUNDS):
        gap = _squared_distances(points, centres)
        closest = gap.argmin(1)
        if np.array_equal(closest, owner):
            break
        owner = closest
        _move(centres, len(fixed), points, weights, owner)
    return centres[len(fixed) :]


def _bins(lab: F32) -> NDArray[np.intp]:
    """``(M,)``: the number of each colour's bin on a fine grid; near-copies share one."""
    cell = np.floor(lab * 64).astype(np.int64) + 64
    key = (cell[:, 0] * 256 + cell[:, 1]) * 256 + cell[:, 2]
    return np.asarray(np.unique(key, return_inverse=True)[1], np.intp)


def _means(lab: F32, counts: I64, bins: NDArray[np.intp]) -> tuple[F32, F64]:
    """The weighted mean of the colours in each bin, and their weight."""
    weights = np.bincount(bins, counts).astype(np.float64)
    sums = [np.bincount(bins, counts * axis) for axis in lab.T]
    return (np.stack(sums, 1) / weights[:, None]).astype(np.float32), weights


def _compressed(counts: I64, bins: NDArray[np.intp]) -> bool:
    """True if most pixels are of near-copies of more frequent colours, as JPEG leaves them."""
    most = np.zeros(int(bins.max()) + 1, np.int64)
    np.maximum.at(most, bins, counts)
    return 1 - int(most.sum()) / int(counts.sum()) > _MANY_COPIES


def _scatter(points: F32, weights: F64, fixed: F32, free: int, seed: int) -> F32:
    """k-means++ starts: likely where much weight lies far from every centre so far."""
    random = np.random.default_rng(seed)
    gap = np.full(len(points), 1.0, np.float32)
    if len(fixed):
        gap = _squared_distances(points, fixed).min(1)
    starts = np.empty((free, 3), np.float32)
    for number in range(free):
        mass = np.cumsum(weights * gap)
        pick = min(int(np.searchsorted(mass, random.random() * mass[-1])), len(points) - 1)
        starts[number] = points[pick]
        gap = np.minimum(gap, ((points - points[pick]) ** 2).sum(1))
    return starts


def _squared_distances(points: F32, centres: F32) -> F32:
    """``(N, K)``, by the product form: N is bounded by the grid, so this stays within 40 MB."""
    product = points @ centres.T
    gap = (points**2).sum(1)[:, None] - 2 * product + (centres**2).sum(1)
    return np.asarray(np.maximum(gap, 0), np.float32)


def _move(
    centres: F32,
    first: int,
    points: F32,
    weights: F64,
    owner: NDArray[np.intp],
) -> None:
    """Put every free centre in the weighted middle of its points; one without any stays."""
    mass = np.bincount(owner, weights, len(centres))
    held = np.flatnonzero(mass > 0)
    held = held[held >= first]
    for axis in range(3):
        total = np.bincount(owner, weights * points[:, axis], len(centres))
        centres[held, axis] = total[held] / mass[held]


def _snap(lab: F32, centres: F32, pins: NDArray[np.intp]) -> NDArray[np.intp]:
    """Each centre becomes the nearest real colour that no pin or earlier centre has taken."""
    taken = np.zeros(len(lab), bool)
    taken[pins] = True
    for centre in centres:
        gap = ((lab - centre) ** 2).sum(1)
        gap[taken] = np.inf
        taken[gap.argmin()] = True
    return np.flatnonzero(taken)


class Loss(NamedTuple):
    """The loss of mapping colours to a palette, as sums over the visible pixels."""

    pixels: int = 0
    exact: int = 0
    """Pixels that keep their exact colour."""
    error: float = 0.0
    """Squared error, the mean of R, G and B."""

    def plus(self, other: Loss) -> Loss:
        """The loss over the pixels of both."""
        pixels, exact = self.pixels + other.pixels, self.exact + other.exact
        return Loss(pixels, exact, self.error + other.error)

    @property
    def psnr(self) -> float:
        """In dB over R, G and B."""
        return 10 * math.log10(255**2 / (self.error / self.pixels)) if self.error else math.inf

    @property
    def exact_share(self) -> float:
        """Share of the pixels that keep their exact colour."""
        return self.exact / self.pixels if self.pixels else 1.0


def error_text(psnr: float, method: str = "none") -> str:
    """A PSNR in dB for people: how far colours are off, of 255, before dithering."""
    if math.isinf(psnr):
        return "no colour is off"
    off = 255 * 10 ** (-psnr / 20)
    when = "" if method == "none" else ", before dithering"
    return f"colours are off by {off:.1f} of 255 on average ({psnr:.1f} dB PSNR){when}"


def loss_report(colors: Rgba, counts: Counts, palette: Palette) -> Loss:
    """The loss of mapping these colours to ``palette``, over the visible pixels.

    Args:
        colors: ``(M, 4) uint8``; alpha below 128 is left out.
        counts: ``(M,)`` pixels of each colour.
        palette: where every colour goes to its nearest entry.
    """
    colors, counts = opaque_counts(colors, counts)
    shown = palette.colors(nearest(palette, colors))
    error = ((colors[:, :3].astype(np.float64) - shown[:, :3]) ** 2).mean(1)
    exact = counts[(colors == shown).all(1)].sum()
    return Loss(int(counts.sum()), int(exact), float((error * counts).sum()))


def suggest_count(colors: Rgba, counts: Counts, seed: int = 0) -> int:
    """A palette size worth asking for: the smallest that keeps 99 % of pixels exact or 40 dB.

    Returns:
        8, 16, 32, 64, 128 or 255, or the number of distinct colours where that is smaller.
    """
    colors, counts = opaque_counts(colors, counts)
    for size in _SIZES:
        if len(colors) <= size:
            break
        loss = loss_report(colors, counts, build_palette(colors, counts, size, seed))
        if loss.exact_share >= _ENOUGH_EXACT or loss.psnr >= _ENOUGH_DB:
            break
    return min(size, max(len(colors), 1))
