"""MultiDiffusion (2302.08113): a model's canvas laid over a larger one in overlapping views.

Neighbouring views share half of their pixels. Where views overlap, their outputs are averaged, each
weighing less towards its border.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pxgen.canvas import Canvas
from pxgen.errors import UsageError
from pxgen.models.layers import NO_WRAP, Wrap

View = Tensor | slice
"""The ``(P,)`` places of a view on a drawing, or all of them: an index."""


class Windows:
    """The views of a drawing.

    Args:
        small: the model's canvas.
        large: the drawing's canvas; of the same size it has one view.
        wrap: which borders of the drawing join.

    Raises:
        UsageError: the large canvas is smaller, or has other frames.
    """

    def __init__(self, small: Canvas, large: Canvas, wrap: Wrap = NO_WRAP) -> None:
        fits = large.height >= small.height and large.width >= small.width
        if large.frames != small.frames or not fits:
            raise UsageError(
                f"a canvas of {large.width}x{large.height} does not hold the model's "
                f"{small.width}x{small.height}"
            )
        self.large = large
        down, across = wrap
        # Where the drawing is as long as a view, its borders join inside the network.
        self.wrap: Wrap = (
            down and large.height == small.height,
            across and large.width == small.width,
        )
        rows = _starts(small.height, large.height, wrap=down)
        columns = _starts(small.width, large.width, wrap=across)
        self.views = [_view(small, large, row, column) for row in rows for column in columns]
        weights = _tent(small.height).unsqueeze(1) * _tent(small.width)
        self.weights = weights.expand(small).reshape(-1, 1)
        self.divisor = torch.zeros(large.pixels, 1)
        for places in self.views:
            self.divisor.index_add_(0, places, self.weights)

    def average(self, network: Callable[[View], Tensor]) -> Tensor:
        """The network's output for the whole drawing, averaged over views.

        Args:
            network: takes a view of the drawing and returns ``(n, P, C)``.
        """
        if len(self.views) == 1:
            return network(slice(None))
        total = torch.zeros(())
        for places in self.views:
            output = network(places)
            if total.dim() == 0:
                total = output.new_zeros(len(output), self.large.pixels, output.shape[2])
            weighted = output * self.weights.to(output.device)
            total.index_add_(1, places.to(output.device), weighted)
        return total / self.divisor.to(total.device)


def _view(small: Canvas, large: Canvas, row: int, column: int) -> Tensor:
    """``(P,)`` places of a view on the large canvas."""
    pixels = torch.arange(large.pixels).view(large)
    around = pixels.roll((-row, -column), (1, 2))
    return around[:, : small.height, : small.width].reshape(-1)


def _starts(small: int, large: int, *, wrap: bool) -> list[int]:
    """The first pixels of the views along one side, at most half a view apart."""
    if small == large:
        return [0]
    stride = max(1, small // 2)
    if wrap:
        return list(range(0, large, stride))
    count = math.ceil((large - small) / stride) + 1
    return [round(i * (large - small) / (count - 1)) for i in range(count)]


def _tent(side: int) -> Tensor:
    ramp = torch.arange(1.0, side + 1)
    return torch.minimum(ramp, ramp.flip(0))
