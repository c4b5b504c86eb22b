"""Convolutions of an X and an O: plain, padded, strided, dilated, transposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from pxgen.arrays import F32, IndexMaps
from pxgen.render.figure import paste, shades, sheet, write

LETTER_SIDE = 14
SIX = np.float32(6)
KERNELS: dict[str, F32] = {
    "diagonal /": np.array([[-1, -1, 2], [-1, 2, -1], [2, -1, -1]], np.float32) / SIX,
    "diagonal \\": np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]], np.float32) / SIX,
    "upright": np.array([[-1, 2, -1]] * 3, np.float32) / SIX,
    "level": np.array([[-1] * 3, [2] * 3, [-1] * 3], np.float32) / SIX,
    "blur": np.full((3, 3), 1 / 9, np.float32),
}
"""Four of lines, whose parts sum to zero, and one that blurs."""


@dataclass(frozen=True)
class Variant:
    """The hyperparameters of one convolution."""

    name: str
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    transposed: bool = False

    def layer(self, kernel: F32) -> nn.Conv2d | nn.ConvTranspose2d:
        """The layer with this kernel and no bias."""
        kind = nn.ConvTranspose2d if self.transposed else nn.Conv2d
        layer = kind(
            1,
            1,
            3,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            bias=False,
        )
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(kernel).view(1, 1, 3, 3))
        return layer


VARIANTS = (
    Variant("plain"),
    Variant("padded", padding=1),
    Variant("stride 2", stride=2, padding=1),
    Variant("dilated", padding=2, dilation=2),
    Variant("transposed", transposed=True),
    Variant("transposed 2", stride=2, transposed=True),
)
WIDE = 2 * LETTER_SIDE + 1
"""Side of the largest output."""


class Panel(NamedTuple):
    """One output, and the letter, kernel and variant that gave it."""

    letter: str
    kernel: str
    variant: Variant
    values: F32


def letters() -> dict[str, F32]:
    """An X and an O, ``(14, 14) float32`` of zeros and ones."""
    rows, columns = np.mgrid[:LETTER_SIDE, :LETTER_SIDE]
    cross = (np.abs(rows - columns) <= 1) | (np.abs(rows + columns - LETTER_SIDE + 1) <= 1)
    distance = np.hypot(rows - (LETTER_SIDE - 1) / 2, columns - (LETTER_SIDE - 1) / 2)
    ring = np.abs(distance - 5) <= 1
    return {"X": cross.astype(np.float32), "O": ring.astype(np.float32)}


def panels() -> list[Panel]:
    """The output of every letter, kernel and variant."""
    made = []
    for letter, image in letters().items():
        for kernel, weights in KERNELS.items():
            for variant in VARIANTS:
                with torch.no_grad():
                    output = variant.layer(weights)(torch.from_numpy(image)[None, None])
                made.append(Panel(letter, kernel, variant, output[0, 0].numpy()))
    return made


def convolution() -> IndexMaps:
    """``(H, W) uint8``: a page with a row a letter and kernel, and a column a variant."""
    cell, wide, margin, head = WIDE + 5, WIDE + 14, 48, 12
    height = head + 2 * len(KERNELS) * cell
    page = sheet(height + 12, margin + (1 + len(VARIANTS)) * wide + 8)
    columns = ["input", *(variant.name for variant in VARIANTS)]
    for column, name in enumerate(columns):
        write(page, name, 3, margin + column * wide)
    for left, value, name in ((0, 1.0, "above zero"), (60, -1.0, "below zero")):
        paste(page, shades(np.full((5, 5), value, np.float32), 1.0), height + 3, margin + left)
        write(page, name, height + 3, margin + left + 8)
    images = letters()
    for number, panel in enumerate(panels()):
        row, column = divmod(number, len(VARIANTS))
        top = head + row * cell
        if column == 0:
            write(page, panel.letter, top + 2, 2)
            write(page, panel.kernel, top + 10, 2)
            paste(page, shades(KERNELS[panel.kernel], 0.5), top + 19, 3)
            paste(page, shades(images[panel.letter], 1.5), top, margin)
        paste(page, shades(panel.values, 1.0), top, margin + (1 + column) * wide)
    return page
