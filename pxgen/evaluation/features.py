"""Features of sprites that need no training: colours and shapes by hand, and form by chance."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pxgen.arrays import F32, IndexMaps
from pxgen.palette import Palette
from pxgen.palette.oklab import to_oklab

FORM_WIDTHS = (32, 64, 128)
"""Random filters of each layer; each layer sees twice as far as the one before."""
CHROMA_SCALE = 3.0
"""By which OKLab's a and b, which vary less than L, are multiplied."""
SHAPE, TINT = 8, 4
"""Cells a side in which outlines and colours are averaged."""


def colors_and_shapes(pixels: IndexMaps, palette: Palette) -> F32:
    """``(n, T, H, W)`` sprites to ``(n, D)``.

    The share of opaque pixels in 8×8 cells, OKLab means in 4×4 cells, where transparent pixels
    count as zero, and the square roots of the shares of palette entries, averaged over frames.
    """
    opaque = np.array(palette.rows, np.uint8)[:, 3] > 0
    lab = to_oklab(np.array(palette.rows, np.uint8)[:, :3]).astype(np.float32)
    parts = []
    for start in range(0, len(pixels), 512):
        chunk = pixels[start : start + 512]
        seen = opaque[chunk].astype(np.float32)
        shape = _cells(seen, SHAPE).mean(1)
        # Each of the three numbers of OKLab is a map of its own.
        numbers = lab[chunk].transpose(4, 0, 1, 2, 3) * seen
        tint = _cells(numbers.reshape(-1, *seen.shape[1:]), TINT)
        tint = tint.reshape(3, len(chunk), -1, TINT, TINT).mean(2).transpose(1, 0, 2, 3)
        flat = [each.reshape(len(chunk), -1) for each in (shape, tint)]
        parts.append(np.concatenate([*flat, np.sqrt(_shares(chunk, len(palette)))], axis=1))
    return np.concatenate(parts)


def form(pixels: IndexMaps, palette: Palette) -> F32:
    """``(n, T, H, W)`` sprites to ``(n, sum(FORM_WIDTHS))`` means of random convolutions.

    Filters that nobody trained tell textures and parts apart nearly as well as trained ones do
    (Saxe et al., ICML 2011); their mean over the canvas says what there is, wherever it is.
    """
    rows = np.array(palette.rows, np.uint8)
    lab = to_oklab(rows[:, :3]) * np.array([1, CHROMA_SCALE, CHROMA_SCALE])
    alpha = rows[:, 3:] / 255
    table = torch.from_numpy(np.concatenate([lab * alpha, alpha], 1).astype(np.float32))
    filters = _random_filters(table.shape[1])
    parts = []
    for start in range(0, len(pixels), 256):
        chunk = torch.from_numpy(pixels[start : start + 256].astype(np.int64))
        x = table[chunk].flatten(0, 1).permute(0, 3, 1, 2)
        means = []
        for kernel in filters:
            x = F.conv2d(x, kernel, padding=1).relu()
            means.append(x.mean((2, 3)))
            x = F.avg_pool2d(x, 2, ceil_mode=True)
        parts.append(torch.cat(means, 1).view(*chunk.shape[:2], -1).mean(1))
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def _random_filters(channels: int) -> list[Tensor]:
    """``(out, in, 3, 3)`` for each layer, orthogonal, and so long that signals keep their size."""
    generator = torch.Generator().manual_seed(0)
    filters = []
    for width in FORM_WIDTHS:
        inputs = 9 * channels
        random = torch.randn(max(width, inputs), min(width, inputs), generator=generator)
        rows, _ = torch.linalg.qr(random)
        rows = (rows if width >= inputs else rows.t()) * math.sqrt(2 * max(1, width / inputs))
        filters.append(rows.reshape(width, channels, 3, 3))
        channels = width
    return filters


def _shares(pixels: IndexMaps, colors: int) -> F32:
    """``(n, K)`` shares of the palette entries."""
    flat = pixels.reshape(len(pixels), -1).astype(np.int64)
    rows = np.arange(len(flat))[:, None] * colors
    counts = np.bincount((flat + rows).ravel(), minlength=len(flat) * colors)
    return (counts.reshape(len(flat), colors) / flat.shape[1]).astype(np.float32)


def _cells(maps: F32, side: int) -> F32:
    """``(n, T, H, W)`` to ``(n, T, side, side)`` means of cells, which may overlap by a pixel."""
    height, width = maps.shape[2:]
    rows, columns = _edges(height, side), _edges(width, side)
    sums = np.pad(maps.cumsum(2).cumsum(3), ((0, 0), (0, 0), (1, 0), (1, 0)))
    (top, bottom), (left, right) = rows, columns
    corner = sums[:, :, bottom][..., right] - sums[:, :, top][..., right]
    corner -= sums[:, :, bottom][..., left] - sums[:, :, top][..., left]
    area = np.outer(bottom - top, right - left)
    return np.asarray(corner / area, np.float32)


def _edges(length: int, side: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    edges = np.arange(side + 1) * length / side
    start = np.minimum(np.floor(edges[:-1]).astype(np.intp), length - 1)
    end = np.maximum(np.ceil(edges[1:]).astype(np.intp), start + 1)
    return start, np.minimum(end, length)
