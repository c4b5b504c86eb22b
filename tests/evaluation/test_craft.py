"""Craft: colours and stray pixels."""

from __future__ import annotations

import numpy as np
import pytest

from pxgen.evaluation.craft import Craft, stray
from pxgen.evaluation.measure import Drawn


def test_stray_pixels_have_no_neighbour_of_their_colour() -> None:
    sprite = np.zeros((1, 1, 4, 5), np.uint8)
    sprite[0, 0, 1:3, 1:3] = 1
    sprite[0, 0, 0, 4] = 2
    sprite[0, 0, 3, 3] = 3
    assert np.argwhere(stray(sprite)[0, 0]).tolist() == [[0, 4], [3, 3]]
    figures = Craft(None).of(Drawn(sprite, np.array([-1])))
    assert figures == {"colors": 3.0, "stray": pytest.approx(2 / 6)}
