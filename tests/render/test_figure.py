"""Shades of figures."""

from __future__ import annotations

import numpy as np

from pxgen.render.figure import figure_palette, shades


def test_shades_are_symmetric_and_end_at_the_deepest() -> None:
    levels = shades(np.array([-9.0, -1.0, 0.0, 1.0, 9.0], np.float32), 1.0).tolist()
    assert levels[0] == levels[1]
    assert levels[3] == levels[4]
    assert levels[2] - levels[1] == levels[3] - levels[2]
    assert max(levels) < len(figure_palette())
