"""Roles of colours: which palette entry stands for each colour of given frames."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pxgen.arrays import F32, Bools, Rgba
from pxgen.checkpoint.store import Loaded
from pxgen.devices import in_one_thread
from pxgen.ingest.indexed import IndexedSprite
from pxgen.palette import Palette
from pxgen.palette.oklab import distinct_entries, to_oklab
from pxgen.sampling.familiar import known_of

SAME = 6.0
"""Nats a pixel by which a network must prefer another entry to the one that has the very colour."""
LIGHTNESS = (10.0, 20.0, 40.0)
"""Nats that an entry loses by its distance in lightness, where black and white are 1 apart: all are
tried. Hues say nothing: what is recoloured has others."""
WORST = -12.0
"""Nats below which one pixel does not speak against an entry any more."""
AT_ONCE = 8
"""One in so many of the colours that are left, the surest, is decided by a call of the network."""
SECOND_LOOKS = 8
"""Parts, at most, in which colours are decided once more, given all others: what came first knew
little of them, and the tones of one ramp belong together."""


def entries_by_role(
    loaded: Loaded, sprite: IndexedSprite, known: Bools, labels: F32
) -> NDArray[np.intp]:
    """An entry for each visible colour of the known frames, none for two, as a network sees them.

    A character in a green coat that was learnt in a red one shall be drawn as that one is, and
    shown in green: so green stands for the entries that a network expects where it is seen, given
    all other colours, the surest first. Of several choices the one that takes the fewest bits is
    taken. Models that cannot tell what they expect have the entries that look alike.

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
    number = np.zeros(len(sprite.colors), np.intp)
    number[sprite.colors != 0] = np.arange(1, len(colors) + 1)
    shown = np.zeros((len(known), *sprite.indices.shape[1:]), np.intp)
    shown[known] = number[sprite.indices]

    def expected(entries: NDArray[np.intp], hidden: Bools) -> Tensor | None:
        parts = (torch.from_numpy(part).to(loaded.device) for part in (entries, hidden, labels))
        return loaded.model.expected_entries(*parts)

    def decided(bias: F32) -> NDArray[np.intp] | None:
        entries, left = np.zeros(len(colors) + 1, np.intp), np.arange(1, len(colors) + 1)
        again = np.array_split(left, min(len(left), SECOND_LOOKS))
        while len(left) or again:
            if not len(left):
                left = again.pop()
                entries[left] = 0
            hidden = np.isin(shown, left) | ~known[:, None, None]
            told = expected(entries[shown], hidden)
            if told is None:
                return None
            nats = np.maximum(told.cpu().numpy(), WORST)
            scores = np.stack([nats[shown == color].mean(0) for color in left]) + bias[left - 1]
            scores[:, entries[1:]] = -np.inf
            best, second = np.sort(scores, 1)[:, :-3:-1].T
            surest = np.argsort(second - best, kind="stable")[: -(-len(left) // AT_ONCE)]
            for row in surest:
                scores[row, entries[1:]] = -np.inf
                entries[left[row]] = scores[row].argmax()
            left = np.delete(left, surest)
        return entries[1:]

    def bits(entries: NDArray[np.intp]) -> float:
        pixels = np.insert(entries, 0, 0)[shown].astype(np.uint8)
        whole = np.broadcast_to(known[:, None, None], pixels.shape)
        found = known_of(loaded, pixels, whole, labels)
        return 0.0 if found is None else found.asked

    choices: dict[bytes, NDArray[np.intp]] = {}
    for lightness in LIGHTNESS:
        found = in_one_thread(partial(decided, _bias(palette, colors, lightness)))
        if found is None:
            return alike
        choices[found.tobytes()] = found
    several = [*choices.values()]
    return min(several, key=bits) if len(several) > 1 else several[0]


def _bias(palette: Palette, colors: Rgba, lightness: float) -> F32:
    """``(k, K)`` nats for each of ``(k, 4)`` colours to stand for an entry, seen nowhere."""
    own, entries = (to_oklab(table[:, :3])[:, 0] for table in (colors, palette.rgba))
    bias = -lightness * np.abs(own[:, None] - entries)
    bias[(colors[:, None] == palette.rgba).all(-1)] = SAME
    # Half-transparent entries stand for such colours alone.
    bias[colors[:, None, 3] != palette.rgba[:, 3]] += WORST
    bias[:, 0] = -np.inf
    return np.asarray(bias, np.float32)
