"""Whether a model has learnt the like of what it is given, before it draws to it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from pxgen.arrays import F32, Bools, IndexMaps
from pxgen.checkpoint.runs import told
from pxgen.checkpoint.store import Loaded
from pxgen.devices import in_one_thread
from pxgen.errors import Remark
from pxgen.models.protocol import Batch
from pxgen.noise import PictureNoise

STRANGE_BITS = 4.0
"""Bits for each opaque pixel of a frame by itself, from which on it is like nothing learnt.

Held-out characters take 0.1 to 1.0 in the starter of figures and in models of composed characters,
strangers 6 to 15 and a figure that stands elsewhere 4; in models of twenty characters 1 to 5 and 3
to 6.
"""
BACKGROUND = 1 / 8
"""Share of the canvas that counts as opaque: a tiny thing on it costs more than its pixels."""
CONTRADICTION, CONTRADICTION_SHARE = 12.0, 0.1
"""Bits, and share of all, that labels must add to those of a picture to contradict it.

To held-out figures one wrong label adds 19 to 44, three quarters of them more than the former; a
right one takes 3 to 24 away, and adds 4 at most.
"""


class Known(NamedTuple):
    """What a model makes of given frames."""

    asked: float
    """Bits of the frames by themselves, given the labels that are asked for."""
    plain: float
    """Bits without labels."""
    size: float
    """Pixels that count."""

    @property
    def strange(self) -> bool:
        """Whether they are like nothing learnt."""
        return min(self.asked, self.plain) > STRANGE_BITS * self.size

    @property
    def contradicted(self) -> bool:
        """Whether they show something else than the labels say."""
        gap = self.asked - self.plain
        return gap > max(CONTRADICTION, CONTRADICTION_SHARE * self.plain)


def known_of(loaded: Loaded, pixels: IndexMaps, known: Bools, labels: F32) -> Known | None:
    """What a model makes of the frames of ``(T, H, W) uint8`` that are known as a whole.

    None where there are none that show anything, and of models that are no diffusions of entries.

    Args:
        loaded: a model.
        pixels: index maps.
        known: ``(T, H, W)``, the pixels that are given.
        labels: ``(L,)`` in [-1, 1], as asked for.
    """
    stage = loaded.model.stages()[-1]
    frames = known.all((1, 2)) & (pixels != 0).any((1, 2))
    bits_of = stage.bits
    if bits_of is None or not frames.any():
        return None
    sets = np.stack([labels, 0 * labels]) if labels.any() else labels[None]
    sprites, present = (
        torch.from_numpy(np.ascontiguousarray(each)).expand(len(sets), *each.shape)
        for each in (pixels.astype(np.int64), frames)
    )
    asked = torch.from_numpy(sets).to(loaded.device)
    batch = Batch(sprites.to(loaded.device), asked, present=present.to(loaded.device))
    # The same pixels are masked with and without labels.
    noise = PictureNoise(0, [0] * len(sets), loaded.device)
    # Several threads would wait for one another longer than one computes.
    bits = in_one_thread(lambda: bits_of(batch, noise)).tolist()
    size = np.count_nonzero(pixels[frames]) + BACKGROUND * pixels[frames].size
    return Known(bits[0], bits[-1], float(size))


def tell_strange(
    name: str, loaded: Loaded, pixels: IndexMaps, known: Bools, labels: F32, remark: Remark
) -> None:
    """Say so where what is given, by its ``name``, is strange or contradicts its labels."""
    found = known_of(loaded, pixels, known, labels)
    model = told(loaded.path)
    if found is not None and found.strange:
        remark(
            f"what is drawn to {name} is a guess: {model} has learnt nothing like it, or not in "
            "that place; train on sprites of its kind"
        )
    elif found is not None and found.contradicted:
        names = ", ".join(loaded.card.label_names[number] for number in np.flatnonzero(labels))
        remark(
            f"{name} does not look like {names} as {model} knows it: what is drawn may follow the "
            "picture instead"
        )
