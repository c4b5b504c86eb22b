"""Label planes: a picture of what the labels draw, which a network of one template starts from."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from pxgen.canvas import Canvas
from pxgen.models.axes import Axes
from pxgen.models.layers import CanvasLinear

MAX_TABLE = 2**22
"""Weights of a table at most: they are stored, and stepped one by one. Checkpoints rely on it."""


class LabelPlanes(nn.Module):
    """What each label draws where: numbers of every pixel, summed over the labels that are present.

    Sprites of a template are layers, each of a label: a sum in which one on top can outweigh those
    below. Starts at zero.
    """

    indivisible: ClassVar[bool] = True
    axes: ClassVar[Axes] = {"table.weight": ("labels", 1)}

    def __init__(self, label_count: int, canvas: Canvas, numbers: int, features: int) -> None:
        super().__init__()
        self.canvas = canvas
        self.table = CanvasLinear(label_count, canvas.pixels * numbers, bias=False)
        self.expand = nn.Linear(numbers, features, bias=False)
        nn.init.zeros_(self.table.weight)

    def forward(self, labels: Tensor) -> Tensor:
        """``(B, L)`` labels in [-1, 1] to ``(B, T, H, W, features)``."""
        # Absent ones add nothing, but keep a slope: who searches labels by gradient needs it.
        present = labels.relu() + (labels - labels.detach()) * (labels < 0)
        maps = self.table(present).view(len(labels), *self.canvas, self.expand.in_features)
        embedded: Tensor = self.expand(maps)
        return embedded


def make_label_planes(
    label_count: int, canvas: Canvas, numbers: int, features: int
) -> LabelPlanes | None:
    """A table of at most ``numbers`` a pixel and as many as it may hold; None without any."""
    held = min(numbers, MAX_TABLE // (label_count * canvas.pixels)) if label_count else 0
    return LabelPlanes(label_count, canvas, held, features) if held else None
