"""Finding the nearest sprite among many."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pxgen.data.neighbours import Crowd
from tests.support.tiny import labelled


def test_distances_count_more_pixels_than_a_byte(tmp_path: Path) -> None:
    pixels = np.zeros((3, 1, 40, 40), np.uint8)
    pixels[1], pixels[2, 0, :20] = 1, 1
    data = labelled(tmp_path, pixels, np.zeros((3, 1), np.uint8), np.zeros(3))
    crowd = Crowd(data, data.train[:1])
    assert crowd.distances(pixels).tolist() == [0, 1600, 800]
    assert crowd.holds(pixels).tolist() == [True, False, False]
