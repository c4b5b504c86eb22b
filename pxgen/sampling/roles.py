"""Roles of colours: which palette entry stands for each colour of given frames."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.arrays import F32, Bools, Rgba
from pxgen.checkpoint.store import Loaded
from pxgen.devices import in_one_thread
from pxgen.ingest.indexed import IndexedSprite
from pxgen.palette import Palette
from pxgen.palette.oklab import distinct_entries, to_oklab

SAME = 6.0
"""Nats a pixel by which a network must prefer another entry to the one that has the very colour."""
LIGHTNESS = 10.0
"""Nats that an entry loses by its distance in lightness, where black and white are 1 apart. Hues
say nothing: what is recoloured has others."""
WORST = -12.0
"""Nats below which one pixel does not speak against an entry any more."""
AT_ONCE = 8
"""One in so many of the colours that are left, the surest, is decided by a call of the network."""


def entries_by_role(
    loaded: Loaded, sprite: IndexedSprite, known: Bools, labels: F32
) -> NDArray[np.intp]:
    """An entry for each visible colour of the known frames, none for two, as a network sees them.

    A character in a green coat that was learnt in a red one shall be drawn as that one is, and
    shown in green: so green stands for the entries that a network expects where it is seen, given
    all other colours, the surest first. Models that cannot tell what they expect have the entries
    that look alike.

    Args:
        loaded: a model of clips whose sprites share a palette.
        sprite: the known frames.
        known: ``(T,)`` of all frames.
        labels: ``(L,)`` in [-1, 1], as asked for.

    Raises:
        InputError: the colours are more than the palette has entries.
    """
    palette, colors = loaded.card.palette, sprite.visible
    alike = distinct_entries(palette, colors)
    bias = _bias(palette, colors)
    number = np.zeros(len(sprite.colors), np.intp)
    number[sprite.colors != 0] = np.arange(1, len(colors) + 1)
    shown = np.zeros((len(known), *sprite.indices.shape[1:]), np.intp)
    shown[known] = number[sprite.indices]

    def decided() -> NDArray[np.intp] | None:
        entries, left = np.zeros(len(colors) + 1, np.intp), np.arange(1, len(colors) + 1)
        while len(left):
            hidden = np.isin(shown, left) | ~known[:, None, None]
            expected = loaded.model.expected_entries(
                *(
                    torch.from_numpy(each).to(loaded.device)
                    for each in (entries[shown], hidden, labels)
                )
            )
            if expected is None:
                return None
            nats = np.maximum(expected.cpu().numpy(), WORST)
            scores = np.stack([nats[shown == color].mean(0) for color in left]) + bias[left - 1]
            scores[:, entries[1:]] = -np.inf
            best, second = np.sort(scores, 1)[:, :-3:-1].T
            surest = np.argsort(second - best, kind="stable")[: -(-len(left) // AT_ONCE)]
            for row in surest:
                scores[row, entries[1:]] = -np.inf
                entries[left[row]] = scores[row].argmax()
            left = np.delete(left, surest)
        return entries[1:]

    found = in_one_thread(decided)
    return alike if found is None else found


def _bias(palette: Palette, colors: Rgba) -> F32:
    """``(k, K)`` nats for each of ``(k, 4)`` colours to stand for an entry, seen nowhere."""
    lightness = [to_oklab(table[:, :3])[:, 0] for table in (colors, palette.rgba)]
    bias = -LIGHTNESS * np.abs(lightness[0][:, None] - lightness[1])
    bias[(colors[:, None] == palette.rgba).all(-1)] = SAME
    # Half-transparent entries stand for such colours alone.
    bias[colors[:, None, 3] != palette.rgba[:, 3]] += WORST
    bias[:, 0] = -np.inf
    return np.asarray(bias, np.float32)
