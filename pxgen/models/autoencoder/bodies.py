"""Encoder and decoder bodies: perceptrons over the whole canvas, or convolutions.

An encoder takes ``(B, P, C)`` pixel features and ``(B, L)`` labels to the parameters of a code; a
decoder takes a code and labels back to ``(B, P, C')``. Labels may be of width 0.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pxgen.canvas import Canvas
from pxgen.models.layers import CanvasLinear, to_planes

STRIDE = 4
"""Pixels of a canvas side that become one position of a convolutional code."""


class DenseEncoder(nn.Module):
    """Pixels and labels to a vector, through one hidden layer."""

    def __init__(self, canvas: Canvas, channels: int, L: int, width: int, code: int) -> None:
        super().__init__()
        self.enter = CanvasLinear(canvas.pixels * channels + L, width)
        self.leave = nn.Linear(width, code)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """``(B, P, C)`` and ``(B, L)`` to ``(B, code)``."""
        hidden = self.enter(torch.cat([features.flatten(1), labels], 1))
        code: Tensor = self.leave(F.silu(hidden))
        return code


class DenseDecoder(nn.Module):
    """A vector and labels to pixels, through one hidden layer."""

    def __init__(self, canvas: Canvas, channels: int, L: int, width: int, code: int) -> None:
        super().__init__()
        self.enter = nn.Linear(code + L, width)
        self.leave = CanvasLinear(width, canvas.pixels * channels)
        self.shape = (canvas.pixels, channels)

    def forward(self, code: Tensor, labels: Tensor) -> Tensor:
        """``(B, code)`` and ``(B, L)`` to ``(B, P, C)``."""
        features: Tensor = self.leave(F.silu(self.enter(torch.cat([code, labels], 1))))
        return torch.unflatten(features, 1, self.shape)


class ConvEncoder(nn.Module):
    """Strided convolutions over frames as channels; then a vector, or the map itself."""

    def __init__(
        self, canvas: Canvas, channels: int, L: int, width: int, code: int, *, keep_map: bool
    ) -> None:
        super().__init__()
        self.canvas = canvas
        self.label = nn.Linear(L, width, bias=False) if L else None
        self.enter = nn.Conv2d(channels * canvas.frames, width, 3, padding=1)
        self.first = nn.Conv2d(width, 2 * width, 4, stride=2, padding=1)
        self.second = nn.Conv2d(2 * width, 2 * width, 4, stride=2, padding=1)
        rows, columns = cells(canvas, STRIDE)
        inside = 2 * width if keep_map else 2 * width * rows * columns
        self.leave = nn.Conv2d(inside, code, 1) if keep_map else CanvasLinear(inside, code)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """``(B, P, C)`` and ``(B, L)`` to ``(B, code)`` or ``(B, code, rows, columns)``."""
        x = _labelled(self.enter(to_planes(features, self.canvas, STRIDE)), self.label, labels)
        x = F.silu(self.second(F.silu(self.first(F.silu(x)))))
        code: Tensor = self.leave(x if isinstance(self.leave, nn.Conv2d) else x.flatten(1))
        return code


class ConvDecoder(nn.Module):
    """Sub-pixel convolutions (1609.05158) from a vector or a map back to the canvas."""

    def __init__(
        self, canvas: Canvas, channels: int, L: int, width: int, code: int, *, keep_map: bool
    ) -> None:
        super().__init__()
        self.canvas, self.channels = canvas, channels
        self.map = (2 * width, *cells(canvas, STRIDE))
        self.enter = _Unfold(code, L, self.map, keep_map=keep_map)
        self.first = nn.Conv2d(2 * width, 8 * width, 3, padding=1)
        self.second = nn.Conv2d(2 * width, 4 * width, 3, padding=1)
        self.leave = nn.Conv2d(width, channels * canvas.frames, 3, padding=1)

    def forward(self, code: Tensor, labels: Tensor) -> Tensor:
        """A code and ``(B, L)`` to ``(B, P, C)``."""
        x = self.enter(code, labels)
        x = F.pixel_shuffle(self.first(F.silu(x)), 2)
        x = F.pixel_shuffle(self.second(F.silu(x)), 2)
        T, H, W = self.canvas
        planes: Tensor = self.leave(F.silu(x))[:, :, :H, :W]
        return torch.unflatten(planes, 1, (T, self.channels)).permute(0, 1, 3, 4, 2).flatten(1, 3)


class PlainEncoder(nn.Module):
    """Two convolutions of stride 1, as pallets has it, to measure against."""

    def __init__(
        self, canvas: Canvas, channels: int, L: int, width: int, code: int, *, keep_map: bool
    ) -> None:
        super().__init__()
        self.canvas = canvas
        self.label = nn.Linear(L, 2 * width, bias=False) if L else None
        self.enter = nn.Conv2d(channels * canvas.frames, 2 * width, 3, padding=1)
        self.second = nn.Conv2d(2 * width, code if keep_map else width, 3, padding=1)
        inside = width * canvas.height * canvas.width
        self.leave = None if keep_map else CanvasLinear(inside, code)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        """``(B, P, C)`` and ``(B, L)`` to ``(B, code)`` or ``(B, code, H, W)``."""
        x = _labelled(self.enter(to_planes(features, self.canvas, 1)), self.label, labels)
        x = self.second(F.silu(x))
        code: Tensor = x if self.leave is None else self.leave(F.silu(x).flatten(1))
        return code


class PlainDecoder(nn.Module):
    """Two convolutions of stride 1 from a vector or a map back to the canvas."""

    def __init__(
        self, canvas: Canvas, channels: int, L: int, width: int, code: int, *, keep_map: bool
    ) -> None:
        super().__init__()
        T, H, W = canvas
        self.outside = (T, channels)
        self.enter = _Unfold(code, L, (width, H, W), keep_map=keep_map)
        self.first = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.leave = nn.Conv2d(2 * width, T * channels, 3, padding=1)

    def forward(self, code: Tensor, labels: Tensor) -> Tensor:
        """A code and ``(B, L)`` to ``(B, P, C)``."""
        x = self.first(F.silu(self.enter(code, labels)))
        planes = torch.unflatten(self.leave(F.silu(x)), 1, self.outside)
        return planes.permute(0, 1, 3, 4, 2).flatten(1, 3)


class _Unfold(nn.Module):
    """Code and labels to the first planes of a decoder.

    Labels join a vector as further inputs; to a map they add the same at all positions.
    """

    def __init__(self, code: int, L: int, planes: tuple[int, int, int], *, keep_map: bool) -> None:
        super().__init__()
        self.planes = planes
        self.label = nn.Linear(L, planes[0], bias=False) if L and keep_map else None
        self.code = (
            nn.Conv2d(code, planes[0], 1) if keep_map else CanvasLinear(code + L, math.prod(planes))
        )

    def forward(self, code: Tensor, labels: Tensor) -> Tensor:
        """``(B, code)`` or ``(B, code, h, w)`` and ``(B, L)`` to ``(B, C, h, w)``."""
        if isinstance(self.code, CanvasLinear):
            planes: Tensor = self.code(torch.cat([code, labels], 1)).view(-1, *self.planes)
            return planes
        return _labelled(self.code(code), self.label, labels)


def _labelled(x: Tensor, layer: nn.Module | None, labels: Tensor) -> Tensor:
    """Add features of labels everywhere: as if each were a plane, without making planes."""
    return x if layer is None else x + layer(labels)[:, :, None, None]


def cells(canvas: Canvas, stride: int) -> tuple[int, int]:
    """Rows and columns of a convolutional code."""
    return -(-canvas.height // stride), -(-canvas.width // stride)
