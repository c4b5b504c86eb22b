"""Whether a model has learnt the like of what it is given, before it draws to it."""

from __future__ import annotations

import numpy as np
import torch

from pxgen.arrays import F32, Bools, IndexMaps
from pxgen.checkpoint.runs import told
from pxgen.checkpoint.store import Loaded
from pxgen.devices import in_one_thread
from pxgen.errors import Remark
from pxgen.models.protocol import Batch
from pxgen.noise import BatchNoise

STRANGE_BITS = 5.0
"""Bits for each opaque pixel of a frame by itself, from which on it is like nothing learnt.

Held-out characters take 0.1 to 1.0 in the starter of figures and in models of composed characters,
strangers 6 to 15; in models of twenty characters 1 to 5 and 3 to 6.
"""
BACKGROUND = 1 / 8
"""Share of the canvas that counts as opaque: a tiny thing on it costs more than its pixels."""


def strange(loaded: Loaded, pixels: IndexMaps, known: Bools, labels: F32) -> bool:
    """Whether the frames of ``(T, H, W) uint8`` that are known as a whole are like nothing learnt.

    Args:
        loaded: a model; of other kinds than diffusions of entries nothing is known.
        pixels: index maps.
        known: ``(T, H, W)``, the pixels that are given.
        labels: ``(L,)`` in [-1, 1], as asked for.
    """
    stage = loaded.model.stages()[-1]
    frames = known.all((1, 2)) & (pixels != 0).any((1, 2))
    if not (frames.any() and stage.counts_in_bits and stage.takes_incomplete):
        return False
    sprite, asked, present = (
        torch.from_numpy(np.ascontiguousarray(each)).unsqueeze(0).to(loaded.device)
        for each in (pixels, labels, frames)
    )
    batch, noise = Batch(sprite.long(), asked, present=present), BatchNoise(1, 0, 0, loaded.device)
    # Several threads would wait for one another longer than one computes.
    bits = in_one_thread(lambda: float(stage.held_out(batch, noise)["bits"]))
    size = np.count_nonzero(pixels[frames]) + BACKGROUND * pixels[frames].size
    return bits > STRANGE_BITS * float(size)


def tell_strange(
    name: str, loaded: Loaded, pixels: IndexMaps, known: Bools, labels: F32, remark: Remark
) -> None:
    """Say so where what is given, by its ``name``, is :func:`strange`."""
    if strange(loaded, pixels, known, labels):
        remark(
            f"what is drawn to {name} is a guess: {told(loaded.path)} has learnt nothing like it, "
            "or not in that place; train on sprites of its kind"
        )
