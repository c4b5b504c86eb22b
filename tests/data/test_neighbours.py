"""Nearest neighbours by Hamming distance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pxgen.data import neighbours
from pxgen.data.neighbours import SpriteIndex
from tests.support.tiny import labelled


def test_distances_count_more_pixels_than_a_byte(tmp_path: Path) -> None:
    pixels = np.zeros((3, 1, 40, 40), np.uint8)
    pixels[1], pixels[2, 0, :20] = 1, 1
    data = labelled(tmp_path, pixels, np.zeros((3, 1), np.uint8), np.zeros(3))
    crowd = SpriteIndex(data, data.train[:1])
    assert crowd.distances(pixels).tolist() == [0, 1600, 800]
    assert crowd.holds(pixels).tolist() == [True, False, False]


def test_the_nearest_is_found_across_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "CHUNK", 3)
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 5, (10, 2, 3, 4)).astype(np.uint8)
    data = labelled(tmp_path, pixels, np.zeros((10, 1), np.uint8), np.arange(10) % 4 == 3)
    crowd = SpriteIndex(data, data.train)
    asked = generator.integers(0, 5, (6, 2, 3, 4)).astype(np.uint8)
    gaps = (asked[:, None] != pixels[data.train]).sum((2, 3, 4))
    distances, places = crowd.nearest(asked)
    assert distances.tolist() == gaps.min(1).tolist()
    # Of equally near ones the first.
    assert places.tolist() == data.train[gaps.argmin(1)].tolist()
    assert crowd.holds(pixels).tolist() == (data.split == 0).tolist()
    assert len(crowd) == len(data.train)
