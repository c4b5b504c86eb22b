"""``prepare --builtin``: a dataset of the characters that pxgen draws itself."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pxgen.arrays import IndexMaps
from pxgen.builtin import LABELS, PALETTE, SIZE, draw
from pxgen.canvas import Anchor, Canvas
from pxgen.data.audited import dataset_path
from pxgen.data.dataset import DatasetWriter
from pxgen.errors import Remark, UsageError
from pxgen.ingest.contact_sheets import choose_shown
from pxgen.ingest.describe import describe_split
from pxgen.ingest.indexed import IndexedSprite
from pxgen.ingest.layout import place
from pxgen.ingest.preparation import label_numbers, refuse_existing, write_pictures
from pxgen.ingest.scale import Size
from pxgen.ingest.split import family_key, groups_of, split_of
from pxgen.palette.table import pack


@dataclass(frozen=True, kw_only=True)
class BuiltinOptions:
    """What was asked of the built-in characters."""

    out: Path = Path("dataset")
    count: int = 10_000
    seed: int = 0
    frames: int = 1
    """1 for stills or 8 for idle loops."""
    size: Size | None = None
    """Height and width of the canvas, at least 24x24."""
    anchor: Anchor = "bottom"
    holdout: float = 0.1
    audit: bool = False
    force: bool = False


def prepare_builtin(options: BuiltinOptions, report: Remark) -> Path:
    """Draw distinct characters into a dataset folder and return its path.

    Raises:
        UsageError: more characters or other frames than exist, a canvas too small, or the folder
            holds a dataset and ``force`` is off.
    """
    refuse_existing(options.out, force=options.force)
    canvas = _canvas(options)
    characters = draw(options.count, options.seed, frames=options.frames)
    keys = array("Q")
    labels: list[tuple[int, ...]] = []
    with dataset_path(options.out, audited=options.audit, report=report) as path:
        writer = DatasetWriter(
            path,
            palette=PALETTE,
            label_names=LABELS,
            canvas=canvas,
            info={
                "sources": ["builtin"],
                "anchor": options.anchor,
                "holdout": options.holdout,
                "seed": options.seed,
            },
        )
        with writer:
            for pixels, marks in characters:
                names = [f"builtin-{options.seed}-{len(keys) + i}" for i in range(len(pixels))]
                placed = np.stack([place(each, canvas, options.anchor) for each in pixels])
                writer.append(placed, marks, names)
                keys.extend(_key(each) for each in pixels)
                labels.extend(label_numbers(marks))
            split, group = split_of(keys, options.holdout, options.seed), groups_of(keys)
            writer.finish(split, group)
    kind = "stills" if canvas.frames == 1 else f"clips of {canvas.frames} frames"
    report(f"{len(keys)} built-in {kind} of {canvas.width}x{canvas.height}, {len(LABELS)} labels")
    report(f"{len(PALETTE)} colours, transparent among them")
    report(describe_split(split, group))
    write_pictures(options.out, choose_shown(labels, canvas.frames))
    return options.out


def _canvas(options: BuiltinOptions) -> Canvas:
    height, width = options.size or (SIZE, SIZE)
    if min(height, width) < SIZE:
        raise UsageError(
            f"built-in characters are {SIZE}x{SIZE}: --size {width}x{height} cuts them"
        )
    return Canvas(options.frames, height, width)


def _key(pixels: IndexMaps) -> int:
    used, place = np.unique(pixels, return_inverse=True)
    indices = place.reshape(pixels.shape).astype(np.uint8)
    return family_key(IndexedSprite(indices, pack(PALETTE.rgba[used])), 1)
