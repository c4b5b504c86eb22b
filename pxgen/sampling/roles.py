"""Roles of colours: which palette entry stands for each colour of given frames."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from pxgen.arrays import F32, Bools, Rgba
from pxgen.checkpoint.store import Loaded
from pxgen.devices import in_one_thread
from pxgen.ingest.indexed import IndexedSprite
from pxgen.palette import Palette
from pxgen.palette.oklab import distinct_entries, to_oklab
from pxgen.sampling.familiar import known_of

SAME = 6.0
"""Nats a pixel by which a network must prefer another entry to the one that has the very colour."""
LIGHTNESS = (1.0, 6.0, 30.0)
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
    """An entry for each visible colour of known pixels, none for two, as a network sees them.

    A character in a green coat that was learnt in a red one shall be drawn as that one is, and
    shown in green: so green stands for the entries that a network expects where it is seen, given
    all other colours, the surest first. Of several choices the one that takes the fewest bits is
    taken. Models that cannot tell what they expect have the entries that look alike.

    Args:
        loaded: a model whose sprites share a palette.
        sprite: all frames, transparent where they are not known.
        known: ``(T, H, W)``.
        labels: ``(L,)`` in [-1, 1], as asked for.

    Raises:
        InputError: the colours are more than the palette has entries.
    """
    palette, colors = loaded.card.palette, sprite.visible
    alike = distinct_entries(palette, colors)
    if not len(colors):
        return alike
    number = np.zeros(len(sprite.colors), np.intp)
    number[sprite.colors != 0] = np.arange(1, len(colors) + 1)
    picture = _Picture(loaded, number[sprite.indices], known, labels)
    readings: list[NDArray[np.intp]] = []
    for lightness in LIGHTNESS:
        bias = _bias(palette, colors, lightness)
        reading = in_one_thread(partial(picture.reading, bias))
        if reading is None:
            return alike
        if not any(np.array_equal(reading, other) for other in readings):
            readings.append(reading)
    return min(readings, key=picture.bits) if len(readings) > 1 else readings[0]


@dataclass(frozen=True)
class _Picture:
    """Given pixels whose colours are to be read."""

    loaded: Loaded
    shown: NDArray[np.intp]
    """``(T, H, W)`` numbers of colours from 1; 0 is transparent, or not known."""
    known: Bools
    """``(T, H, W)``."""
    labels: F32

    def reading(self, bias: F32) -> NDArray[np.intp] | None:
        """``(k,)`` entries of the colours by ``(k, K)`` nats that each has beforehand, if told."""
        colors = np.arange(1, len(bias) + 1)
        entries, left = np.zeros(len(bias) + 1, np.intp), colors
        again = np.array_split(colors, min(len(colors), SECOND_LOOKS))
        while len(left) or again:
            if not len(left):
                left = again.pop()
                entries[left] = 0
            nats = self._expected(entries, np.isin(self.shown, left) | ~self.known)
            if nats is None:
                return None
            scores = np.stack([nats[self.shown == color].mean(0) for color in left])
            scores += bias[left - 1]
            scores[:, entries[1:]] = -np.inf
            best, second = np.sort(scores, 1)[:, :-3:-1].T
            surest = np.argsort(second - best, kind="stable")[: -(-len(left) // AT_ONCE)]
            for row in surest:
                scores[row, entries[1:]] = -np.inf
                entries[left[row]] = scores[row].argmax()
            left = np.delete(left, surest)
        return entries[1:]

    def _expected(self, entries: NDArray[np.intp], hidden: Bools) -> F32 | None:
        """``(T, H, W, K)`` nats of the entries where pixels are hidden."""
        parts = (entries[self.shown], hidden, self.labels)
        tensors = (torch.from_numpy(part).to(self.loaded.device) for part in parts)
        told = self.loaded.model.expected_entries(*tensors)
        return None if told is None else np.maximum(told.cpu().numpy(), WORST)

    def bits(self, entries: NDArray[np.intp]) -> float:
        """Bits of the frames as they are read, or of each half of what is known given the other."""
        entries = np.insert(entries, 0, 0)
        pixels = entries[self.shown]
        found = known_of(self.loaded, pixels.astype(np.uint8), self.known, self.labels)
        if found is not None:
            return found.asked
        nats, even = 0.0, np.indices(pixels.shape).sum(0) % 2 == 0
        for half in (even, ~even):
            told = in_one_thread(partial(self._expected, entries, half | ~self.known))
            if told is not None:
                own = np.take_along_axis(told, pixels[..., None], -1)[..., 0]
                nats -= float(own[half & self.known].sum())
        return nats / math.log(2)


def _bias(palette: Palette, colors: Rgba, lightness: float) -> F32:
    """``(k, K)`` nats for each of ``(k, 4)`` colours to stand for an entry, seen nowhere."""
    own, entries = (to_oklab(table[:, :3])[:, 0] for table in (colors, palette.rgba))
    bias = -lightness * np.abs(own[:, None] - entries)
    bias[(colors[:, None] == palette.rgba).all(-1)] = SAME
    # Half-transparent entries stand for such colours alone.
    bias[colors[:, None, 3] != palette.rgba[:, 3]] += WORST
    bias[:, 0] = -np.inf
    return np.asarray(bias, np.float32)
