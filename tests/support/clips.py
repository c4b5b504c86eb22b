"""Clips whose frames differ."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from pxgen.palette import Palette


def random_clip(seed: int, entries: int, frames: int):
    """Frames that differ, on a palette with translucent colours."""
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 256, (entries, 4), dtype=np.uint8)
    table[0] = 0
    height, width = rng.integers(2, 14, 2)
    clip = rng.integers(0, entries, (frames, height, width), dtype=np.uint8)
    clip[:, 0, 0] = np.arange(frames) % entries
    table[1:, 3] |= 1
    return clip, Palette(table)


clips = st.builds(random_clip, st.integers(0, 2**32 - 1), st.integers(2, 256), st.integers(1, 5))
