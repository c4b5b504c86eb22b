"""The picture of a comparison: held-out sprites, and each model's versions of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.arrays import IndexMaps
from pxgen.data.batches import batch_of
from pxgen.data.dataset import Dataset, subsample
from pxgen.devices import one_thread
from pxgen.models.protocol import Model, SamplingParams
from pxgen.noise import PictureNoise
from pxgen.palette import Palette
from pxgen.palette.table import MAX_COLORS
from pxgen.render.figure import LETTER, write
from pxgen.render.png import encode_png
from pxgen.render.scale import enlarge
from pxgen.render.sheet import contact_sheet, strips

ROW_SPRITES = 16
"""Sprites in a row."""
SCALE = 3
CAPTION_HEIGHT = 7
"""Pixels of a caption."""
PAGE = ((40, 40, 48, 255), (244, 240, 230, 255))
"""Ink and paper."""


class Strip(NamedTuple):
    """A row of the picture."""

    caption: str
    sprites: IndexMaps
    """``(n, T, H, W)`` index maps."""


def originals(dataset: Dataset) -> Strip:
    """Held-out sprites."""
    return Strip("held out", dataset.take(_chosen(dataset))[0])


def pictures(name: str, model: Model, dataset: Dataset) -> tuple[Strip, ...]:
    """A model's reconstructions, an interpolation from the first to another, and samples."""
    device = next(model.module.parameters()).device
    with one_thread(), torch.inference_mode():
        batch = batch_of(dataset, _chosen(dataset), device)
        pixels = batch.pixels.to(torch.uint8)
        noise = PictureNoise(0, range(ROW_SPRITES), device)
        again = model.decode(model.encode(pixels, batch.labels, noise), noise)
        differing = (pixels != pixels[:1]).flatten(1).any(1).nonzero().flatten().tolist()
        first, second = (
            model.encode(pixels[i : i + 1], batch.labels[i : i + 1], PictureNoise(0, [0], device))
            for i in (0, differing[0] if differing else 0)
        )
        way = torch.cat(
            [
                model.decode(model.mix(first, second, weight), PictureNoise(0, [0], device))
                for weight in np.linspace(0, 1, ROW_SPRITES).tolist()
            ]
        )
        nothing = torch.zeros_like(batch.labels)
        new = model.sample(nothing, PictureNoise(1, range(ROW_SPRITES), device), SamplingParams())
    rows = {"rebuilt": again, "from the first to another": way, "new": new}
    return tuple(Strip(f"{name}: {what}", row.cpu().numpy()) for what, row in rows.items())


def sheet_png(rows: Sequence[Strip], palette: Palette) -> bytes:
    """All rows under their captions, on paper where the palette leaves room for its colour."""
    ink = int(palette.rgba[1:, :3].sum(1).argmin()) + 1
    paper = 0
    if len(palette) + len(PAGE) <= MAX_COLORS:
        ink, paper = len(palette), len(palette) + 1
        palette = Palette.of([*palette.rows[1:], *PAGE], palette.name)
    page = np.concatenate([_captioned(strip, ink) for strip in rows])
    return encode_png(enlarge(np.where(page == 0, paper, page).astype(np.uint8), SCALE), palette)


def _captioned(strip: Strip, ink: int) -> IndexMaps:
    row = contact_sheet(strips(strip.sprites), ROW_SPRITES)
    line = np.zeros((CAPTION_HEIGHT, row.shape[1]), np.uint8)
    write(line, strip.caption[: row.shape[1] // LETTER], 2, 1, ink)
    return np.concatenate([line, row])


def _chosen(dataset: Dataset) -> NDArray[np.intp]:
    # Few are repeated, so that every row is as long.
    return np.resize(subsample(dataset.held_out, ROW_SPRITES), ROW_SPRITES)
