"""A checkpoint of a tiny model, and an image for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pxgen.canvas import Canvas
from pxgen.checkpoint.card import Card
from pxgen.checkpoint.store import prefixed, save_checkpoint
from pxgen.render.png import encode_png
from pxgen.render.scale import enlarge
from tests.support.tiny import LABELS, PALETTE, domain, tiny_model, tiny_table

CARD = Card(
    model=dict(tiny_table()),
    canvas=Canvas(1, 6, 8),
    palette=PALETTE,
    label_names=LABELS,
    fingerprint="f" * 64,
)


def save(
    path: Path,
    half: bool = False,
    recipe: str = "masked",
    frames: int = 1,
    names: tuple[str, ...] = (),
    **changes: object,
) -> Path:
    """An untrained model, of clips if there are ``frames``, with other ``[model]`` keys."""
    weights = tiny_model(recipe, domain(frames=frames), **changes).module.state_dict()
    if half:
        weights = {n: t.half() if t.is_floating_point() else t for n, t in weights.items()}
    canvas = CARD.canvas._replace(frames=frames)
    table = dict(tiny_table(recipe, **changes))
    card = replace(CARD, model=table, canvas=canvas, frame_names=names)
    return save_checkpoint(path / "checkpoint.safetensors", card, prefixed(weights, "weights"))


def sprite(folder: Path, name: str = "one.png", scale: int = 1) -> Path:
    pixels = np.zeros((6, 8), np.uint8)
    pixels[1:4, 2:6] = [[1, 2, 3, 4]] * 3
    path = folder / name
    path.write_bytes(encode_png(enlarge(pixels, scale), PALETTE))
    return path
