"""A model's canvas laid over a larger one, so that it draws what it never saw whole.

Neighbouring views share half of their pixels, and where several views say something of a pixel
their words are averaged, each weighing less towards its border (2302.08113).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pxgen.canvas import Canvas
from pxgen.errors import UsageError
from pxgen.models.layers import NOWHERE, Wrap


class Windows:
    """Where the views lie.

    Args:
        small: the model's canvas.
        large: what is drawn; the same canvas has one view.
        wrap: which borders of the drawing join.

    Raises:
        UsageError: the large canvas is smaller, or has other frames.
    """

    def __init__(self, small: Canvas, large: Canvas, wrap: Wrap = NOWHERE) -> None:
        fits = large.height >= small.height and large.width >= small.width
        if large.frames != small.frames or not fits:
            raise UsageError(
                f"a canvas of {large.width}x{large.height} does not hold the model's "
                f"{small.width}x{small.height}"
            )
        self.large = large
        down, across = wrap
        # Where the drawing is as long as a view, its borders join inside the network.
        self.inside: Wrap = (
            down and large.height == small.height,
            across and large.width == small.width,
        )
        rows = _starts(small.height, large.height, wrap=down)
        columns = _starts(small.width, large.width, wrap=across)
        self.places = [_view(small, large, row, column) for row in rows for column in columns]
        weights = _tent(small.height).unsqueeze(1) * _tent(small.width)
        self.weights = weights.expand(small).reshape(-1, 1)

    def look(self, view: Callable[[Tensor], Tensor]) -> Tensor:
        """What the network says of the whole drawing.

        Args:
            view: is given the ``(P,)`` pixels of one view, in the drawing's reading order, and
                returns ``(n, P, C)``.
        """
        if len(self.places) == 1:
            return view(self.places[0])
        total, heard = torch.zeros(()), torch.zeros(self.large.pixels, 1)
        for places in self.places:
            said = view(places)
            device = said.device
            if total.dim() == 0:
                total = said.new_zeros(len(said), self.large.pixels, said.shape[2])
                heard = heard.to(device)
            weights = self.weights.to(device)
            total.index_add_(1, places.to(device), said * weights)
            heard.index_add_(0, places.to(device), weights)
        return total / heard


def _view(small: Canvas, large: Canvas, row: int, column: int) -> Tensor:
    """``(P,)`` places of a view's pixels."""
    pixels = torch.arange(large.pixels).view(large)
    around = pixels.roll((-row, -column), (1, 2))
    return around[:, : small.height, : small.width].reshape(-1)


def _starts(small: int, large: int, *, wrap: bool) -> list[int]:
    """Where views begin along one side, at most half a view apart."""
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
