"""The moving picture on top of the README: ``python docs/banner.py docs/pictures/banner.gif``.

Two rows of idle loops by ``starter-clips``, and between them figures of ``starter-figures`` that
walk. All are drawn from nothing, and none is chosen.
"""

from __future__ import annotations

import sys

import numpy as np
from PIL import Image

import pxgen

COLUMNS, SCALE, GAP, MS = 9, 4, 4, 110
SEEDS = {"starter-clips": 4, "starter-figures": 3}


def cells(model: str, count: int) -> np.ndarray:
    """``(N, 8, 24, 24) uint8`` clips; figures walk twice, each seen from another side."""
    drawn = pxgen.load(model).animate(n=count, seed=SEEDS[model]).indices
    if drawn.shape[1] == 16:
        walks = [clip.reshape(4, 4, 24, 16)[k % 4] for k, clip in enumerate(drawn)]
        drawn = np.pad(np.tile(walks, (1, 2, 1, 1)), ((0, 0), (0, 0), (0, 0), (4, 4)))
    return drawn


def main() -> None:
    """Write the GIF."""
    heads, figures = cells("starter-clips", 2 * COLUMNS), cells("starter-figures", COLUMNS)
    rows = np.stack([heads[:COLUMNS], figures, heads[COLUMNS:]])
    spaced = np.pad(rows, ((0, 0), (0, 0), (0, 0), (GAP // 2, GAP // 2), (GAP // 2, GAP // 2)))
    height, width = spaced.shape[-2] * 3, spaced.shape[-1] * COLUMNS
    frames = spaced.transpose(2, 0, 3, 1, 4).reshape(8, height, width)
    palette = bytes(c for row in pxgen.load("starter-clips").palette.rows for c in row[:3])
    pictures = []
    for frame in frames.repeat(SCALE, 1).repeat(SCALE, 2):
        pictures.append(picture := Image.fromarray(frame, "P"))
        picture.putpalette(palette)
    pictures[0].save(
        sys.argv[1],
        save_all=True,
        append_images=pictures[1:],
        duration=MS,
        loop=0,
        disposal=2,
        transparency=0,
    )


if __name__ == "__main__":
    main()
